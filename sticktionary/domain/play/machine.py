"""The searcher plays retriever too, for comparison. What it finds is a fact beside people's: no proof, no pay."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from sticktionary.domain.events import announce
from sticktionary.domain.play.outcome import words_of
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Retrieval


@dataclass(frozen=True)
class Guess:
    """Work for a search thread: to rank a retrieval's candidates by its queries. Touches no database."""

    retrieval_id: int
    round_id: int
    language: str
    texts: tuple[str, ...]
    candidates: tuple[int, ...]
    target: int

    def rank(self) -> int:
        """The place of the target, counted from 1."""
        ranked = catalogue_search.rank_among(self.texts, self.candidates)
        return ranked.index(self.target) + 1 if self.target in ranked else len(self.candidates)


def guess_for(retrieval: Retrieval) -> Guess | None:
    """None where there is nothing to find."""
    if retrieval.target_absent:
        return None
    texts = tuple(words_of(retrieval.round_id))
    round_ = retrieval.round
    return Guess(retrieval.pk, round_.pk, round_.language, texts, tuple(retrieval.candidates), round_.sticker_id)


@transaction.atomic
def record_guess(*, retrieval_id: int, rank: int, tell: int) -> None:
    """Keep the machine's place and tell the player who is looking at the page it appears on."""
    if Retrieval.objects.filter(pk=retrieval_id, machine_rank=None).update(machine_rank=rank):
        announce(tell)

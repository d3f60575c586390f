"""Words alone: what was said last is searched among the words known of stickers. Always there, without a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from retrieval_engine.dialogue.data.conversations import Use
from retrieval_engine.dialogue.inference.replying import Answer, Note, Reply
from retrieval_engine.searcher import Searcher
from sticktionary.domain.lab.registry import WORDS_ONLY

N_TURNS = 6  # that are searched together where the last one says nothing that is known
WIDER = "No sticker has a word of what was said last: the last turns were searched together."


class LastWords:
    """BM25 over the words of the catalogue, as live search has them, with the last words as the query."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    @property
    def name(self) -> str:
        return WORDS_ONLY

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """As a `Replier` does; `query` is what was searched for."""
        return [self._answer(use, k, allow) for use in asked]

    def _answer(self, use: Use, k: int, allow: Collection[int] | None) -> Answer:
        for query, notes in _queries(use):
            if hits := self._searcher.search(query, k, mode="lexical", allow=allow):
                return Answer(tuple(Reply(hit.id, hit.score) for hit in hits), query=query, notes=notes)
        return Answer((), query=use.last_words, notes=(Note.NO_WORD,))


def _queries(use: Use) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield use.last_words, ()
    yield " ".join(turn.text for turn in use.turns(N_TURNS) if turn.text), (WIDER,)

"""What of each round belongs to a release, as it may be published, with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from retrieval_engine.text import normalise
from sticktionary.domain.releases import proof
from sticktionary.domain.releases.play import Chunk, QueryRow, RetrievalRow, RoundRow
from sticktionary.domain.releases.proof import Proof
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.selection import Answer, Standing, Status, status_of


class Kept(NamedTuple):
    """A query that is in, as it may be published."""

    row: QueryRow
    status: Status
    text: str
    normalised: str
    typed: str | None  # where the spelling was mended: as it was


@dataclass
class Taken:
    """A round with what of it is in."""

    row: RoundRow
    queries: list[Kept]
    looked_up: list[RetrievalRow]
    answers: list[Answer]  # of these, the ones that count
    proof: Proof


class Sieve:
    def __init__(self, scope: Scope, standing: Standing, gave_away: Mapping[int, int | None]) -> None:
        self._scope, self._standing, self._gave_away = scope, standing, gave_away

    def rounds(self, chunk: Chunk) -> list[Taken]:
        """The rounds of which something is in, in their order."""
        taken = [round_ for row in chunk.rounds if (round_ := self._taken(row, chunk)) is not None]
        looked_up = [round_ for round_ in taken if round_.answers]
        for round_, chance in zip(looked_up, proof.chances([round_.answers for round_ in looked_up]), strict=True):
            round_.proof = replace(round_.proof, chance=chance)
        return taken

    def _taken(self, row: RoundRow, chunk: Chunk) -> Taken | None:
        """The round with what of it belongs to the release, or None where nothing does."""
        out = self._standing.players
        if row.sticker_id not in self._scope.names or row.labeler_id in out:
            return None
        if self.weight_of(row.labeler_id) < self._scope.rules.least_weight:
            return None
        looked_up = [
            held
            for held in chunk.retrievals.get(row.id, ())
            if held.player_id not in out and held.id not in self._standing.answers
        ]
        answers = [self._answer(held) for held in looked_up if counts(held, row)]
        counted = proof.count(answers)
        queries = list(self._kept(row, chunk.queries.get(row.id, ()), counted.n_found))
        return Taken(row, queries, looked_up, answers, counted) if queries else None

    def _kept(self, row: RoundRow, queries: Sequence[QueryRow], n_found: int) -> Iterator[Kept]:
        for query in queries:
            verdict, mended, normalised = self._standing.rulings.get(query.id, (None, "", ""))
            status = status_of(self._scope.rules, row.source, n_found, verdict)
            if status is None or query.id in self._standing.queries:
                continue
            text = mended or query.text
            cleaned = self._scope.clean("query", query.id, text)
            if cleaned == text:
                yield Kept(query, status, text, normalised or query.normalised, query.text if mended else None)
            elif cleaned:
                yield Kept(query, status, cleaned, normalise(cleaned), None)

    def gave_away(self, row: RetrievalRow) -> int | None:
        return self._gave_away.get(row.id, row.gave_away_id)

    def weight_of(self, player_id: int | None) -> float:
        return self._standing.finders.weight_of(player_id)

    def _answer(self, row: RetrievalRow) -> Answer:
        finders = self._standing.finders
        return Answer(
            row.id,
            row.player_id,
            row.rank,
            row.none_of_these,
            row.picks.count(",") + 1 if len(row.picks) > 2 else 0,
            row.candidates.count(",") + 1,
            self.gave_away(row),
            row.machine_rank,
            finders.weight_of(row.player_id),
            finders.skill_of(row.player_id),
        )


def counts(row: RetrievalRow, round_: RoundRow) -> bool:
    """Whether a retrieval is proof: made by somebody else, with the sticker there, its answer not known before."""
    is_own = row.player_id is not None and row.player_id == round_.labeler_id
    return not (row.target_absent or row.is_gold or is_own)

"""The tables that play fills: queries with their proof, pairs for training, retrievals, and the published lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa

from retrieval_engine.text import normalise
from sticktionary.domain.releases import proof
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.play import Chunk, QueryRow, RetrievalRow, RoundRow
from sticktionary.domain.releases.proof import Proof
from sticktionary.domain.releases.rows import (
    QUERY_SCHEMA,
    AnswerRow,
    PairRow,
    QueryHalf,
    RoundHalf,
    schema_of,
)
from sticktionary.domain.releases.rows import RetrievalRow as RetrievalLine
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.selection import Answer, Standing, Status, status_of
from sticktionary.domain.releases.splits import PARTS
from sticktionary.domain.releases.tables import Lines, Parquet, batch_of, encode

ids_in = msgspec.json.Decoder(list[int]).decode
codes_in = msgspec.json.Decoder(list[str]).decode


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


@dataclass
class Batch:
    """Rows of one side of the split out of one chunk."""

    queries: list[QueryHalf] = field(default_factory=list)
    of_round: list[int] = field(default_factory=list)  # the place of each query's round among the chunk's
    lines: list[bytes] = field(default_factory=list)


class Played:
    """Takes the play chunk by chunk and writes it into every table it belongs to."""

    def __init__(self, folder: Path, scope: Scope, standing: Standing, gave_away: Mapping[int, int | None]) -> None:
        self._scope, self._standing, self._gave_away = scope, standing, gave_away
        self._queries = {part: Parquet(folder, f"queries/{part}.parquet", QUERY_SCHEMA) for part in PARTS}
        self._lines = {part: Lines(folder, f"queries/{part}.jsonl", QUERY_SCHEMA) for part in PARTS}
        self._pairs = {part: Parquet(folder, f"pairs/{part}.parquet", schema_of(PairRow)) for part in PARTS}
        self._retrievals = Parquet(folder, "retrievals.parquet", schema_of(RetrievalLine))
        self._retrieval_lines = Lines(folder, "retrievals.jsonl", schema_of(RetrievalLine))
        self.lists = Lists()
        self.counts: Counter[str] = Counter()
        self.labelers, self.retrievers = set[int](), set[int]()

    def take(self, chunk: Chunk) -> None:
        taken = [round_ for row in chunk.rounds if (round_ := self._taken(row, chunk)) is not None]
        looked_up = [round_ for round_ in taken if round_.answers]
        for round_, chance in zip(looked_up, proof.chances([round_.answers for round_ in looked_up]), strict=True):
            round_.proof = replace(round_.proof, chance=chance)
        self._write(taken)

    def close(self, folder: Path) -> list[File]:
        tables: list[Parquet | Lines] = [*self._queries.values(), *self._lines.values(), *self._pairs.values()]
        files = [table.close() for table in (*tables, self._retrievals, self._retrieval_lines)]
        return files + self.lists.write(folder, self._scope.names, self._scope.rules.languages)

    # --- what is in ---

    def _taken(self, row: RoundRow, chunk: Chunk) -> Taken | None:
        """The round with what of it belongs to the release, or None where nothing does."""
        out = self._standing.players
        if row.sticker_id not in self._scope.names or row.labeler_id in out:
            return None
        if self._weight_of(row.labeler_id) < self._scope.rules.least_weight:
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

    def _weight_of(self, player_id: int | None) -> float:
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
            self._gave_away.get(row.id, row.gave_away_id),
            row.machine_rank,
            finders.weight_of(row.player_id),
            finders.skill_of(row.player_id),
        )

    # --- its rows ---

    def _half(self, taken: Taken) -> RoundHalf:
        row, pseudonym, chance = taken.row, self._scope.pseudonym, taken.proof.chance
        return RoundHalf(
            row.id,
            self._scope.names[row.sticker_id],
            row.language,
            self._scope.parts[row.sticker_id],
            row.source,
            pseudonym(row.labeler_id),
            self._weight_of(row.labeler_id),
            taken.proof.n_retrievers,
            taken.proof.n_found,
            taken.proof.best_rank,
            chance[0],
            chance[1],
            chance[2],
            row.results_hidden,
            row.model_version,
            [self._answer_row(answer) for answer in taken.answers],
        )

    def _answer_row(self, answer: Answer) -> AnswerRow:
        return AnswerRow(
            answer.retrieval_id,
            self._scope.pseudonym(answer.player_id),
            answer.weight,
            answer.rank,
            answer.none_of_these,
            answer.n_candidates,
            answer.gave_away,
            answer.machine_rank,
        )

    def _query(self, kept: Kept, taken: Taken) -> QueryHalf:
        query = kept.row
        return QueryHalf(
            1,
            query.id,
            kept.text,
            kept.normalised,
            kept.typed,
            kept.status.value,
            proof.belief(kept.status, taken.proof, self._weight_of(taken.row.labeler_id)),
            query.position,
            None if query.novelty is None else round(query.novelty, 6),
            codes_in(query.nudges) if len(query.nudges) > 2 else [],
            sum(answer.gave_away == query.id for answer in taken.answers),
        )

    def _retrieval(self, row: RetrievalRow, half: RoundHalf, taken: Taken) -> RetrievalLine:
        names = self._scope.names
        return RetrievalLine(
            1,
            row.id,
            half.round_id,
            half.sticker_id,
            half.language,
            half.split,
            self._scope.pseudonym(row.player_id),
            self._weight_of(row.player_id),
            [names.get(id) for id in ids_in(row.candidates)],
            [names.get(id) for id in ids_in(row.picks)],
            row.rank,
            row.none_of_these,
            row.target_absent,
            row.is_gold,
            counts(row, taken.row),
            self._gave_away.get(row.id, row.gave_away_id),
            row.machine_rank,
        )

    # --- writing ---

    def _write(self, taken: Sequence[Taken]) -> None:
        halves = [self._half(round_) for round_ in taken]
        retrievals = [
            self._retrieval(row, half, round_)
            for round_, half in zip(taken, halves, strict=True)
            for row in round_.looked_up
        ]
        self._retrieval_lines.write([encode(row) for row in retrievals])
        self._retrievals.write(batch_of(retrievals, schema_of(RetrievalLine)))
        self._write_queries(taken, halves)
        self.counts["n_retrievals"] += len(retrievals)

    def _write_queries(self, taken: Sequence[Taken], halves: Sequence[RoundHalf]) -> None:
        batches = {part: Batch() for part in PARTS}
        for place, (round_, half) in enumerate(zip(taken, halves, strict=True)):
            batch, rest = batches[half.split], encode(half)[1:]
            for kept in round_.queries:
                query = self._query(kept, round_)
                batch.queries.append(query)
                batch.of_round.append(place)
                batch.lines.append(encode(query)[:-1] + b"," + rest)
                self.lists.add(round_.row.sticker_id, half.language, half.source, kept.text, kept.normalised)
                self.counts[f"n_{kept.status}"] += 1
            self._count(round_, half)
        rounds = batch_of(halves, schema_of(RoundHalf))
        for part, batch in batches.items():
            if batch.queries:
                self._write_part(part, batch, rounds)

    def _write_part(self, part: str, batch: Batch, rounds: pa.RecordBatch) -> None:
        own = batch_of(batch.queries, schema_of(QueryHalf))
        columns = own.columns + rounds.take(pa.array(batch.of_round, pa.int64())).columns
        whole = pa.RecordBatch.from_arrays(columns, schema=QUERY_SCHEMA)
        self._queries[part].write(whole)
        self._pairs[part].write(whole.select(schema_of(PairRow).names))
        self._lines[part].write(batch.lines)

    def _count(self, taken: Taken, half: RoundHalf) -> None:
        n_queries = len(taken.queries)
        self.counts["n_rounds"] += 1
        self.counts["n_queries"] += n_queries
        self.counts[f"n_queries_{half.language}"] += n_queries
        self.counts[f"n_{half.split}"] += n_queries
        if taken.row.labeler_id is not None:
            self.labelers.add(taken.row.labeler_id)
        self.retrievers.update(row.player_id for row in taken.looked_up if row.player_id is not None)


def counts(row: RetrievalRow, round_: RoundRow) -> bool:
    """Whether a retrieval is proof: made by somebody else, with the sticker there, its answer not known before."""
    is_own = row.player_id is not None and row.player_id == round_.labeler_id
    return not (row.target_absent or row.is_gold or is_own)

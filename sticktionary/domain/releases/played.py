"""The tables that play fills: queries with their proof, pairs for training, retrievals, and the published lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa

from sticktionary.domain.releases import proof
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.gathering import Gathered
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.play import Chunk, RetrievalRow
from sticktionary.domain.releases.rows import (
    QUERY_SCHEMA,
    AnswerRow,
    PairRow,
    QueryHalf,
    RoundHalf,
    schema_of,
)
from sticktionary.domain.releases.rows import RetrievalRow as RetrievalLine
from sticktionary.domain.releases.selection import Answer
from sticktionary.domain.releases.sieve import Kept, Taken, counts
from sticktionary.domain.releases.splits import PARTS
from sticktionary.domain.releases.tables import Lines, Parquet, batch_of, encode

ids_in = msgspec.json.Decoder(list[int]).decode
codes_in = msgspec.json.Decoder(list[str]).decode


@dataclass
class Batch:
    """Rows of one side of the split out of one chunk."""

    queries: list[QueryHalf] = field(default_factory=list)
    of_round: list[int] = field(default_factory=list)  # the place of each query's round among the chunk's
    lines: list[bytes] = field(default_factory=list)


class Played:
    """Takes the play chunk by chunk and writes it into every table it belongs to."""

    def __init__(self, folder: Path, gathered: Gathered) -> None:
        self._scope, self._sieve = gathered.scope, gathered.sieve()
        self._queries = {part: Parquet(folder, f"queries/{part}.parquet", QUERY_SCHEMA) for part in PARTS}
        self._lines = {part: Lines(folder, f"queries/{part}.jsonl", QUERY_SCHEMA) for part in PARTS}
        self._pairs = {part: Parquet(folder, f"pairs/{part}.parquet", schema_of(PairRow)) for part in PARTS}
        self._retrievals = Parquet(folder, "retrievals.parquet", schema_of(RetrievalLine))
        self._retrieval_lines = Lines(folder, "retrievals.jsonl", schema_of(RetrievalLine))
        self.lists = Lists()
        self.counts: Counter[str] = Counter()
        self.labelers, self.retrievers = set[int](), set[int]()

    def take(self, chunk: Chunk) -> None:
        self._write(self._sieve.rounds(chunk))

    def close(self, folder: Path) -> list[File]:
        tables: list[Parquet | Lines] = [*self._queries.values(), *self._lines.values(), *self._pairs.values()]
        files = [table.close() for table in (*tables, self._retrievals, self._retrieval_lines)]
        return files + self.lists.write(folder, self._scope.names, self._scope.rules.languages)

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
            self._sieve.weight_of(row.labeler_id),
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
            proof.belief(kept.status, taken.proof, self._sieve.weight_of(taken.row.labeler_id)),
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
            self._sieve.weight_of(row.player_id),
            [names.get(id) for id in ids_in(row.candidates)],
            [names.get(id) for id in ids_in(row.picks)],
            row.rank,
            row.none_of_these,
            row.target_absent,
            row.is_gold,
            counts(row, taken.row),
            self._sieve.gave_away(row),
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

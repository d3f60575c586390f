"""The tables that play fills: queries with their proof, pairs for training, retrievals, and the published lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa

from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.play import Chunk, QueryRow, RetrievalRow, RoundRow
from sticktionary.domain.releases.proof import Proof, belief, proof_of
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
        rounds: list[RoundHalf] = []
        batches = {part: Batch() for part in PARTS}
        retrievals: list[RetrievalLine] = []
        for row in chunk.rounds:
            name = self._scope.names.get(row.sticker_id)
            if name is None or row.labeler_id in self._standing.players:
                continue
            looked_up = [held for held in chunk.retrievals.get(row.id, ()) if self._may_be_in(held)]
            half = self._take_round(row, name, chunk.queries.get(row.id, ()), looked_up, batches, len(rounds))
            if half is not None:
                rounds.append(half)
                retrievals += [self._retrieval(held, half, row) for held in looked_up]
        self._write(rounds, batches, retrievals)

    def close(self, folder: Path) -> list[File]:
        tables = [*self._queries.values(), *self._lines.values(), *self._pairs.values()]
        files = [table.close() for table in (*tables, self._retrievals, self._retrieval_lines)]
        return files + self.lists.write(folder, self._scope.names, self._scope.rules.languages)

    # --- a round ---

    def _may_be_in(self, row: RetrievalRow) -> bool:
        return row.player_id not in self._standing.players and row.id not in self._standing.answers

    def _take_round(
        self,
        row: RoundRow,
        name: str,
        queries: Sequence[QueryRow],
        looked_up: Sequence[RetrievalRow],
        batches: Mapping[str, Batch],
        place: int,
    ) -> RoundHalf | None:
        answers = [self._answer(held) for held in looked_up if counts(held, row)]
        proof = proof_of(answers)
        kept = list(self._kept(row, queries, answers, proof))
        if not kept:
            return None
        half = self._half(row, name, answers, proof)
        rest = encode(half)[1:]
        batch = batches[half.split]
        for query in kept:
            batch.queries.append(query)
            batch.of_round.append(place)
            batch.lines.append(encode(query)[:-1] + b"," + rest)
            self.lists.add(row.sticker_id, row.language, row.source, query.query, query.normalised)
            self.counts[f"n_{query.status}"] += 1
        self._count(row, half, looked_up, len(kept))
        return half

    def _count(self, row: RoundRow, half: RoundHalf, looked_up: Sequence[RetrievalRow], n_queries: int) -> None:
        self.counts["n_rounds"] += 1
        self.counts["n_queries"] += n_queries
        self.counts[f"n_queries_{row.language}"] += n_queries
        self.counts[f"n_{half.split}"] += n_queries
        if row.labeler_id is not None:
            self.labelers.add(row.labeler_id)
        self.retrievers.update(held.player_id for held in looked_up if held.player_id is not None)

    def _answer(self, row: RetrievalRow) -> Answer:
        gave_away = self._gave_away.get(row.id, row.gave_away_id)
        weight = self._standing.weight_of(row.player_id)
        n_candidates = row.candidates.count(",") + 1
        return Answer(
            row.id, row.player_id, row.rank, row.none_of_these, n_candidates, gave_away, row.machine_rank, weight
        )

    def _half(self, row: RoundRow, name: str, answers: Sequence[Answer], proof: Proof) -> RoundHalf:
        pseudonym = self._scope.pseudonym
        return RoundHalf(
            row.id,
            name,
            row.language,
            self._scope.parts[row.sticker_id],
            row.source,
            pseudonym(row.labeler_id),
            self._standing.weight_of(row.labeler_id),
            proof.n_retrievers,
            proof.n_found,
            proof.best_rank,
            proof.p_find,
            proof.p_find_low,
            proof.p_find_high,
            row.results_hidden,
            row.model_version,
            [
                AnswerRow(
                    answer.retrieval_id,
                    pseudonym(answer.player_id),
                    answer.weight,
                    answer.rank,
                    answer.none_of_these,
                    answer.n_candidates,
                    answer.gave_away,
                    answer.machine_rank,
                )
                for answer in answers
            ],
        )

    # --- its queries ---

    def _kept(
        self, row: RoundRow, queries: Sequence[QueryRow], answers: Sequence[Answer], proof: Proof
    ) -> Iterator[QueryHalf]:
        labeler_weight = self._standing.weight_of(row.labeler_id)
        if labeler_weight < self._scope.rules.least_weight:
            return
        for query in queries:
            said = self._standing.rulings.get(query.id)
            status = status_of(self._scope.rules, row.source, proof.n_found, said[0] if said else None)
            if status is not None and query.id not in self._standing.queries:
                half = self._query(query, status, said[1:] if said else ("", ""), answers, proof, labeler_weight)
                if half is not None:
                    yield half

    def _query(
        self,
        query: QueryRow,
        status: Status,
        mended: tuple[str, str],
        answers: Sequence[Answer],
        proof: Proof,
        labeler_weight: float,
    ) -> QueryHalf | None:
        text, normalised = mended if mended[0] else (query.text, query.normalised)
        cleaned = self._scope.clean("query", query.id, text)
        if not cleaned:
            return None
        is_masked = cleaned != text
        return QueryHalf(
            1,
            query.id,
            cleaned,
            cleaned.casefold() if is_masked else normalised,
            query.text if mended[0] and not is_masked else None,
            status.value,
            belief(status, proof, labeler_weight),
            query.position,
            None if query.novelty is None else round(query.novelty, 6),
            codes_in(query.nudges) if len(query.nudges) > 2 else [],
            sum(answer.gave_away == query.id for answer in answers),
        )

    # --- a retrieval ---

    def _retrieval(self, row: RetrievalRow, half: RoundHalf, round_: RoundRow) -> RetrievalLine:
        names = self._scope.names
        return RetrievalLine(
            1,
            row.id,
            half.round_id,
            half.sticker_id,
            half.language,
            half.split,
            self._scope.pseudonym(row.player_id),
            self._standing.weight_of(row.player_id),
            [names.get(id) for id in ids_in(row.candidates)],
            [names.get(id) for id in ids_in(row.picks)],
            row.rank,
            row.none_of_these,
            row.target_absent,
            row.is_gold,
            counts(row, round_),
            self._gave_away.get(row.id, row.gave_away_id),
            row.machine_rank,
        )

    # --- writing ---

    def _write(
        self, rounds: Sequence[RoundHalf], batches: Mapping[str, Batch], retrievals: Sequence[RetrievalLine]
    ) -> None:
        self.counts["n_retrievals"] += len(retrievals)
        self._retrieval_lines.write([encode(row) for row in retrievals])
        self._retrievals.write(batch_of(retrievals, schema_of(RetrievalLine)))
        halves = batch_of(rounds, schema_of(RoundHalf))
        for part, batch in batches.items():
            if batch.queries:
                own = batch_of(batch.queries, schema_of(QueryHalf))
                rows = own.columns + halves.take(pa.array(batch.of_round, pa.int64())).columns
                whole = pa.RecordBatch.from_arrays(rows, schema=QUERY_SCHEMA)
                self._queries[part].write(whole)
                self._pairs[part].write(whole.select(schema_of(PairRow).names))
                self._lines[part].write(batch.lines)


def counts(row: RetrievalRow, round_: RoundRow) -> bool:
    """Whether a retrieval is proof: made by somebody else, with the sticker there, its answer not known before."""
    is_own = row.player_id is not None and row.player_id == round_.labeler_id
    return not (row.target_absent or row.is_gold or is_own)

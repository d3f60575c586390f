"""What play gives to a release: queries with their proof, pairs for training, retrievals, and the published lists.

A chunk of play stays columns from the database to the files.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sticktionary.domain.releases import proof
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.by_number import ByNumber, each_once
from sticktionary.domain.releases.gathering import Gathered
from sticktionary.domain.releases.lists import Lists
from sticktionary.domain.releases.play import Chunk
from sticktionary.domain.releases.play_tables import PlayTables
from sticktionary.domain.releases.rows import AnswerRow, QueryHalf, RetrievalRow, RoundHalf, schema_of
from sticktionary.domain.releases.sieve import Taken

codes_in = msgspec.json.Decoder(list[str]).decode
NOVELTY_PLACES = 6


class Played:
    """Takes the play chunk by chunk and writes it into every table it belongs to."""

    def __init__(self, folder: Path, gathered: Gathered) -> None:
        self._scope, self._finders, self._sieve = gathered.scope, gathered.standing.finders, gathered.sieve()
        self._names = ByNumber(gathered.scope.names, pa.string())
        self._parts = ByNumber(gathered.scope.parts, pa.string())
        self._tables, self._beside = PlayTables(folder), ThreadPoolExecutor(1, "played")
        self._before: Future[None] | None = None
        self.lists, self.counts = Lists(), Counter[str]()
        self.labelers, self.retrievers = set[int](), set[int]()

    def __enter__(self) -> Played:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._beside.shutdown(cancel_futures=True)
        self._tables.leave()

    def take(self, chunk: Chunk) -> None:
        """In a thread, so that the next one can be read meanwhile; what goes wrong is told then."""
        self._wait()
        self._before = self._beside.submit(self._take, chunk)

    def _wait(self) -> None:
        if self._before:
            self._before.result()

    def _take(self, chunk: Chunk) -> None:
        taken = self._sieve.taken(chunk)
        rounds = self._rounds(taken)
        self._tables.write(self._queries(taken, rounds), rounds, taken.queries["place"], self._lookups(taken, rounds))
        self.lists.take(taken)
        self._count(taken, rounds)

    def close(self, folder: Path) -> list[File]:
        self._wait()
        closing = self._tables.close()
        lists = self.lists.write(folder, self._scope.names, self._scope.rules.languages)
        return [*closing(), *lists]

    # --- its rows ---

    def _rounds(self, taken: Taken) -> pa.RecordBatch:
        rounds, proved = taken.rounds, taken.proof
        chances = proof.chances(taken.lookups, len(rounds), self._finders)
        own = {
            "round_id": rounds["id"],
            "sticker_id": self._names.of(rounds["sticker_id"]),
            "split": self._parts.of(rounds["sticker_id"]),
            "labeler": self._pseudonyms(rounds["labeler_id"]),
            "labeler_weight": self._sieve.weights_of(rounds["labeler_id"]),
            "n_retrievers": pa.array(proved.n_retrievers),
            "n_found": pa.array(proved.n_found),
            "best_rank": pa.array(proved.best_rank),
            "p_find": pa.array(chances.p, from_pandas=True),
            "p_find_low": pa.array(chances.low, from_pandas=True),
            "p_find_high": pa.array(chances.high, from_pandas=True),
            "retrievals": self._answers(taken),
        }
        return _batch(schema_of(RoundHalf), rounds, own)

    def _answers(self, taken: Taken) -> pa.ListArray:
        """The lookups of each round that count."""
        answers = taken.lookups.filter(taken.lookups["counts"])
        own = {"n_candidates": pc.cast(pc.list_value_length(answers["candidates"]), pa.int64())}
        rows = _batch(schema_of(AnswerRow), answers, self._of_retriever(answers) | own)
        ends = np.cumsum(taken.proof.n_retrievers)
        return pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), rows.to_struct_array())

    def _of_retriever(self, lookups: pa.RecordBatch) -> dict[str, pa.Array]:
        return {
            "retrieval_id": lookups["id"],
            "retriever": self._pseudonyms(lookups["player_id"]),
            "retriever_weight": self._sieve.weights_of(lookups["player_id"]),
            "gave_away": lookups["gave_away_id"],
            "machine_rank": lookups["settled"],
        }

    def _queries(self, taken: Taken, rounds: pa.RecordBatch) -> pa.RecordBatch:
        held, place = taken.queries, taken.queries["place"]
        chance, weight = (rounds[name].take(place).to_numpy(False) for name in ("p_find", "labeler_weight"))
        novelty = np.round(held["novelty"].to_numpy(False), NOVELTY_PLACES)
        own = {
            "v": pa.repeat(1, len(held)),
            "query_id": held["id"],
            "query": held["text"],
            "weight": pa.array(proof.belief(held["status"], chance, weight)),
            "novelty": pa.array(novelty, from_pandas=True),
            "nudges": each_once(held["raw_nudges"], codes_in, pa.list_(pa.string())),
            "n_gave_away": _n_gave_away(taken),
        }
        return _batch(schema_of(QueryHalf), held, own)

    def _lookups(self, taken: Taken, rounds: pa.RecordBatch) -> pa.RecordBatch:
        held, place = taken.lookups, taken.lookups["place"]
        of_round = {name: rounds[name].take(place) for name in ("round_id", "sticker_id", "language", "split")}
        own = {
            "v": pa.repeat(1, len(held)),
            "candidates": self._named(held["candidates"]),
            "picks": self._named(held["picks"]),
        }
        return _batch(schema_of(RetrievalRow), held, of_round | self._of_retriever(held) | own)

    def _named(self, stickers: pa.ListArray) -> pa.ListArray:
        return pa.ListArray.from_arrays(stickers.offsets, self._names.of(stickers.values))

    def _pseudonyms(self, players: pa.Array) -> pa.Array:
        return each_once(players, self._scope.pseudonym, pa.string())

    # --- counting ---

    def _count(self, taken: Taken, rounds: pa.RecordBatch) -> None:
        place = taken.queries["place"]
        self.counts["n_rounds"] += len(rounds)
        self.counts["n_queries"] += len(place)
        self.counts["n_retrievals"] += len(taken.lookups)
        kinds = {"n_queries_": rounds["language"].take(place), "n_": rounds["split"].take(place)}
        for before, column in (*kinds.items(), ("n_", taken.queries["status"])):
            for value in pc.value_counts(column).to_pylist():
                self.counts[before + value["values"]] += value["counts"]
        self.labelers.update(taken.rounds["labeler_id"].unique().drop_null().to_pylist())
        self.retrievers.update(taken.lookups["player_id"].unique().drop_null().to_pylist())


def _n_gave_away(taken: Taken) -> pa.Array:
    """Of each query: how many of the answers that count say that it led there."""
    answers, queries = taken.lookups.filter(taken.lookups["counts"]), taken.queries
    led = pc.index_in(answers["gave_away_id"], queries["id"])
    is_of_round = pc.equal(queries["place"].take(led), answers["place"])
    named = led.filter(pc.fill_null(is_of_round, False)).to_numpy()
    return pa.array(np.bincount(named, minlength=len(queries)))


def _batch(schema: pa.Schema, held: pa.RecordBatch, own: dict[str, pa.Array]) -> pa.RecordBatch:
    """Rows of a table: these columns, and those of what is held that are called the same there."""
    columns = [own[name] if name in own else held[name] for name in schema.names]
    return pa.RecordBatch.from_arrays(
        [pc.cast(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema=schema
    )

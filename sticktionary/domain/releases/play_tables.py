"""The files of the tables that play fills. Encoding, compressing and hashing run in threads, beside the next chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.encoding import joined, objects
from sticktionary.domain.releases.rows import QUERY_SCHEMA, PairRow, RetrievalRow, schema_of
from sticktionary.domain.releases.splits import PARTS
from sticktionary.domain.releases.tables import Lines, Parquet, lines_of

THREADS = min(4, os.cpu_count() or 1)
Work = Callable[[], Any]


class PlayTables:
    """Each table has one piece of work a chunk, and the next chunk waits for all of them: so rows keep their order, at
    most two chunks are in memory, and what goes wrong is told at the next one."""

    def __init__(self, folder: Path) -> None:
        self._queries = {part: Parquet(folder, f"queries/{part}.parquet", QUERY_SCHEMA) for part in PARTS}
        self._lines = {part: Lines(folder, f"queries/{part}.jsonl", QUERY_SCHEMA) for part in PARTS}
        self._pairs = {part: Parquet(folder, f"pairs/{part}.parquet", schema_of(PairRow)) for part in PARTS}
        self._retrievals = Parquet(folder, "retrievals.parquet", schema_of(RetrievalRow))
        self._retrieval_lines = Lines(folder, "retrievals.jsonl", schema_of(RetrievalRow))
        self._threads = ThreadPoolExecutor(THREADS, "tables")
        self._under_way: list[Future[Any]] = []

    def write(self, queries: pa.RecordBatch, rounds: pa.RecordBatch, place: pa.Array, lookups: pa.RecordBatch) -> None:
        """Rows of a chunk; `place` is that of each query's round among the rounds."""
        work = [*self._of_queries(queries, rounds, place), *self._of_lookups(lookups)]
        self._wait()
        self._under_way = [self._threads.submit(each) for each in work]

    def close(self) -> Callable[[], list[File]]:
        """Have all tables closed; the answer waits until they are, and says what they are."""
        self._wait()
        tables: list[Parquet | Lines] = [*self._queries.values(), *self._lines.values(), *self._pairs.values()]
        tables += [self._retrievals, self._retrieval_lines]
        closing = [self._threads.submit(table.close) for table in tables]
        return lambda: [each.result() for each in closing]

    def leave(self) -> None:
        """Let no thread write any more, and give back the memory that Arrow keeps for its next arrays."""
        self._threads.shutdown(cancel_futures=True)
        self._under_way.clear()
        pa.default_memory_pool().release_unused()

    def _wait(self) -> None:
        for each in self._under_way:
            each.result()

    def _of_queries(self, queries: pa.RecordBatch, rounds: pa.RecordBatch, place: pa.Array) -> Iterator[Work]:
        parts, ends = rounds["split"].take(place), self._threads.submit(objects, rounds, opening=",", closing="}\n")
        for part in PARTS:
            is_here = pc.equal(parts, part)
            here, places = queries.filter(is_here), place.filter(is_here)
            if len(here):
                yield partial(self._write_lines, part, here, ends, places)
                yield partial(self._write_rows, part, here, rounds, places)

    def _write_lines(self, part: str, queries: pa.RecordBatch, ends: Future[pa.Array], place: pa.Array) -> None:
        self._lines[part].write(joined([objects(queries, closing=""), ends.result().take(place)]))

    def _write_rows(self, part: str, queries: pa.RecordBatch, rounds: pa.RecordBatch, place: pa.Array) -> None:
        whole = pa.RecordBatch.from_arrays(queries.columns + rounds.take(place).columns, schema=QUERY_SCHEMA)
        self._queries[part].write(whole)
        self._pairs[part].write(whole.select(schema_of(PairRow).names))

    def _of_lookups(self, lookups: pa.RecordBatch) -> Iterator[Work]:
        if len(lookups):
            yield lambda: self._retrieval_lines.write(lines_of(lookups))
            yield lambda: self._retrievals.write(lookups)

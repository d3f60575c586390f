"""Tables of a release as they grow, from Arrow columns: Parquet in row groups of an even size, and JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.encoding import bytes_of, objects
from sticktionary.domain.releases.files import Output
from sticktionary.domain.releases.rows import columns_of, schema_of

GROUP = 32_768  # rows

# Arrow's own allocator keeps what one chunk needed for the next one: more memory for a release, and no time won.
pa.set_memory_pool(pa.system_memory_pool())


class Parquet:
    """A Parquet file written a row group at a time; the same batches give the same bytes."""

    def __init__(self, folder: Path, path: str, schema: pa.Schema) -> None:
        self._out, self._schema = Output(folder, path), schema
        self._writer = pq.ParquetWriter(self._out, schema, compression="zstd", compression_level=3, version="2.6")
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._n_waiting += len(batch)
        if self._n_waiting >= GROUP:
            self._write_group()

    def _write_group(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(table, row_group_size=max(len(table), 1))
        self._out.n_rows += len(table)
        self._waiting, self._n_waiting = [], 0

    def close(self) -> File:
        if self._waiting:
            self._write_group()
        self._writer.close()
        self._out.close()
        return self._out.entry(columns_of(self._schema))


class Lines:
    """JSON lines, encoded by the column, each with its end of line."""

    def __init__(self, folder: Path, path: str, schema: pa.Schema) -> None:
        self._out, self._schema = Output(folder, path), schema

    def write(self, lines: pa.Array) -> None:
        self._out.write(bytes_of(lines))
        self._out.n_rows += len(lines)

    def close(self) -> File:
        self._out.close()
        return self._out.entry(columns_of(self._schema))


def batch_of(rows: Sequence[msgspec.Struct], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as columns, structs in them too."""
    columns = [_array(list(map(attrgetter(field.name), rows)), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays(batch_of(column, pa.schema(list(kind))).columns, fields=list(kind))
    return pa.array(column, kind)


def lines_of(batch: pa.RecordBatch) -> pa.Array:
    return objects(batch, closing="}\n")


def write_both(folder: Path, name: str, rows: Sequence[msgspec.Struct], row: type[msgspec.Struct]) -> list[File]:
    """A small table, as JSON lines and as Parquet."""
    table = Parquet(folder, f"{name}.parquet", schema_of(row))
    table.write(batch_of(rows, schema_of(row)))
    return [write_lines(folder, name, rows, row), table.close()]


def write_lines(folder: Path, name: str, rows: Iterable[msgspec.Struct], row: type[msgspec.Struct]) -> File:
    lines = Lines(folder, f"{name}.jsonl", schema_of(row))
    lines.write(lines_of(batch_of(list(rows), schema_of(row))))
    return lines.close()

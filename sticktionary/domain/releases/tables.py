"""Tables of a release as they grow: Parquet in row groups of an even size, JSON lines that are encoded already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.files import Output
from sticktionary.domain.releases.rows import columns_of, schema_of

GROUP = 65_536  # rows
encode = msgspec.json.Encoder().encode


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
    """JSON lines, each encoded already."""

    def __init__(self, folder: Path, path: str, schema: pa.Schema) -> None:
        self._out, self._schema = Output(folder, path), schema

    def write(self, lines: Sequence[bytes]) -> None:
        if lines:
            self._out.write(b"\n".join(lines) + b"\n")
            self._out.n_rows += len(lines)

    def close(self) -> File:
        self._out.close()
        return self._out.entry(columns_of(self._schema))


def batch_of(rows: Sequence[msgspec.Struct], schema: pa.Schema) -> pa.RecordBatch:
    """Column by column: turning tens of thousands of rows round at once runs out of the processor's cache."""
    columns = [list(map(attrgetter(name), rows)) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays(columns, schema), schema=schema)


def arrays(columns: Iterable[Sequence[Any]], schema: pa.Schema) -> list[pa.Array]:
    return [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Structs column by column: quicker than one dictionary for each."""
    if pa.types.is_struct(kind):
        inner = batch_of(column, pa.schema(list(kind)))
        return pa.StructArray.from_arrays(inner.columns, fields=list(kind))
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        offsets = [0]
        for held in column:
            offsets.append(offsets[-1] + len(held))
        flat = [each for held in column for each in held]
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), _array(flat, kind.value_type), type=kind)
    return pa.array(column, kind)


def write_both(folder: Path, name: str, rows: Sequence[msgspec.Struct], row: type[msgspec.Struct]) -> list[File]:
    """A small table, as JSON lines and as Parquet."""
    lines, table = Lines(folder, f"{name}.jsonl", schema_of(row)), Parquet(folder, f"{name}.parquet", schema_of(row))
    lines.write([encode(each) for each in rows])
    table.write(batch_of(rows, schema_of(row)))
    return [lines.close(), table.close()]


def write_lines(folder: Path, name: str, rows: Iterable[msgspec.Struct], row: type[msgspec.Struct]) -> File:
    lines = Lines(folder, f"{name}.jsonl", schema_of(row))
    lines.write([encode(each) for each in rows])
    return lines.close()

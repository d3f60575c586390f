"""Rows of the database as Arrow columns: by COPY where it is PostgreSQL, row by row elsewhere; the same columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import QuerySet
from pyarrow import csv


def read(rows: QuerySet[Any, Any], columns: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    """The rows of a `values_list` of these columns, in its order."""
    if connection.vendor == "postgresql":
        return _parsed(_copied(rows), columns)
    held = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [pa.array(values, kind) for values, kind in zip(held, columns.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _copied(rows: QuerySet[Any, Any]) -> bytes:
    statement, values = rows.query.sql_with_params()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", values) as copy:
        return b"".join(copy)


def _parsed(lines: bytes, columns: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    schema = pa.schema(list(columns.items()))
    if not lines:
        return pa.RecordBatch.from_pylist([], schema)
    table = csv.read_csv(
        pa.BufferReader(lines),
        csv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=schema.names),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=schema,
            true_values=["t"],
            false_values=["f"],
            null_values=[""],  # PostgreSQL quotes the text of no length, and leaves out what is none
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return table.combine_chunks().to_batches()[0]


def lists_in(texts: pa.Array) -> pa.ListArray:
    """Lists of whole numbers, out of their JSON."""
    inner = pc.utf8_slice_codeunits(pc.replace_substring(texts, " ", ""), 1, -1)
    parts = pc.split_pattern(inner, ",")
    lengths = pc.if_else(pc.equal(inner, ""), 0, pc.list_value_length(parts))
    values = parts.flatten()
    numbers = pc.cast(values.filter(pc.not_equal(values, "")), pa.int64())
    return pa.ListArray.from_arrays(pa.array(np.cumsum(np.append(0, lengths)), pa.int32()), numbers)

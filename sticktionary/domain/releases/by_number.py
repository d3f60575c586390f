"""Values by number, looked up for whole columns at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class ByNumber:
    """Like a dictionary; what it does not know is none."""

    def __init__(self, values: Mapping[int, Any], kind: pa.DataType) -> None:
        self.keys = pa.array(values.keys(), pa.int64())
        self._values = pa.array(values.values(), kind)

    def of(self, numbers: pa.Array) -> pa.Array:
        return self._values.take(pc.index_in(numbers, self.keys))

    def has(self, numbers: pa.Array) -> pa.Array:
        return pc.is_in(numbers, self.keys)


def numbers_of(numbers: Iterable[int]) -> pa.Array:
    return pa.array(sorted(numbers), pa.int64())


def each_once(values: pa.Array, work_out: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """What the function says of each value, asked once for equal ones."""
    coded = values.dictionary_encode(null_encoding="encode")
    return pa.array(map(work_out, coded.dictionary.to_pylist()), kind).take(coded.indices)

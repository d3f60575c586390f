"""Arrow columns as JSON, a column at a time: what msgspec gives for the same rows, without an object for each.

>>> batch = pa.RecordBatch.from_pydict({"query": ["no", 'say "no"'], "weight": [1.0, None]})
>>> objects(batch).to_pylist()
['{"query":"no","weight":1.0}', '{"query":"say \\\\"no\\\\"","weight":null}']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

encode = msgspec.json.Encoder().encode
ESCAPED = r'["\\\x00-\x1f]'
Piece = str | Any  # a text that is the same in all rows, or an array of texts


def objects(batch: pa.RecordBatch, opening: str = "{", closing: str = "}") -> pa.Array:
    """Each row as a JSON object; with another opening or closing, as a part of one."""
    pieces: list[Piece] = [opening]
    for place, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        pieces += [f'{"," if place else ""}"{name}":', *_values(column)]
    return joined([*pieces, closing])


def joined(pieces: Sequence[Piece]) -> pa.Array:
    """The pieces of each row one after the other; a plain text is the same in all rows."""
    return pc.binary_join_element_wise(*_merged(pieces), "")


def _merged(pieces: Sequence[Piece]) -> Iterator[Any]:
    """Neighbouring plain texts as one."""
    plain = ""
    for piece in pieces:
        if isinstance(piece, str):
            plain += piece
            continue
        if plain:
            yield pa.scalar(plain)
        yield piece
        plain = ""
    if plain:
        yield pa.scalar(plain)


def _values(column: pa.Array) -> list[Piece]:
    kind = column.type
    if pa.types.is_string(kind) and not column.null_count:
        return ['"', _escaped(column), '"']
    return [pc.fill_null(_of_kind(column), "null")]


def _of_kind(column: pa.Array) -> pa.Array:
    """The JSON of each value, none where there is none."""
    kind = column.type
    if pa.types.is_string(kind):
        return pc.binary_join_element_wise('"', _escaped(column), '"', "")
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_struct(kind):
        return objects(pa.RecordBatch.from_arrays(column.flatten(), schema=pa.schema(list(kind))))
    if pa.types.is_list(kind):
        return _lists(column)
    return pc.cast(column, pa.string())


def _escaped(column: pa.Array) -> pa.Array:
    letters = np.frombuffer(bytes_of(column), np.uint8)
    if not ((letters < 0x20) | (letters == ord('"')) | (letters == ord("\\"))).any():
        return column
    special = pc.fill_null(pc.match_substring_regex(column, ESCAPED), False)
    texts = pa.array([encode(text)[1:-1].decode() for text in column.filter(special).to_pylist()], pa.string())
    return pc.replace_with_mask(column, special, texts)


def _floats(column: pa.Array) -> pa.Array:
    """With a point, which Arrow leaves out of whole numbers; what is none comes as null."""
    numbers = column.to_numpy(zero_copy_only=False)
    return pa.array(encode(numbers.tolist())[1:-1].split(b",") if len(numbers) else [], pa.binary()).cast(pa.string())


def _lists(column: pa.Array) -> pa.Array:
    lengths, inner = pc.list_value_length(column), _values(column.flatten())
    if len(inner) == 3:  # quotes go with the commas: there are many more texts than lists
        texts, between = inner[1], ('["', '","', '"]')
    else:
        texts, between = joined(inner), ("[", ",", "]")
    ends = np.cumsum(np.append(0, pc.fill_null(lengths, 0)), dtype=np.int32)
    within = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), texts), between[1])
    whole = pc.binary_join_element_wise(between[0], within, between[2], "")
    return pc.if_else(pc.equal(lengths, 0), "[]", whole)


def bytes_of(texts: pa.Array) -> memoryview:
    """All the texts one after the other, where they lie in memory."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(texts.buffers()[2] or b"")[offsets[0] : offsets[-1]]

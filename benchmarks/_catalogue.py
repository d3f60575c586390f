"""A catalogue of any size in PostgreSQL, filled by COPY: stickers with house queries in both languages, 25 tokens each,
and unit vectors of one model. English is of a vocabulary of 50,000 words after Zipf, Chinese is the starter pack's."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Final

import numpy as np

from benchmarks._game import ROOT

VOCABULARY: Final = 50_000
AT_ONCE: Final = 20_000
MODEL: Final = "bench"


def fill(n: int, dim: int) -> None:
    """Django is set up on an empty database."""
    from django.db import connection
    from django.utils import timezone

    from sticktionary.models import Embedding, ModelVersion, Pack, Query, Round, Sticker

    pack = Pack.objects.create(slug="many", title="Many", licence="CC0")
    ModelVersion.objects.create(name=MODEL, title=MODEL, stage="champion", path=MODEL, state="done")
    now, numbers = timezone.now(), range(1, n + 1)
    drawn = {"pack": pack, "width": 512, "height": 512, "created_at": now}
    files = ((i, f"{i}.webp", f"{i:064x}", _path(i), _path(i)) for i in numbers)
    copy(Sticker(**drawn), ["id", "name", "sha256", "image", "poster"], files)
    house = Round(source="house", state="open", dealt_at=now, submitted_at=now)
    copy(house, ["id", "sticker_id", "language"], _rounds(n))
    asked = Query(position=0, added_at=now)
    copy(asked, ["round_id", "text", "normalised"], ((id, text, text) for id, text in _texts(n)))
    copy(Embedding(embedded_by=MODEL), ["sticker_id", "vector"], _vectors(n, dim))
    with connection.cursor() as cursor:
        for model in (Sticker, Round):
            table = model._meta.db_table
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
        cursor.execute("VACUUM ANALYZE")


def copy(like: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows that differ in some columns and are else as the object is; its number is left to the database."""
    from django.db import connection

    fields = [field for field in like._meta.concrete_fields if not field.primary_key or field.column in columns]
    own = [field.column for field in fields if field.column not in columns]
    fixed = [
        field.get_db_prep_save(getattr(like, field.attname), connection) for field in fields if field.column in own
    ]
    names = ", ".join([*columns, *own])
    with connection.cursor() as cursor, cursor.copy(f"COPY {like._meta.db_table} ({names}) FROM STDIN") as written:
        for row in rows:
            written.write_row([*row, *fixed])


def _path(number: int) -> str:
    digest = f"{number * 0x9E3779B97F4A7C15 % 2**256:064x}"
    return f"{digest[-2:]}/{digest}.webp"


def _rounds(n: int) -> Iterator[tuple[int, int, str]]:
    for number in range(1, n + 1):
        yield 2 * number - 1, number, "en"
        yield 2 * number, number, "zh"


def _texts(n: int) -> Iterator[tuple[int, str]]:
    """Three English queries of four words for a sticker, and two Chinese ones."""
    from retrieval_engine.data import read_queries_csv

    file = ROOT / "starter_pack" / "pack" / "sticker_queries_zh.csv"
    chinese = [query for row in read_queries_csv(file) for query in row.queries]
    rng, dice = np.random.default_rng(0), random.Random(0)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    shares /= shares.sum()
    for start in range(0, n, AT_ONCE):
        words = rng.choice(VOCABULARY, (min(AT_ONCE, n - start), 3, 4), p=shares).tolist()
        for number, queries in zip(count(start + 1), words, strict=False):
            yield from ((2 * number - 1, " ".join(map(word, query))) for query in queries)
            yield from ((2 * number, text) for text in dice.sample(chinese, 2))


def word(number: int) -> str:
    """Pronounceable, and the shorter the more frequent."""
    syllables = ""
    while number or not syllables:
        number, left = divmod(number, 90)
        syllables += "bcdfghjklmnprstvwz"[left // 5] + "aeiou"[left % 5]
    return syllables


def _vectors(n: int, dim: int) -> Iterator[tuple[int, bytes]]:
    """In clusters, as those of drawings are."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((1_000, dim), dtype=np.float32)
    for start in range(0, n, AT_ONCE):
        size = min(AT_ONCE, n - start)
        some = centres[rng.integers(1_000, size=size)] + rng.standard_normal((size, dim), dtype=np.float32)
        some /= np.linalg.norm(some, axis=1, keepdims=True)
        yield from zip(range(start + 1, start + size + 1), map(bytes, some), strict=True)

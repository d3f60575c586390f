"""What search reads of the database: for stickers that have changed, or for all, some thousands at a time; no row
becomes an object, and what is said of a sticker comes joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
from django.db.models import Aggregate, CharField, Q, QuerySet
from numpy.typing import NDArray

from sticktionary.domain.intake.pictures import alts_without_description, told
from sticktionary.domain.lab import generated
from sticktionary.domain.play.outcome import PROVEN
from sticktionary.domain.review.rulings import as_ruled
from sticktionary.domain.search.album import LANGUAGES, Face
from sticktionary.models import Embedding, Query, Round, Sticker

AT_ONCE: Final = 2_000  # stickers
FACTS: Final = Q(round__source=Round.Source.HOUSE) | Q(
    round__source__in=[Round.Source.PLAY, Round.Source.SUGGESTION], round__state__in=PROVEN
)
IN_PLAY: Final = Q(state=Sticker.State.ACTIVE, pack__is_active=True)
COLUMNS: Final = ("pk", "pack_id", "twin_of_id", "image", "poster", "n_frames", "printed_text", "labels")
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Entry:
    """A sticker as search holds it; its vectors are read apart, for they belong to a model."""

    id: int
    pack: int
    written: dict[str, str]  # by people and by language, a line each; labels and print are of none: ""
    generated: dict[str, str]  # by a generator, in languages in which nobody's words are known yet
    face: Face


class Joined(Aggregate):
    """All texts of a group, a line each."""

    template = "%(function)s(%(expressions)s, '\n')"
    output_field = CharField()
    function = "GROUP_CONCAT"

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, function="STRING_AGG")


# --- stickers ---


def entries(ids: Collection[int]) -> list[Entry]:
    """Those of them that are in play."""
    return _entries(Sticker.objects.filter(IN_PLAY, pk__in=ids))


def all_entries() -> Iterator[Entry]:
    """Every sticker in play, by number."""
    last = 0
    while some := _entries(Sticker.objects.filter(IN_PLAY, pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield from some
        last = some[-1].id


def _entries(stickers: QuerySet[Sticker]) -> list[Entry]:
    rows = list(stickers.values_list(*COLUMNS))
    ids = [row[0] for row in rows]
    spoken, typical, untold = _spoken(ids), generated.texts_of(ids), alts_without_description()
    made = []
    for id, pack, twin_of, image, poster, n_frames, printed, labels in rows:
        alts = {language: told(labels, printed, language) or untold[language] for language in LANGUAGES}
        told_of = _lines([*_label_words(labels), printed])
        written = ({"": told_of} if told_of else {}) | spoken[id]
        unspoken = {name: _lines(texts) for name, texts in typical.get(id, {}).items() if name not in spoken[id]}
        face = Face(image, poster, n_frames > 1, alts, twin_of or id)
        made.append(Entry(id, pack, written, unspoken, face))
    return made


def _spoken(ids: Collection[int]) -> dict[int, dict[str, str]]:
    """What is proven or was imported for each sticker, by language."""
    facts = as_ruled(Query.objects.filter(FACTS, round__sticker_id__in=ids, removed_at=None))
    spoken = defaultdict[int, dict[str, str]](dict)
    joined = facts.values("round__sticker_id", "round__language").annotate(texts=Joined("said"))
    for id, language, texts in joined.values_list("round__sticker_id", "round__language", "texts"):
        spoken[id][language] = texts
    return spoken


def _label_words(labels: dict[str, Any]) -> list[str]:
    values = (value if isinstance(value, list) else [value] for value in labels.values())
    return [word for word in chain.from_iterable(values) if isinstance(word, str)]


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(filter(None, parts))


# --- vectors ---


def vectors(ids: Collection[int], model: str) -> dict[int, Vectors]:
    """[d] of each sticker in play that has one."""
    held = _vectors_in_play(model).filter(sticker_id__in=ids).values_list("sticker_id", "vector")
    return {id: np.frombuffer(bytes(vector), dtype=np.float32) for id, vector in held if vector}


def all_vectors(model: str) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """(ids [m], vectors [m, d]) of all that are in play, by number."""
    held, last = _vectors_in_play(model).order_by("sticker_id").values_list("sticker_id", "vector"), 0
    while some := list(held.filter(sticker_id__gt=last)[:AT_ONCE]):
        last = some[-1][0]
        ids = np.array([id for id, vector in some if vector], dtype=np.int64)
        if len(ids):
            flat = np.frombuffer(b"".join(vector for _id, vector in some if vector), dtype=np.float32)
            yield ids, flat.reshape(len(ids), -1)


def _vectors_in_play(model: str) -> QuerySet[Embedding]:
    of_play = Q(sticker__state=Sticker.State.ACTIVE, sticker__pack__is_active=True)
    return Embedding.objects.filter(of_play, embedded_by=model)

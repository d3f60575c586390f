"""Stickers are shown to a conversation model once, in a process that knows torch: what it makes of them is kept, so
that the web process answers without it. New stickers follow, and those of which something else is known by now."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet

from retrieval_engine.bundle import BundleError
from retrieval_engine.dialogue.inference import lines
from retrieval_engine.dialogue.inference.lines import ShownLine, StickerLine
from retrieval_engine.dialogue.runs import bundle
from retrieval_engine.dialogue.runs.bundle import CONVERSATION, Manifest
from sticktionary.domain.catalogue import index_changed
from sticktionary.domain.replies import child, stickers
from sticktionary.domain.search.reading import IN_PLAY
from sticktionary.models import Embedding, ModelVersion, Sticker

AT_ONCE = 500  # stickers that are described at once, and whose child reads one file
PER_TRANSACTION = 16
LOOK_UP_EVERY_S = 1.0  # while the child thinks
MOST_HEAT = 255  # what 1 is kept as
STALE = ""  # in the place of the hash: something else is known of the sticker by now
RESTS, RESTS_FOR_S = -1, 600  # after all stickers have been looked through; in the place of the last one's number

Told = Callable[[int], None]


def needs_vectors(version: ModelVersion) -> bool:
    """Whether it answers in the web process by what it made of the stickers; others look at them when they answer."""
    return CONVERSATION in manifest(version.path).files


@lru_cache(maxsize=16)
def manifest(path: str) -> Manifest:
    """What a bundle says of itself; its folder never changes. Raises `BundleError`."""
    return bundle.read_manifest(Path(path), verify=False)


def n_wanted(version: ModelVersion) -> int:
    return in_play().count() if needs_vectors(version) else 0


def is_missing(version: ModelVersion) -> bool:
    return needs_vectors(version) and missing(version).exists()


def is_ready(version: ModelVersion) -> bool:
    """Whether it can answer: it has looked at some stickers at least, or need not."""
    try:
        return not needs_vectors(version) or Embedding.objects.filter(embedded_by=version.name).exists()
    except BundleError:
        return False


def in_play() -> QuerySet[Sticker]:
    return Sticker.objects.filter(IN_PLAY)


def missing(version: ModelVersion) -> QuerySet[Sticker]:
    """The stickers that it has not seen, or not as they are known now."""
    seen = Embedding.objects.filter(embedded_by=version.name).exclude(made_of=STALE)
    return in_play().exclude(pk__in=seen.values("sticker_id"))


def make_ready(version: ModelVersion, told: Told = lambda n: None) -> None:
    """Show it the stickers it has not seen; `told` hears how many it has, and may end it by raising."""
    if not needs_vectors(version):
        return
    ids = list(missing(version).order_by("pk").values_list("pk", flat=True))
    _show(version, ids, told, in_play().count() - len(ids))


def _show(version: ModelVersion, ids: Sequence[int], told: Told, n_had: int) -> None:
    n_done = n_had
    told(n_done)
    for some in _parts(ids):
        described = stickers.described(some)
        made_of = {line.id: stickers.digest(line) for line in described}
        for shown in _in_parts(version, described):
            if shown:
                _keep(version, shown, made_of)
                n_done += len(shown)
            told(n_done)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _in_parts(version: ModelVersion, described: Sequence[StickerLine]) -> Iterator[list[ShownLine]]:
    """What the child says, some stickers at a time; none once a second while it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "stickers.jsonl")
        given.write_text("".join(map(lines.written, described)), encoding="utf-8")
        with child.started("show", version.path, given=given) as process:
            part: list[ShownLine] = []
            n_left = len(described)
            while n_left:
                try:
                    line = process.heard(LOOK_UP_EVERY_S)
                except TimeoutError:
                    yield []
                    continue
                if line is None:
                    raise process.failed()
                part.append(lines.read(line, ShownLine))
                n_left -= 1
                if len(part) == PER_TRANSACTION or not n_left:
                    yield part
                    part = []


@transaction.atomic
def _keep(version: ModelVersion, shown: Collection[ShownLine], made_of: dict[int, str]) -> None:
    """A sticker that the model cannot see keeps an empty vector, so that it is not shown for ever."""
    rows = [
        Embedding(
            sticker_id=line.id,
            embedded_by=version.name,
            vector=line.numbers.tobytes() if line.vector else b"",
            heat=packed(line.heat),
            made_of=made_of[line.id],
        )
        for line in shown
    ]
    Embedding.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sticker", "embedded_by"],
        update_fields=["vector", "heat", "made_of"],
    )
    if version.stage == ModelVersion.Stage.CHAMPION:
        index_changed(line.id for line in shown)


def look_through(version: ModelVersion) -> int:
    """Find stickers of which something else is known than when the model saw them, and have them count as missing; how
    many. Some at a time, from one call to the next; then nothing is looked at for a while, whatever is annotated."""
    if not needs_vectors(version):
        return 0
    name = f"looked-through:{version.pk}"
    if (after := cache.get(name, 0)) == RESTS:
        return 0
    seen = Embedding.objects.filter(embedded_by=version.name, sticker_id__gt=after).exclude(made_of=STALE)
    made_of = dict(seen.order_by("sticker_id").values_list("sticker_id", "made_of")[:AT_ONCE])
    described = stickers.described(made_of) if made_of else []
    changed = [line.id for line in described if made_of[line.id] != stickers.digest(line)]
    Embedding.objects.filter(embedded_by=version.name, sticker_id__in=changed).update(made_of=STALE)
    cache.set(name, max(made_of) if len(made_of) == AT_ONCE else RESTS, RESTS_FOR_S)
    return len(changed)


# --- maps of where it looked ---


def packed(heat: tuple[tuple[float, ...], ...]) -> bytes:
    """The number of columns, then the rows, a byte a number."""
    if not heat or len(heat[0]) > MOST_HEAT:
        return b""
    return bytes([len(heat[0]), *(round(MOST_HEAT * min(1.0, max(0.0, value))) for row in heat for value in row)])


def unpacked(heat: bytes) -> tuple[tuple[float, ...], ...]:
    """The map, in steps of 1/255."""
    if not heat:
        return ()
    width, *values = heat
    rows = (values[start : start + width] for start in range(0, len(values), width))
    return tuple(tuple(round(value / MOST_HEAT, 3) for value in row) for row in rows)


def heat_of(name: str, ids: Collection[int]) -> dict[int, tuple[tuple[float, ...], ...]]:
    """Of those of the stickers that a model has one of."""
    rows = Embedding.objects.filter(embedded_by=name, sticker_id__in=ids).exclude(heat=b"")
    return {id: unpacked(bytes(heat)) for id, heat in rows.values_list("sticker_id", "heat")}

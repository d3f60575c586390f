"""What stands beside a sticker when its case is judged: its twins, and what looks like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Retrieval, SameStickers, Sticker

N_LOOKALIKES = 6


@dataclass(frozen=True)
class Shown:
    """A sticker beside the target."""

    id: int
    picture: Picture
    is_target: bool = False
    why: str = ""  # twin, same_hash, judged_same, looks_alike


def stickers(target: Sticker | None, retrievals: Iterable[Retrieval]) -> dict[int, Sticker]:
    """Every sticker that is shown, read at once: what was picked from, twins, and those that look like the target."""
    ids = {id for retrieval in retrievals for id in [*retrieval.candidates, *retrieval.picks]}
    near = Q(pk__in=ids)
    if target is not None:
        near |= Q(pk__in=[*_looks_like(target.pk), *_judged_same(target.pk)]) | Q(twin_of=target)
        if target.twin_of_id:
            near |= Q(pk=target.twin_of_id) | Q(twin_of=target.twin_of_id)
        if target.perceptual_hash:
            near |= Q(perceptual_hash=target.perceptual_hash)
    return {sticker.pk: sticker for sticker in Sticker.objects.filter(near)}


def _looks_like(sticker_id: int) -> list[int]:
    return catalogue_search.lookalikes(sticker_id, N_LOOKALIKES)


def _judged_same(sticker_id: int) -> list[int]:
    pairs = SameStickers.objects.filter(Q(first=sticker_id) | Q(second=sticker_id)).values_list("first", "second")
    return [first if second == sticker_id else second for first, second in pairs]


def of(target: Sticker, shelf: Mapping[int, Sticker]) -> list[Shown]:
    """Near twins first, then what looks alike to the model."""
    reasons: dict[int, str] = dict.fromkeys(_looks_like(target.pk), "looks_alike")
    for sticker in shelf.values():
        if reason := _twin_reason(target, sticker):
            reasons[sticker.pk] = reason
    order = ["judged_same", "twin", "same_hash", "looks_alike"]
    ids = sorted((id for id in reasons if id in shelf and id != target.pk), key=lambda id: order.index(reasons[id]))
    return [Shown(id, picture_of(shelf[id]), why=reasons[id]) for id in ids[: 2 * N_LOOKALIKES]]


def _twin_reason(target: Sticker, other: Sticker) -> str:
    family = target.twin_of_id or target.pk
    if other.pk == family or other.twin_of_id == family:
        return "twin"
    return "same_hash" if target.perceptual_hash and other.perceptual_hash == target.perceptual_hash else ""

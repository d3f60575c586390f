"""Which stickers count as the same one: near twins, equal in looks, or judged by a reviewer to say the same."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from sticktionary.domain.reply_round.agreement import Kin, Said
from sticktionary.models import Reply, SameStickers, Sticker


def kin_of(sticker_ids: Collection[int]) -> dict[int, Kin]:
    rows = Sticker.objects.filter(pk__in=sticker_ids).values_list("pk", "twin_of_id", "perceptual_hash")
    found: dict[int, set[int | str]] = {
        sticker_id: {sticker_id, twin_of or sticker_id, *([looks] if looks else [])}
        for sticker_id, twin_of, looks in rows
    }
    judged = SameStickers.objects.filter(Q(first__in=found) | Q(second__in=found))
    for first_id, second_id in judged.values_list("first_id", "second_id"):
        for sticker_id in {first_id, second_id} & found.keys():
            found[sticker_id].add(f"{first_id} {second_id}")
    return {sticker_id: frozenset(shared) for sticker_id, shared in found.items()}


def named_in(rows: Collection[Reply]) -> set[int]:
    """The stickers that replies pick or name."""
    return {id for row in rows for id in [row.pick_id, *row.also] if id is not None}


def said_by(row: Reply, kin: dict[int, Kin], kind: str) -> Said:
    """An answered reply as the rule reads it; stickers that are gone by now are left out."""
    assert row.pick_id is not None
    also = tuple(kin[id] for id in row.also if id in kin)
    return Said(row.player_id, kin[row.pick_id], also, row.intent, kind)

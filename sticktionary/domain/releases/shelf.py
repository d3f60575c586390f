"""The stickers of a release: their table, their sides of the split, and their pictures where those may be published."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sticktionary.domain.intake.pictures import to_hand_out
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.files import write_bytes
from sticktionary.domain.releases.rows import Media, SplitRow, StickerRow
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.releases.tables import write_both, write_lines
from sticktionary.models import Pack, Sticker

SPLIT = "stickers@1"


def write(folder: Path, scope: Scope, groups: Mapping[int, int], with_pictures: Mapping[str, bool]) -> list[File]:
    """The sticker tables, and the pictures of packs that allow it. `groups` names each sticker's by one of its own."""
    stickers = list(_stickers(scope))
    shown = {s.pk for s in stickers if scope.rules.with_pictures and with_pictures[s.pack.slug]}
    rows = [_row(sticker, scope, groups, sticker.pk in shown) for sticker in stickers]
    rows.sort(key=lambda row: row.sticker_id)
    files = write_both(folder, "stickers", rows, StickerRow)
    files.append(write_lines(folder, "splits", _splits(scope, groups), SplitRow))
    for sticker in stickers:
        if sticker.pk in shown:
            files.append(_copy(folder, sticker, scope.names[sticker.pk]))
            scope.told(1)
    return files


def _stickers(scope: Scope) -> Iterator[Sticker]:
    packs = Pack.objects.in_bulk()
    for sticker in Sticker.objects.order_by("pk").iterator():
        if sticker.pk in scope.names:
            sticker.pack = packs[sticker.pack_id]
            yield sticker


def _row(sticker: Sticker, scope: Scope, groups: Mapping[int, int], is_shown: bool) -> StickerRow:
    name = scope.names[sticker.pk]
    kind = "animated" if sticker.moves else "static"
    return StickerRow(
        1,
        name,
        f"stickers/{name}" if is_shown else None,
        sticker.sha256,
        Media(kind, sticker.width, sticker.height, sticker.n_frames, sticker.duration_ms),
        sticker.pack.slug,
        _cluster(groups[sticker.pk]),
        sticker.labels.get("emoji") or None,
        sticker.source or sticker.pack.source,
        sticker.licence or sticker.pack.licence,
        "none",
        sticker.printed_text,
        sticker.perceptual_hash,
        scope.parts[sticker.pk],
    )


def _cluster(group: int) -> str:
    return f"dc_{group}"


def _splits(scope: Scope, groups: Mapping[int, int]) -> Sequence[SplitRow]:
    rows = [
        SplitRow(1, SPLIT, "sticker", name, scope.parts[sticker_id], _cluster(groups[sticker_id]))
        for sticker_id, name in scope.names.items()
    ]
    return sorted(rows, key=lambda row: row.id)


def _copy(folder: Path, sticker: Sticker, name: str) -> File:
    return write_bytes(folder, os.fspath(Path("stickers") / name), to_hand_out(sticker))

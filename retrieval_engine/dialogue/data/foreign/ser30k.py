"""SER30K (Liu et al. 2022): stickers by pack, each of one of seven classes of emotion.

What is read is a folder of pictures, in which one of the folders above a picture bears the name of its class and
another that of its pack, in either order; or a list, or JSON lines, with the keys

    image      img, path, file, filename, sticker_id: its path; the pack is the folder that is no class
    class      label, emotion, category: a name of ser30k-7
    pack       topic, theme, series, where the path tells none

The files of a folder are counted in the order of their names. A class that is given as a number is left out: what would
name the numbers is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .... import taxonomy
from . import fields
from .reader import Reader
from .report import Reason, Record, Spoiled
from .rows import Row, StickerRow

IMAGE = ("image", "img", "path", "file", "filename", "sticker_id")
CLASS = ("class", "label", "emotion", "category")
PACK = ("pack", "topic", "theme", "series", "pack_id")
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".apng"})
SEVEN = "ser30k-7"


class Ser30k(Reader):
    KEYS = frozenset(IMAGE)
    language = ""

    def records(self, path: Path) -> Iterator[Record]:
        if not path.is_dir():
            yield from super().records(path)
            return
        for n, file in enumerate((file for file in sorted(path.rglob("*")) if file.is_file()), 1):
            told = file.relative_to(path).as_posix()
            is_picture = file.suffix.lower() in PICTURES
            yield Record(path, n, {"path": told} if is_picture else Spoiled(Reason.OTHER_KIND, told))

    def take(self, record: Record) -> Iterator[Row]:
        row = fields.row_of(record.value)
        told = fields.name(row, IMAGE)
        if told is None:
            raise Spoiled(Reason.NO_ID)
        path = PurePosixPath(told)
        names = [name for name in path.parts[:-1] if name not in {"/", ".", ".."}]
        given = fields.field(row, CLASS)
        labels = [str(given)] if given is not None else names
        found = [seen.id for name in labels if (seen := taxonomy.load(SEVEN).find(name))]
        if not found:
            raise Spoiled(Reason.NO_CLASS, given if given is not None else told)
        packs = [name for name in names if taxonomy.load(SEVEN).find(name) is None]
        pack = fields.name(row, PACK) or (packs[-1] if packs else None)
        yield StickerRow(
            sticker_id=path.name, pack=pack, emotions=[found[0]], emotions_of=SEVEN, part=fields.part_of(record)
        )

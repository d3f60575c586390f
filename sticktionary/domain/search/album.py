"""What a hit is shown as: the picture of every sticker, its words for those who listen, and its twins; packed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sticktionary.domain.intake.pictures import url_of
from sticktionary.domain.play.snapshot import Picture

LANGUAGES: Final = ("en", "zh")
FOLD_FROM: Final = 10_000  # changes; or a tenth of all
ARRAYS: Final = ("ids", "families", "ends", "records")


class Face(NamedTuple):
    """How one sticker is shown. Files lie below MEDIA_ROOT; `alts` are by language."""

    image: str
    poster: str
    moves: bool
    alts: Mapping[str, str]
    family: int  # twins share a number


class _Pages(NamedTuple):
    """By ascending id; the record of sticker n ends at byte ends[n]."""

    ids: NDArray[np.int64]
    families: NDArray[np.int64]
    ends: NDArray[np.int64]
    records: NDArray[np.uint8]

    def place_of(self, id: int) -> int | None:
        place = int(np.searchsorted(self.ids, id))
        return place if place < len(self.ids) and self.ids[place] == id else None

    def record(self, place: int) -> bytes:
        start = int(self.ends[place - 1]) if place else 0
        return self.records[start : int(self.ends[place])].tobytes()


_Loose = dict[int, tuple[int, bytes] | None]
NOTHING: Final = np.zeros(0, np.int64)
EMPTY: Final = _Pages(NOTHING, NOTHING, NOTHING, np.zeros(0, np.uint8))


class Album:
    """One thread may write while many read. What changes lies loose until it is folded into the pages, which may be
    mapped from a file."""

    def __init__(self, pages: _Pages = EMPTY) -> None:
        self._held: tuple[_Pages, _Loose] = (pages, {})

    def put(self, id: int, face: Face) -> None:
        self._lay(id, (face.family, _packed(face)))

    def remove(self, id: int) -> None:
        self._lay(id, None)

    def _lay(self, id: int, entry: tuple[int, bytes] | None) -> None:
        pages, loose = self._held
        loose[id] = entry
        if len(loose) > max(FOLD_FROM, len(pages.ids) // 10):
            self.fold()

    def pictures(self, ids: Iterable[int], language: str) -> dict[int, Picture]:
        """Of those that are known, in the reader's language."""
        held = ((id, self._record(id)) for id in ids)
        return {id: _picture(record, language) for id, record in held if record is not None}

    def _record(self, id: int) -> bytes | None:
        pages, loose = self._held
        if id in loose:
            entry = loose[id]
            return None if entry is None else entry[1]
        place = pages.place_of(id)
        return None if place is None else pages.record(place)

    def kin(self, id: int) -> set[int]:
        """The sticker and its twins."""
        pages, loose = self._held
        family = self._family(id)
        twins = set(pages.ids[pages.families == family].tolist()) - loose.keys()
        return {id} | twins | {other for other, entry in list(loose.items()) if entry and entry[0] == family}

    def _family(self, id: int) -> int:
        pages, loose = self._held
        entry = loose.get(id)
        if entry is not None:
            return entry[0]
        place = pages.place_of(id)
        return id if place is None else int(pages.families[place])

    def fold(self) -> None:
        """Take loose entries into the pages. Whoever reads meanwhile has the old ones."""
        self._held = (_folded(*self._held), {})

    def save(self, folder: Path) -> None:
        self.fold()
        pages, _loose = self._held
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(pages, name))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Mapped, so that the processes of a machine share it. OSError or ValueError for what is none."""
        mapped = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS)
        return cls(_Pages(*(np.asarray(array) for array in mapped)))


def _folded(pages: _Pages, loose: _Loose) -> _Pages:
    """Records lie in the order of ids, so all between two changed ones is one piece."""
    changed = np.array(sorted(loose), dtype=np.int64)
    places = np.searchsorted(pages.ids, changed)
    replaced = np.zeros(len(changed), dtype=np.bool_)
    inside = places < len(pages.ids)
    replaced[inside] = pages.ids[places[inside]] == changed[inside]
    starts = np.append(0, pages.ends)
    pieces: list[memoryview | bytes] = []
    records, done = memoryview(pages.records), 0  # type: ignore[arg-type]  # an array has a buffer
    for id, start, after in zip(
        changed.tolist(), starts[places].tolist(), starts[places + replaced].tolist(), strict=True
    ):
        pieces.append(records[done:start])
        if entry := loose[id]:
            pieces.append(entry[1])
        done = after
    pieces.append(records[done:])
    gone = places[replaced]
    ids, families, lengths = (np.delete(array, gone) for array in (pages.ids, pages.families, np.diff(starts)))
    new = [(id, *entry) for id in changed.tolist() if (entry := loose[id])]
    at = np.searchsorted(ids, [id for id, _family, _record in new])
    return _Pages(
        np.insert(ids, at, [id for id, _family, _record in new]),
        np.insert(families, at, [family for _id, family, _record in new]),
        np.cumsum(np.insert(lengths, at, [len(record) for _id, _family, record in new]), dtype=np.int64),
        np.frombuffer(b"".join(pieces), dtype=np.uint8),
    )


def _packed(face: Face) -> bytes:
    """What is the same twice is kept once."""
    first = face.alts[LANGUAGES[0]]
    others = ("" if face.alts[language] == first else face.alts[language] for language in LANGUAGES[1:])
    poster = "" if face.poster == face.image else face.poster
    parts = (face.image, poster, "1" if face.moves else "", first, *others)
    return "\0".join(part.replace("\0", " ") for part in parts).encode()


def _picture(record: bytes, language: str) -> Picture:
    image, poster, moves, *alts = record.decode().split("\0")
    alt = alts[LANGUAGES.index(language)] or alts[0]
    return Picture(url_of(image), url_of(poster or image), alt, bool(moves))

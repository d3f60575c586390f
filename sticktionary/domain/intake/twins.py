"""Stickers that look alike: near in perceptual hash, and near pixel by pixel, so that a red heart is no blue one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sticktionary.domain.intake.pictures import Prepared, Thumb, path_of, thumb_of
from sticktionary.models import Sticker

MAX_BITS = 6  # of 64 that may differ
MAX_DIFFERENCE = 2.5  # mean difference of 8-bit channels over a 16 x 16 thumbnail
Key = int | str  # a sticker's id, or a file's name where nothing is written


class Looks:
    """All known perceptual hashes; thumbnails are looked at only where hashes are near."""

    def __init__(self) -> None:
        known = Sticker.objects.exclude(perceptual_hash="").values_list("pk", "perceptual_hash", "poster", "twin_of_id")
        rows = list(known)
        self._keys: list[Key] = [id for id, *_rest in rows]
        self._hashes: list[int] = [int(hash, 16) for _id, hash, _poster, _twin in rows]
        self._posters: dict[Key, str] = {id: poster for id, _hash, poster, _twin in rows}
        self._first_of: dict[Key, Key] = {id: twin for id, _hash, _poster, twin in rows if twin}
        self._thumbs: dict[Key, Thumb] = {}
        self._array: NDArray[np.uint64] = np.array(self._hashes, dtype=np.uint64)

    def twin_of(self, picture: Prepared) -> Key | None:
        """The known picture that this one can hardly be told from: the first of its kind."""
        if not picture.perceptual_hash or not self._keys:
            return None
        distances = np.bitwise_count(self._as_array() ^ np.uint64(int(picture.perceptual_hash, 16)))
        near = np.flatnonzero(distances <= MAX_BITS)
        differences = {self._keys[place]: self._difference(self._keys[place], picture) for place in near}
        alike = [key for key, difference in differences.items() if difference <= MAX_DIFFERENCE]
        nearest = min(alike, key=differences.__getitem__, default=None)
        return None if nearest is None else self._first_of.get(nearest, nearest)

    def add(self, key: Key, picture: Prepared, twin: Key | None) -> None:
        if not picture.perceptual_hash:
            return
        self._keys.append(key)
        self._hashes.append(int(picture.perceptual_hash, 16))
        self._thumbs[key] = picture.thumb
        if twin is not None:
            self._first_of[key] = twin

    def _as_array(self) -> NDArray[np.uint64]:
        """Hashes added since the last look are appended in one go."""
        if len(self._array) < len(self._hashes):
            fresh = np.array(self._hashes[len(self._array) :], dtype=np.uint64)
            self._array = np.concatenate([self._array, fresh])
        return self._array

    def _difference(self, key: Key, picture: Prepared) -> float:
        if key not in self._thumbs:
            try:
                with Image.open(path_of(self._posters[key])) as poster:
                    self._thumbs[key] = thumb_of(poster.convert("RGBA"))
            except OSError:  # the file is gone; nothing can be said of its looks
                return float("inf")
        return float(np.abs(self._thumbs[key] - picture.thumb).mean())

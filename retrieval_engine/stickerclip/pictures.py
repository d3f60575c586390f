"""Stickers' key frames, decoded once into a file that training maps: input never waits for a decoder again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..frames import FrameError, key_frames

PIXELS, INDEX = "frames.u8", "frames.json"
AT_ONCE: Final = 256
"""Stickers between two looks at whether to go on."""


@dataclass(frozen=True, slots=True)
class Frames:
    """uint8 [n frames, size, size, 3] of some stickers, mapped from a file. `counts` has each sticker's number of
    frames, 0 where the picture cannot be read; `problems` says why."""

    pixels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    problems: dict[str, str]

    @classmethod
    def open(cls, folder: Path, size: int) -> Self:
        """Map what `decode` left in `folder`."""
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        counts = np.array(index["counts"], dtype=np.int64)
        shape = (int(counts.sum()), size, size, 3)
        pixels = (
            np.memmap(folder / PIXELS, dtype=np.uint8, mode="r", shape=shape) if shape[0] else np.empty(shape, np.uint8)
        )
        return cls(pixels, np.cumsum(counts) - counts, counts, index["problems"])

    def of(self, stickers: Iterable[int]) -> NDArray[np.uint8]:
        """All key frames of `stickers` (places), one after the other."""
        return self.pixels[[at for place in stickers for at in self._places(place)]]

    def one_of(self, stickers: Iterable[int], rng: np.random.Generator) -> NDArray[np.uint8]:
        """One key frame of each of `stickers`, drawn."""
        return self.pixels[[self._places(place)[rng.integers(self.counts[place])] for place in stickers]]

    def _places(self, sticker: int) -> range:
        return range(self.starts[sticker], self.starts[sticker] + self.counts[sticker])


def decode(files: Sequence[Path], size: int, folder: Path, told: Callable[[int], None] = lambda n: None) -> None:
    """Write the key frames of `files` into `folder`, unless they are there. `told` hears how many are done."""
    key = _key(files, size)
    if (folder / INDEX).exists() and json.loads((folder / INDEX).read_text(encoding="utf-8"))["key"] == key:
        return
    folder.mkdir(parents=True, exist_ok=True)
    counts, problems = list[int](), dict[str, str]()
    with (folder / PIXELS).open("wb") as out, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(files), AT_ONCE):
            for file, frames in _decoded(pool, files[start : start + AT_ONCE], size):
                counts.append(0 if isinstance(frames, str) else len(frames))
                if isinstance(frames, str):
                    problems[file.name] = frames
                else:
                    out.write(frames.tobytes())
            told(len(counts))
    index = {"key": key, "counts": counts, "problems": problems}
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def _decoded(
    pool: ThreadPoolExecutor, files: Sequence[Path], size: int
) -> Iterator[tuple[Path, NDArray[np.uint8] | str]]:
    return zip(files, pool.map(lambda file: _frames(file, size), files), strict=True)


def _frames(file: Path, size: int) -> NDArray[np.uint8] | str:
    try:
        return resized(file, size)
    except FrameError as error:
        return str(error)


def resized(file: Path, size: int) -> NDArray[np.uint8]:
    """The key frames of one picture, [n, size, size, 3]. Raises `FrameError`."""
    frames = key_frames(file)
    return np.stack([np.asarray(frame.resize((size, size), Image.Resampling.BICUBIC)) for frame in frames])


def _key(files: Sequence[Path], size: int) -> str:
    """Changes with the files and their state, and with the size asked for."""
    digest = hashlib.sha256(str(size).encode())
    for file in files:
        state = file.stat() if file.exists() else None
        digest.update(f"\n{file}\n{state.st_size if state else -1}\n{state.st_mtime_ns if state else 0}".encode())
    return digest.hexdigest()

"""What the generator learns from: a sticker's picture and the queries of one language, and pictures ready to be fed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data import SEPARATOR
from ..frames import FrameError
from ..training import release
from ..training.release import Part, Sticker
from ..training.run import Refused, Reporter
from . import wording
from .pictures import SIDE, strip

N_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class Example:
    """A sticker in one language: distinct queries in the form that is learned, with their weights of proof."""

    sticker: Sticker
    language: str
    queries: tuple[str, ...]
    weights: tuple[float, ...]


def languages(stickers: Collection[Sticker], wanted: str) -> list[str]:
    """The languages to learn: those named with commas between, or all of the release. Raises `Refused`."""
    there = release.languages(stickers)
    named = sorted({name.strip() for name in wanted.split(",") if name.strip()}) or there
    for name in named:
        if name not in there:
            raise Refused(f"The release has no proven query in {name}; its languages are {', '.join(there)}.")
        if name not in wording.PROMPTS:
            raise Refused(
                f"There is no prompt for {name}; leave it out of the languages ({', '.join(wording.PROMPTS)})."
            )
    return named


def examples(stickers: Iterable[Sticker], spoken: Sequence[str], part: Part) -> list[Example]:
    """One for each sticker of a side of the split and each language in which it has a query."""
    found = (_example(sticker, language) for sticker in stickers if sticker.part == part for language in spoken)
    return [example for example in found if example.queries]


def _example(sticker: Sticker, language: str) -> Example:
    said = [query for query in sticker.queries if query.language == language]
    queries = wording.distinct(query.text for query in said)
    weights = dict.fromkeys(queries, 0.0)
    for query in said:
        form = wording.form(query.text)
        if form in weights:
            weights[form] = max(weights[form], query.weight)
    return Example(sticker, language, tuple(queries), tuple(weights.values()))


def texts(learned: Iterable[Example]) -> list[str]:
    """What a tokenizer is to know: the prompts, and all queries as they stand in answers."""
    return [*wording.PROMPTS.values(), *(SEPARATOR.join(example.queries) for example in learned)]


# --- pictures ---


class Strips:
    """The stickers' pictures decoded, as bytes in a file that is mapped into memory: [n, side, side, 3]."""

    def __init__(self, path: Path, stickers: Collection[Sticker], side: int, report: Reporter) -> None:
        self._place = {sticker.id: place for place, sticker in enumerate(stickers)}
        shape = (len(stickers), side, side, 3)
        path.parent.mkdir(exist_ok=True)
        self._pixels: NDArray[np.uint8] = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        self.broken = set[str]()
        with ThreadPoolExecutor(N_READERS) as pool:
            for sticker, problem in zip(stickers, pool.map(lambda s: self._take(s, side), stickers), strict=True):
                report.look_up()
                if problem:
                    self.broken.add(sticker.id)
                    report.warn(f"Left out {sticker.id}: {problem}")

    def _take(self, sticker: Sticker, side: int) -> str:
        try:
            self._pixels[self._place[sticker.id]] = np.asarray(strip(sticker.picture, side))
        except FrameError as error:
            return str(error)
        return ""

    def of(self, stickers: Iterable[Sticker]) -> list[Image.Image]:
        """Their pictures."""
        return [Image.fromarray(self._pixels[self._place[sticker.id]]) for sticker in stickers]


def side_of(processor: Any) -> int:
    """Pixels of the square that a processor makes of a picture, where it always makes the same; `SIDE` otherwise."""
    cut = getattr(processor.image_processor, "crop_size", None)
    return int(cut["height"]) if cut and "height" in cut else SIDE

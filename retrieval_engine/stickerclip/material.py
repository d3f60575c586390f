"""The release as StickerCLIP takes it: stickers whose pictures can be read, with their frames decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from ..dense import Vectors
from ..training import release
from ..training.processes import World
from ..training.release import Part, Sticker
from ..training.run import Reporter, Stopped
from .encoding import Towers
from .pictures import Frames, decode

FOLDER: Final = "frames"
"""In the run's folder; can be made again."""


@dataclass(frozen=True, slots=True)
class Material:
    """`places[i]` is the place of sticker i among those of `frames`."""

    stickers: list[Sticker]
    frames: Frames
    places: list[int]

    @classmethod
    def prepare(cls, stickers: list[Sticker], size: int, report: Reporter, world: World) -> Self:
        """Decode the stickers' pictures to `size`; those that cannot be read are left out, and said so."""
        report.phase("preparing", len(stickers))
        files, folder = [sticker.picture for sticker in stickers], report.folder / FOLDER
        with world.together(Stopped, OSError):
            if world.is_first:
                decode(files, size, folder, lambda n: report.step(n, len(files), {}))
        frames = Frames.open(folder, size)
        for file, problem in frames.problems.items():
            report.warn(f"{file} is left out: {problem}.")
        places = np.flatnonzero(frames.counts).tolist()
        return cls([stickers[place] for place in places], frames, places)

    def of(self, part: Part) -> list[int]:
        """The stickers of a part of the split."""
        return [place for place, sticker in enumerate(self.stickers) if sticker.part == part]

    def vectors(self, towers: Towers, chosen: list[int] | None = None) -> Vectors:
        """[n, d] of the pictures of some stickers, or of all."""
        places = self.places if chosen is None else [self.places[place] for place in chosen]
        return towers.encode_pictures(self.frames, places)

    def facts(self) -> dict[str, Any]:
        """What there is, in numbers."""
        n_queries = sum(len(sticker.queries) for sticker in self.stickers)
        parts = {f"n_{part}": len(self.of(part)) for part in release.PARTS}
        languages = release.languages(self.stickers)
        return {"n_stickers": len(self.stickers), **parts, "n_queries": n_queries, "languages": languages}

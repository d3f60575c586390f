"""Which stickers exist, and how each is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from .characters import CAST
from .expressions import EXPRESSIONS, Expression, compose
from .render import fit_box, rasterise, union
from .rig import Character

# Pairs that do not come off, with the reason.
EXCLUDED: dict[str, str] = {}


@dataclass(frozen=True)
class Sticker:
    who: Character
    expression: Expression

    @property
    def id(self) -> str:
        return f"{self.who.name}_{self.expression.name}"

    @property
    def file(self) -> str:
        return f"{self.id}.webp"

    @property
    def moves(self) -> bool:
        return self.who.name in self.expression.moves

    def draw(self, t: float) -> Image.Image:
        return rasterise(compose(self.who, self.expression, t))

    def frames(self) -> tuple[list[Image.Image], list[int]]:
        """All pictures on one common canvas, and how long each stays (ms)."""
        timing = self.expression.timing(self.who)
        scenes = [compose(self.who, self.expression, t) for t, _ in timing]
        fit = fit_box(union([s.bounds() for s in scenes]))
        return [rasterise(s, fit) for s in scenes], [ms for _, ms in timing]


STICKERS: dict[str, Sticker] = {
    s.id: s for e in EXPRESSIONS.values() for who in CAST.values() if (s := Sticker(who, e)).id not in EXCLUDED
}

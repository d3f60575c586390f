"""Display list: what is drawn, in which order.  Knows nothing about pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import palette as P
from .geometry import Path, Transform, cuff, move


class Z:
    """Painter's layers."""

    FAR, BACK, LIMB_BACK, LEGS, BODY, FACE, TEARS, HELD, ARM, FRONT, FX = range(0, 110, 10)


@dataclass(frozen=True)
class Item:
    """One SVG path.  `px` is extra stroke width in canvas pixels (does not scale with fit)."""

    path: Path
    z: float
    fill: str | None = None
    stroke: str | None = None
    width: float = 0.0
    px: float = 0.0
    clip: Path | None = None
    alpha: float = 1.0
    cut: bool = False


@dataclass
class Scene:
    items: list[Item] = field(default_factory=list)
    _stack: list[Transform] = field(default_factory=list)

    @contextmanager
    def transform(self, *fns: Transform) -> Iterator[None]:
        """Apply fns (first runs first) to everything added inside."""
        self._stack.extend(reversed(fns))
        yield
        del self._stack[len(self._stack) - len(fns) :]

    def apply(self, path: Path) -> Path:
        for fn in reversed(self._stack):
            path = path.map(fn)
        return path

    def add(
        self,
        path: Path,
        z: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
        width: float = 0.0,
        px: float = 0.0,
        clip: Path | None = None,
        alpha: float = 1.0,
        cut: bool = False,
    ) -> None:
        clip = self.apply(clip) if clip else None
        self.items.append(Item(self.apply(path), z, fill, stroke, width, px, clip, alpha, cut))

    # -- the three ways everything is drawn
    def shape(
        self,
        path: Path,
        fill: str,
        z: float,
        *,
        shade: str | None = None,
        outline: bool = True,
        offset: tuple[float, float] = (-9, -13),
        alpha: float = 1.0,
    ) -> None:
        """Outlined fill with an optional cel-shade crescent at bottom right."""
        if outline:
            self.add(path, z, stroke=P.INK, px=2 * P.OUTLINE, fill=P.INK, cut=True)
        self.add(path, z, fill=shade or fill, alpha=alpha, cut=not outline)
        if shade:
            self.add(path.map(move(*offset)), z, fill=fill, clip=path, alpha=alpha)

    def merged(self, shapes: Sequence[tuple[Path, str, str | None]], z: float) -> None:
        """Several shapes that share one silhouette: all outlines first, then all fills."""
        for path, _, _ in shapes:
            self.add(path, z, stroke=P.INK, px=2 * P.OUTLINE, fill=P.INK, cut=True)
        for path, fill, shade in shapes:
            self.shape(path, fill, z, shade=shade, outline=False)

    def tube(self, path: Path, width: float, fill: str, z: float) -> None:
        """Outlined rounded stroke."""
        self.add(path, z, stroke=P.INK, width=width, px=2 * P.OUTLINE, cut=True)
        self.add(path, z, stroke=fill, width=width)

    def limb(self, path: Path, width: float, fill: str, z: float, gap: float = 0.5) -> None:
        """Like tube, but the outline starts a little after the joint, with round ends,
        so that the limb grows out of a body of the same colour."""
        self.add(cuff(path, width, gap), z, stroke=P.INK, px=2 * P.OUTLINE, cut=True)
        self.add(path, z, stroke=fill, width=width, cut=True)

    def line(
        self,
        path: Path,
        z: float,
        width: float = P.FEATURE,
        color: str = P.INK,
        cut: bool = False,
        clip: Path | None = None,
        alpha: float = 1.0,
    ) -> None:
        self.add(path, z, stroke=color, width=width, cut=cut, clip=clip, alpha=alpha)

    def fill(
        self, path: Path, color: str, z: float, *, clip: Path | None = None, alpha: float = 1.0, cut: bool = False
    ) -> None:
        self.add(path, z, fill=color, clip=clip, alpha=alpha, cut=cut)

    def bounds(self) -> tuple[float, float, float, float]:
        boxes = []
        for it in self.items:
            if it.cut:
                x0, y0, x1, y1 = it.path.bounds()
                g = it.width / 2
                boxes.append((x0 - g, y0 - g, x1 + g, y1 + g))
        return (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))

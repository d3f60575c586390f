"""Small immutable cubic-Bezier path type and the shape builders used everywhere."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Transform = Callable[[Point], Point]
K = 0.5522847498


@dataclass(frozen=True)
class Contour:
    """Points laid out start, (c1, c2, end)*; `closed` adds Z."""

    points: tuple[Point, ...]
    closed: bool

    def segments(self) -> Iterable[tuple[Point, Point, Point, Point]]:
        for i in range(0, len(self.points) - 1, 3):
            yield self.points[i], self.points[i + 1], self.points[i + 2], self.points[i + 3]


@dataclass(frozen=True)
class Path:
    contours: tuple[Contour, ...]

    def map(self, fn: Transform) -> Path:
        return Path(tuple(Contour(tuple(fn(p) for p in c.points), c.closed) for c in self.contours))

    def subdivide(self, n: int = 3) -> Path:
        """Split every segment so that non-linear maps bend it smoothly."""
        out = []
        for c in self.contours:
            pts: list[Point] = [c.points[0]]
            for seg in c.segments():
                for i in range(n):
                    pts.extend(_sub_cubic(seg, i / n, (i + 1) / n)[1:])
            out.append(Contour(tuple(pts), c.closed))
        return Path(tuple(out))

    def d(self) -> str:
        parts = []
        for c in self.contours:
            parts.append("M{:.2f} {:.2f}".format(*c.points[0]))
            parts.extend("C{:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f}".format(*b, *cc, *e) for _, b, cc,
                         e in c.segments())
            if c.closed:
                parts.append("Z")
        return "".join(parts)

    def samples(self, n: int = 6) -> Iterable[Point]:
        for c in self.contours:
            yield c.points[0]
            for seg in c.segments():
                for i in range(1, n + 1):
                    yield _cubic_at(seg, i / n)

    def bounds(self) -> tuple[float, float, float, float]:
        xs, ys = zip(*self.samples(), strict=False)
        return min(xs), min(ys), max(xs), max(ys)


def _cubic_at(s: Sequence[Point], t: float) -> Point:
    u = 1 - t
    a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
    return (a * s[0][0] + b * s[1][0] + c * s[2][0] + d * s[3][0],
            a * s[0][1] + b * s[1][1] + c * s[2][1] + d * s[3][1])


def _sub_cubic(s: Sequence[Point], t0: float, t1: float) -> tuple[Point, Point, Point, Point]:
    p0, p3 = _cubic_at(s, t0), _cubic_at(s, t1)
    k = (t1 - t0) / 3
    d0, d1 = _tangent(s, t0), _tangent(s, t1)
    return p0, (p0[0] + d0[0] * k, p0[1] + d0[1] * k), (p3[0] - d1[0] * k, p3[1] - d1[1] * k), p3


def _tangent(s: Sequence[Point], t: float) -> Point:
    u = 1 - t
    def axis(i: int) -> float:
        return 3 * (u * u * (s[1][i] - s[0][i]) + 2 * u * t * (s[2][i] - s[1][i]) + t * t * (s[3][i] - s[2][i]))
    return axis(0), axis(1)


# ---------------------------------------------------------------- transforms
def affine(a: float, b: float, c: float, d: float, e: float, f: float) -> Transform:
    return lambda p: (a * p[0] + c * p[1] + e, b * p[0] + d * p[1] + f)


def move(dx: float, dy: float) -> Transform:
    return affine(1, 0, 0, 1, dx, dy)


def scale(sx: float, sy: float | None = None) -> Transform:
    return affine(sx, 0, 0, sx if sy is None else sy, 0, 0)


def rotate(deg: float, cx: float = 0, cy: float = 0) -> Transform:
    r = math.radians(deg)
    c, s = math.cos(r), math.sin(r)
    return affine(c, s, -s, c, cx - c * cx + s * cy, cy - s * cx - c * cy)


def chain(*fns: Transform) -> Transform:
    def run(p: Point) -> Point:
        for fn in fns:
            p = fn(p)
        return p
    return run


def place(x: float, y: float, deg: float = 0, s: float = 1) -> Transform:
    """Scale, rotate, then move: the usual way to put a prop somewhere."""
    return chain(scale(s), rotate(deg), move(x, y))


# ------------------------------------------------------------------ builders
def ellipse(cx: float, cy: float, rx: float, ry: float | None = None, deg: float = 0) -> Path:
    ry = rx if ry is None else ry
    k = K
    pts = [(1, 0), (1, k), (k, 1), (0, 1), (-k, 1), (-1, k), (-1, 0), (-1, -k), (-k, -1), (0, -1), (k, -1), (1, -k),
           (1, 0)]
    fn = chain(scale(rx, ry), rotate(deg), move(cx, cy))
    return Path((Contour(tuple(fn(p) for p in pts), True),))


def poly(points: Sequence[Point], closed: bool = True) -> Path:
    pts: list[Point] = [points[0]]
    seq = list(points[1:]) + ([points[0]] if closed else [])
    for q in seq:
        p = pts[-1]
        pts += [_lerp(p, q, 1 / 3), _lerp(p, q, 2 / 3), q]
    return Path((Contour(tuple(pts), closed),))


def round_poly(points: Sequence[Point], radius: float | Sequence[float]) -> Path:
    """Polygon with rounded corners (cubic fillets)."""
    n = len(points)
    radii = [radius] * n if isinstance(radius, (int, float)) else list(radius)
    ends = []
    for i, p in enumerate(points):
        a, b = points[i - 1], points[(i + 1) % n]
        ra, rb = min(radii[i], math.dist(p, a) / 2.02), min(radii[i], math.dist(p, b) / 2.02)
        ends.append((_lerp(p, a, ra / math.dist(p, a)), p, _lerp(p, b, rb / math.dist(p, b))))
    pts: list[Point] = [ends[0][0]]
    for i, (s, p, e) in enumerate(ends):
        pts += [_lerp(s, p, K), _lerp(e, p, K), e]
        q = ends[(i + 1) % n][0]
        pts += [_lerp(e, q, 1 / 3), _lerp(e, q, 2 / 3), q]
    return Path((Contour(tuple(pts), True),))


def round_rect(x: float, y: float, w: float, h: float, r: float) -> Path:
    return round_poly([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], r)


def spline(points: Sequence[Point], closed: bool = False, tension: float = 1.0) -> Path:
    """Catmull-Rom through the points."""
    n = len(points)
    def at(i: int) -> Point:
        return points[i % n] if closed else points[max(0, min(n - 1, i))]
    pts: list[Point] = [points[0]]
    for i in range(n if closed else n - 1):
        p0, p1, p2, p3 = at(i - 1), at(i), at(i + 1), at(i + 2)
        k = tension / 6
        pts += [(p1[0] + (p2[0] - p0[0]) * k, p1[1] + (p2[1] - p0[1]) * k),
                (p2[0] - (p3[0] - p1[0]) * k, p2[1] - (p3[1] - p1[1]) * k), p2]
    return Path((Contour(tuple(pts), closed),))


def mirrored(half: Sequence[Point]) -> Path:
    """Closed blob from its right half, listed top centre to bottom centre."""
    left = [(-x, y) for x, y in reversed(half) if x > 0.01]
    return spline(list(half) + left, closed=True)


def curve(*pts: Point) -> Path:
    """Open path: 2 points = line, 3 = quadratic, 4 = cubic."""
    if len(pts) == 2:
        return poly(pts, closed=False)
    if len(pts) == 3:
        a, b, c = pts
        return Path((Contour((a, _lerp(a, b, 2 / 3), _lerp(c, b, 2 / 3), c), False),))
    return Path((Contour(tuple(pts), False),))


def heart(cx: float, cy: float, s: float, deg: float = 0) -> Path:
    pts = [(0, -0.45), (0.12, -0.95), (1.0, -1.1), (1.02, -0.35), (1.02, 0.2), (0.3, 0.6), (0, 0.95),
           (-0.3, 0.6), (-1.02, 0.2), (-1.02, -0.35), (-1.0, -1.1), (-0.12, -0.95), (0, -0.45)]
    fn = chain(scale(s), rotate(deg), move(cx, cy))
    return Path((Contour(tuple(fn(p) for p in pts), True),))


def star(cx: float, cy: float, s: float, points: int = 5, inner: float = 0.5, deg: float = -90,
         r: float = 0.18) -> Path:
    pts = []
    for i in range(points * 2):
        a = math.radians(deg) + math.pi * i / points
        rad = s if i % 2 == 0 else s * inner
        pts.append((cx + math.cos(a) * rad, cy + math.sin(a) * rad))
    return round_poly(pts, s * r)


def sparkle(cx: float, cy: float, s: float) -> Path:
    """Four-pointed twinkle with concave sides."""
    pts: list[Point] = [(0, -1)]
    for x, y in [(1, 0), (0, 1), (-1, 0), (0, -1)]:
        p = pts[-1]
        pts += [(p[0] * 0.34, p[1] * 0.34), (x * 0.34, y * 0.34), (x, y)]
    fn = chain(scale(s * 0.84, s * 1.08), move(cx, cy))
    return Path((Contour(tuple(fn(p) for p in pts), True),))


def drop(cx: float, cy: float, s: float, deg: float = 0) -> Path:
    pts = [(0, -1.3), (0.15, -0.75), (0.75, -0.3), (0.75, 0.25), (0.75, 0.7), (0.4, 0.95), (0, 0.95),
           (-0.4, 0.95), (-0.75, 0.7), (-0.75, 0.25), (-0.75, -0.3), (-0.15, -0.75), (0, -1.3)]
    fn = chain(scale(s), rotate(deg), move(cx, cy))
    return Path((Contour(tuple(fn(p) for p in pts), True),))


def cuff(path: Path, width: float, gap: float = 0.5) -> Path:
    """U-shaped outline of a rounded limb, left open near its first point (gap in widths)."""
    pts = list(path.samples(20))
    start = pts[0]
    sides: tuple[list[Point], list[Point]] = ([], [])
    normal = (0.0, 1.0)
    r = width / 2
    for p, q in pairwise(pts):
        n = math.dist(p, q) or 1e-6
        normal = (-(q[1] - p[1]) / n, (q[0] - p[0]) / n)
        if math.dist(q, start) >= gap * width:
            sides[0].append((q[0] + normal[0] * r, q[1] + normal[1] * r))
            sides[1].append((q[0] - normal[0] * r, q[1] - normal[1] * r))
    end, a0 = pts[-1], math.atan2(normal[1], normal[0])
    turns = [a0 - math.pi * k / 8 for k in range(1, 8)]
    cap = [(end[0] + r * math.cos(a), end[1] + r * math.sin(a)) for a in turns]
    return spline(sides[0] + cap + sides[1][::-1])


def _lerp(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t

"""How an expression is written down, and how a character plays it."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..face import Face
from ..geometry import Point, chain, rotate
from ..props import Draw
from ..rig import Arm, Character, Pose, Stage, build
from ..scene import Scene

LAG = 0.1            # how far behind the head loose parts are, in loops
MAX_TRAIL = 26.0


@dataclass(frozen=True)
class Spec:
    pose: Pose = Pose()
    face: Face = Face()
    figure: Sequence[Draw] = ()      # drawn with the body's rotation and position
    world: Sequence[Draw] = ()       # drawn upright


Make = Callable[[float, Character], Spec]


@dataclass(frozen=True)
class Expression:
    """make(t, who) tells what happens at loop phase t; `moves` names those for whom it is worth a moving sticker."""

    name: str
    make: Make
    moves: frozenset[str] = frozenset()
    frames: int = 8
    ms: int = 90
    holds: Mapping[int, int] = field(default_factory=dict)
    still: float = 0.125

    def timing(self, who: Character) -> list[tuple[float, int]]:
        """(phase, ms) of every frame, the most telling one first; one frame for those who stand still.

        The robot moves in fewer, longer steps.
        """
        if who.name not in self.moves:
            return [(self.still, 0)]
        beats = [self.holds.get(i, self.ms) for i in range(self.frames)]
        if who.name == "robot":
            beats = [sum(beats[i:i + 2]) for i in range(0, self.frames, 2)]
        n = len(beats)
        first = round(self.still * n)
        return [((first + i) % n / n, beats[(first + i) % n]) for i in range(n)]


EXPRESSIONS: dict[str, Expression] = {}


def expression(moves: str = "", frames: int = 8, ms: int = 90, holds: Mapping[int, int] | None = None,
               still: float = 0.125) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        EXPRESSIONS[make.__name__] = Expression(make.__name__, make, frozenset(moves.split()), frames, ms, holds or {},
                                                still)
        return make
    return register


def compose(who: Character, e: Expression, t: float) -> Scene:
    spec = e.make(t, who)
    stage = Stage(Scene(), who, spec.pose, spec.face, t, _trail(who, e, t))
    with stage.scene.transform(*stage.placement()):
        build(stage)
        for draw in spec.figure:
            draw(stage)
        if who.crest:
            who.crest(stage)
    for draw in spec.world:
        draw(stage)
    return stage.scene


def _trail(who: Character, e: Expression, t: float) -> Point:
    """Where the top of the head was a moment ago, seen from where it is now."""
    now, before = e.make(t, who).pose, e.make((t - LAG) % 1.0, who).pose
    (x0, y0), (x1, y1) = _crown(who, before), _crown(who, now)
    dx, dy = rotate(-now.rotate)((x0 - x1, y0 - y1))
    k = min(1.0, MAX_TRAIL / max(1e-9, math.hypot(dx, dy)))
    return dx * k, dy * k


def _crown(who: Character, pose: Pose) -> Point:
    stage = Stage(Scene(), who, pose, Face())
    return chain(*stage.placement())(stage.top())


def polar(u: float, v: float = 1.0, bend: float = 0.12, behind: bool = False, over: bool = False) -> Arm:
    return Arm("polar", u, v, bend, behind, over)


def at_face(u: float, v: float, bend: float = 0.2, behind: bool = False, over: bool = False) -> Arm:
    return Arm("face", u, v, bend, behind, over)


def at_chest(u: float, v: float, bend: float = 0.25, over: bool = False) -> Arm:
    return Arm("chest", u, v, bend, over=over)


def at_frame(u: float, v: float, bend: float = 0.34) -> Arm:
    return Arm("frame", u, v, bend)


UP = at_frame(1.3, 0.82)
HIPS = at_chest(0.72, 0.44, 0.6)

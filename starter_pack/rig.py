"""Body rig: bends and squashes a bean-shaped character, hangs limbs and face on it."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from . import palette as P
from .face import Face, FaceStyle, draw_face
from .geometry import Path, Point, Transform, chain, curve, ellipse, move, rotate, scale
from .scene import Scene, Z


@dataclass(frozen=True)
class Arm:
    """Where the hand goes.

    space 'polar': u = angle (0 hangs down, 90 straight out, 180 up, negative crosses the body), v = reach (arm lengths)
    space 'face' : u, v in eye-distances from between the eyes (u > 0 is the arm's own side)
    space 'chest': u x half width, v x chin height: below the mouth of every character while v < 0.75
    space 'frame': u x half width, v x height: clear of the head for every character
    """

    space: str = "polar"
    u: float = 28
    v: float = 1.0
    bend: float = 0.12
    behind: bool = False
    over: bool = False     # in front of held props


DOWN = Arm()
HIDDEN = Arm("none")


@dataclass(frozen=True)
class Pose:
    squash: float = 0.0            # > 0 wide and short, < 0 tall and thin
    bend: float = 0.0              # degrees over the full height, > 0 leans right
    rotate: float = 0.0            # whole figure
    at: Point = (0.0, 0.0)         # moved, y down
    left: Arm = DOWN               # on screen left
    right: Arm = DOWN
    legs: str = "stand"            # stand sit run kick wide tiptoe none
    phase: float = 0.0             # for run / kick


@dataclass(frozen=True)
class Character:
    name: str
    height: float
    face_y: float                  # eye line above ground
    chin: float                    # what lies lower never hides the mouth
    style: FaceStyle
    skin: P.Skin
    shoulder: Point                # right side; x > 0, y above ground
    arm: tuple[float, float]       # length, width
    hip: float
    leg: tuple[float, float]       # length, width
    body: Callable[[Stage], None]
    back: Callable[[Stage], None] | None = None
    foot: Callable[[Stage, float, float, float], None] | None = None
    crest: Callable[[Stage], None] | None = None     # rides on top of whatever is worn
    half_width: float = 130
    brow_band: Point = (0.0, 0.0)  # where a headband sits: height above ground, half width
    big_head: bool = False         # raised arms pass behind the head, not across the face
    hat_lift: float = 0.0          # how far above the top of the head soft hats rest
    elbow: float = 1.0             # how far elbows stick out
    energy: float = 1.0            # how much it throws itself into a movement

    @property
    def fit(self) -> float:
        """Scale of things held under the chin."""
        return min(1.0, self.chin / 118)


@dataclass
class Stage:
    """A posed character on a scene; also tells props where the hands and the face are."""

    scene: Scene
    who: Character
    pose: Pose
    face: Face
    t: float = 0.0
    trail: Point = (0.0, 0.0)      # how far loose parts (ears, tail, antenna) lag behind the head
    hands: dict[int, Point] = field(default_factory=dict)
    crest_lift: float = 0.0        # hats raise what sits on top of the head

    def warp(self, p: Point) -> Point:
        """Body space -> figure space."""
        sq = self.pose.squash
        x, y = p[0] * (1 + sq * 0.75), p[1] * (1 - sq)
        b = math.radians(self.pose.bend)
        if abs(b) < 1e-4:
            return x, y
        h = self.who.height
        th = b * max(-0.2, -y / h)
        r = h / b
        return r * (1 - math.cos(th)) + x * math.cos(th), -r * math.sin(th) + x * math.sin(th)

    def angle_at(self, y: float) -> float:
        return self.pose.bend * max(0.0, y * (1 - self.pose.squash) / self.who.height)

    def part(self, path: Path) -> Path:
        return path.subdivide(3).map(self.warp)

    def loose(self, x: float, y: float, k: float = 1.0) -> Point:
        """A body-space point that lags behind by k times the trail."""
        return x + self.trail[0] * k, y + self.trail[1] * k

    def face_frame(self) -> Transform:
        sq = self.pose.squash
        x, y = self.warp((0, -self.who.face_y))
        return chain(scale(1 + sq * 0.3, 1 - sq * 0.35), rotate(self.angle_at(self.who.face_y)), move(x, y))

    def on_face(self, u: float, v: float) -> Point:
        d = self.who.style.eye_dx
        tx, ty = self.face.turn
        return self.face_frame()((u * d + tx, v * d + ty))

    def at_mouth(self, dx: float = 0.0, dy: float = 0.0) -> Point:
        tx, ty = self.face.turn
        return self.face_frame()((dx + tx, self.who.style.mouth_y + dy + ty))

    def around(self, u: float, v: float) -> Point:
        """Half widths and heights from the ground centre: beside the upright character, whoever it is."""
        return u * self.who.half_width, -v * self.who.height

    def placement(self) -> list[Transform]:
        return [rotate(self.pose.rotate, 0, -self.who.height * 0.45), move(*self.pose.at)]

    def top(self) -> Point:
        return self.warp((0, -self.who.height))


def build(stage: Stage) -> None:
    """Draw the character; fills stage.hands (in figure space)."""
    w, sc = stage.who, stage.scene
    arms = ((-1, stage.pose.left), (1, stage.pose.right))
    for side, arm in arms:
        stage.hands[side] = _hand(stage, side, arm)
    if w.back:
        w.back(stage)
    _legs(stage)
    w.body(stage)
    with sc.transform(stage.face_frame()):
        draw_face(sc, stage.face, w.style)
    for side, arm in arms:
        _arm(stage, side, arm)
    if stage.face.flush:
        _flush(stage, stage.face.flush)


def _flush(stage: Stage, amount: float) -> None:
    """Turn the coat (not the markings, not the ink) towards the character's angry colours."""
    skin = stage.who.skin
    coat = {skin.fill: skin.hot, skin.shade: skin.hot_shade}
    hot = {old: P.mix(old, new, amount if skin.blends else 1.0) for old, new in coat.items()}
    stage.scene.items = [replace(it, fill=hot.get(it.fill or "", it.fill), stroke=hot.get(it.stroke or "", it.stroke))
                         for it in stage.scene.items]


def _shoulder(stage: Stage, side: int) -> Point:
    x, y = stage.who.shoulder
    return stage.warp((side * x, -y))


def _hand(stage: Stage, side: int, arm: Arm) -> Point:
    who = stage.who
    if arm.space == "face":
        return stage.on_face(side * arm.u, arm.v)
    if arm.space == "chest":
        return stage.warp((side * arm.u * who.half_width, -arm.v * who.chin))
    if arm.space == "frame":
        return stage.warp((side * arm.u * who.half_width, -arm.v * who.height))
    sx, sy = _shoulder(stage, side)
    a, reach = math.radians(arm.u), who.arm[0] * arm.v
    dx, dy = side * math.sin(a) * reach, math.cos(a) * reach
    return rotate(stage.angle_at(who.shoulder[1]), sx, sy)((sx + dx, sy + dy))


def _arm(stage: Stage, side: int, arm: Arm) -> None:
    if arm.space == "none":
        return
    w = stage.who
    behind = arm.behind or (w.big_head and arm.space == "frame")
    z = Z.LIMB_BACK if behind else (Z.FRONT + 1 if arm.over else Z.ARM)
    s, h = _shoulder(stage, side), stage.hands[side]
    k = arm.bend * w.elbow * side * 1.6
    path = curve(s, ((s[0] + h[0]) / 2 - (h[1] - s[1]) * k, (s[1] + h[1]) / 2 + (h[0] - s[0]) * k), h)
    if w.skin.limb == w.skin.fill and not behind:
        stage.scene.limb(path, w.arm[1], w.skin.limb, z, 0.12 if arm.over else 0.5)
    else:
        stage.scene.tube(path, w.arm[1], w.skin.limb, z)


def _legs(stage: Stage) -> None:
    w, p, sc = stage.who, stage.pose, stage.scene
    if p.legs == "none" or w.leg[1] == 0:
        return
    for side in (-1, 1):
        if p.legs == "sit":
            a = stage.warp((side * w.hip * 1.25, -20))
            sc.shape(ellipse(*a, w.leg[1] * 0.62, w.leg[1] * 0.74, side * 24), w.skin.foot, Z.HELD - 6)
            continue
        a, b = stage.warp((side * w.hip, -w.leg[0] * 0.9)), stage.warp(_foot(w, p, side))
        if w.foot:
            w.foot(stage, a[0], b[0], b[1])
        else:
            sc.tube(curve(a, b), w.leg[1], w.skin.foot, Z.LEGS)


def _foot(w: Character, p: Pose, side: int) -> Point:
    """End of one leg in body space."""
    hx, length = side * w.hip, w.leg[0]
    k = math.sin(2 * math.pi * p.phase + (math.pi if side < 0 else 0))
    if p.legs == "run":
        return hx * 0.5 + 84 * k, length * 1.6 - 20 * abs(k)
    if p.legs == "kick":
        return hx * 1.2 + side * 10, length * 0.42 - 16 * k
    if p.legs == "wide":
        return hx * 1.55, length * 0.2
    if p.legs == "tiptoe":
        return hx * 0.8, length * 0.35
    return hx * 1.05, length * 0.18

"""Hugs, hearts and blushes."""
from __future__ import annotations

from ..face import Face
from ..motion import blink, keyed, swell, wave
from ..props.hands import grip, palm, pointing
from ..props.held import big_heart
from ..props.marks import hearts
from ..rig import Character, Pose
from .base import HIPS, Spec, at_chest, at_face, expression, polar


@expression("panda ghost bao", 6, 110)
def hug(t: float, who: Character) -> Spec:
    k = wave(t)
    arm = polar(100 + 10 * k, 1.45 + 0.1 * k, -0.2)
    face = Face("happy", "open", blush=1.15, turn=(0, -4))
    pose = Pose(squash=0.02 * k, at=(0, -3 * k), left=arm, right=arm, legs="tiptoe")
    return Spec(pose, face, [], [hearts([(0, 0.55 * who.chin / who.height, 34 * who.fit, 0), (-1.06, 1.02, 26, -14),
                                         (1.1, 1.04, 30, 14)])])


@expression("panda cat bao robot", 6, 110)
def love(t: float, who: Character) -> Spec:
    hands = at_chest(0.34, 0.4, 0.3)
    pose = Pose(squash=0.02, left=hands, right=hands)
    figure = [big_heart(), grip(-1, 0.92), grip(1, 0.92)]
    return Spec(pose, Face("heart", "open", blush=1.1, turn=(0, -8), mouth_scale=0.85), figure,
                [hearts([(-1.24, 0.94, 24, -16), (1.26, 0.98, 30, 16)])])


@expression("cat bao frog duck", 6, 110)
def kiss(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.2, 0), (0.45, 1), (0.75, 1)])
    near = at_chest(0.6, 0.95, 0.2) if who.name == "bao" else at_face(1.25 if who.name == "duck" else 0.95, 1.1, 0.35)
    pose = Pose(bend=7, left=HIPS, right=near)
    stream = hearts([(1.0, 0.66, 36, 14), (1.22, 0.7, 32, 18), (1.06, 0.72, 30, -10)], 120)
    return Spec(pose, Face("dot|happy", "kiss", blush=1.25, turn=(2 + 4 * k, -4)), [], [stream])


@expression("ghost bao", 6, 130, still=0.25)
def shy(t: float, who: Character) -> Spec:
    k = wave(t)
    hands = at_chest(0.34 + 0.03 * wave(t, 2), 0.5, 0.3)
    pose = Pose(bend=7 + 3 * k, squash=0.03, left=hands, right=hands)
    face = Face(blink(t, "dot", shut="closed"), "wave", look=(1, 0.7), brows="sad", blush=1.5, turn=(6, -4),
                mouth_scale=0.6)
    return Spec(pose, face, [pointing(-1), pointing(1)])


@expression("ghost frog", 6, 90, holds={0: 500, 3: 600}, still=0.0)
def cant_look(t: float, who: Character) -> Spec:
    open_ = swell(t)
    low = 0.14 + {"ghost": 1.0, "frog": 0.6}.get(who.name, 0.0) * open_
    left, right = at_face(0.95, 0.14, 0.3, over=True), at_face(0.95 + 0.2 * open_, low, 0.3, over=True)
    return Spec(Pose(squash=0.05, left=left, right=right), Face("dot", "wave", blush=1.3, mouth_scale=0.75),
                [palm(-1, 1.4, 10), palm(1, 1.4, -10)])

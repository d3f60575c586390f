"""Cold, heat, illness, and worse."""
from __future__ import annotations

from ..face import Face
from ..motion import blink, wave
from ..props.bubbles import soul
from ..props.marks import gloom, puffs, shivers, snow
from ..props.scenery import melt_puddle, sun
from ..props.tears import sweat
from ..props.worn import blanket, ice_bag, thermometer
from ..rig import HIDDEN, Character, Pose
from .base import Spec, expression, polar


@expression("ghost bao duck capybara", 4, 60)
def cold(t: float, who: Character) -> Spec:
    pose = Pose(at=(4 * wave(t, 1, 0.25), 0), squash=0.03, left=HIDDEN, right=HIDDEN)
    flakes = snow([(-1.22, 1.04, 18), (1.26, 1.06, 22)])
    return Spec(pose, Face("squint", "teeth", brows="sad", blush=1.1), [blanket("#ef8fa6", hood=True)],
                [shivers(), flakes])


@expression("cat frog", 6, 180)
def melting(t: float, who: Character) -> Spec:
    k = wave(t)
    flop = polar(74, 1.0, 0.3)
    face = Face("droop", "tongue", look=(0, -0.4), blush=1.2, turn=(0, 6 + 3 * k))
    pose = Pose(squash=0.3 + 0.03 * k, bend=-5, left=flop, right=flop, legs="none")
    return Spec(pose, face, [melt_puddle(), sweat(1, 22, 12), sweat(-1, 18, 12)], [sun(1, 0.96)])


@expression("capybara", 6, 180)
def sick(t: float, who: Character) -> Spec:
    pose = Pose(bend=-6, squash=0.05, left=HIDDEN, right=HIDDEN)
    face = Face(blink(t, "droop", shut="closed"), "wave", look=(0, 0.3), blush=1.35, mouth_scale=0.8, turn=(0, -10))
    return Spec(pose, face, [ice_bag(), blanket("#8fcfb0"), thermometer()])


@expression("panda duck robot capybara", 6, 160)
def soul_leaving(t: float, who: Character) -> Spec:
    pose = Pose(bend=-10, squash=0.06, left=polar(8), right=polar(8), legs="sit")
    return Spec(pose, Face("hollow", "o", blush=0, turn=(-4, 6)), [soul(), gloom()])


@expression("robot capybara", ms=140)
def dead_inside(t: float, who: Character) -> Spec:
    pose = Pose(bend=9, squash=0.05, left=polar(6, 1.1), right=polar(14, 1.1), legs="sit")
    smoke = puffs([(0.56, 1.14, 26), (0.9, 1.27, 18)], "#b9bccb")
    return Spec(pose, Face("cross", "wave", blush=0), [gloom()], [smoke])

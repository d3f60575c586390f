"""Crying, pleading, sorry."""
from __future__ import annotations

from ..face import Face
from ..motion import blink, keyed, swell, wave
from ..props.marks import sparkles
from ..props.scenery import rump
from ..props.tears import puddle, rivers, sweat, well_up
from ..rig import Character, Pose
from .base import Spec, at_chest, expression, polar


@expression("panda cat ghost bao duck", 6, 100)
def cry_river(t: float, who: Character) -> Spec:
    k = wave(t, 2) * who.energy
    pose = Pose(squash=0.03 * k - 0.04, left=polar(140 + 6 * k, 1.0), right=polar(140 + 6 * k, 1.0), legs="none")
    return Spec(pose, Face("weep", "bawl", brows="sad", turn=(0, -8)), [puddle(), rivers()])


@expression("cat bao frog", 6, 130, holds={0: 500})
def pleading(t: float, who: Character) -> Spec:
    k = swell(t)
    hands = at_chest(0.13, 0.5 + 0.04 * wave(t, 2))
    face = Face(blink(t, "big", shut="closed"), "wave", blush=1.2, turn=(0, 2 - 4 * k), mouth_scale=0.6)
    return Spec(Pose(squash=0.03, left=hands, right=hands), face, [],
                [sparkles([(-1.28, 0.86, 24), (1.28, 0.74, 18)], "#fff1a8")])


@expression("ghost bao", ms=130)
def tearing_up(t: float, who: Character) -> Spec:
    hands = at_chest(0.24, 0.66, 0.3)
    pose = Pose(bend=-4, left=hands, right=hands)
    return Spec(pose, Face("big", "frown", brows="sad", mouth_scale=0.7), [well_up(13)])


@expression("cat ghost duck", 6, 100, holds={0: 300, 3: 500}, still=0.5)
def sorry(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0.45), (0.4, 1), (0.7, 1)])
    reach = at_chest(0.8, -0.04, 0.1, over=True)
    low = {"bao": 26, "panda": 20, "robot": 26}.get(who.name, 44)
    tails = {"cat": "long", "panda": "round"}
    rear = [] if who.name in ("ghost", "bao", "robot") else [rump(tails.get(who.name, "none"))]
    face = Face("weep", "wave", brows="sad", turn=(0, low * k), blush=0.8, mouth_scale=0.7)
    return Spec(Pose(squash=0.12 + 0.18 * k, left=reach, right=reach, legs="none"), face,
                [*rear, sweat(1, 24, dx=18, dy=-10)])

"""Laughing."""
from __future__ import annotations

from ..face import Face
from ..motion import hop, wave
from ..props.marks import burst
from ..props.tears import joy
from ..rig import Character, Pose
from .base import Spec, at_chest, expression, polar


@expression("panda cat ghost bao frog duck robot", 6, 80)
def haha(t: float, who: Character) -> Spec:
    k = wave(t, 2) * who.energy
    pose = Pose(squash=0.05 * k, bend=-5 + 3 * wave(t) * who.energy, left=at_chest(0.16, 0.42 * who.fit),
                right=polar(118, 1.05 + 0.1 * k))
    return Spec(pose, Face("happy", "laugh", brows="up", turn=(-3, -5 - 2 * k), mouth_scale=0.3 + 0.7 * who.fit),
                [joy()])


@expression("panda bao frog duck", 6, 100)
def rofl(t: float, who: Character) -> Spec:
    rock = 30 if who.name == "bao" else 13
    pose = Pose(rotate=-72 + rock * wave(t), at=(0, -6 * hop(2 * t)), left=at_chest(0.2, 0.45), right=polar(124, 1.4),
                legs="kick", phase=t)
    shake = [burst(0, 0.42, 1.18, 138, 166, 3), burst(0.1, 0.42, 1.18, 14, 42, 3)]
    return Spec(pose, Face("squint", "laugh", mouth_scale=0.95), [joy()], shake)

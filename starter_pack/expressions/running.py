"""Getting away."""
from __future__ import annotations

from ..face import Face
from ..motion import hop, wave
from ..props.marks import puffs, streaks
from ..props.tears import flying
from ..rig import Character, Pose
from .base import Spec, at_frame, expression


@expression("panda cat ghost frog duck", 6, 70)
def run_away(t: float, who: Character) -> Spec:
    k = wave(t) * who.energy
    flies = who.name == "ghost"
    pose = Pose(bend=14, rotate=20 if flies else 8, squash=-0.06 if flies else 0.0, at=(0, -18 * hop(t * 2)),
                left=at_frame(1.24, 0.68 + 0.1 * k), right=at_frame(1.2, 0.68 - 0.1 * k),
                legs="run", phase=t)
    face = Face("wide", "scream", look=(-0.8, 0.1), turn=(14, 0), blush=0.6, mouth_scale=0.7, brows="sad")
    dust = [] if flies else [puffs([(-1.14, 0.02, 28), (-1.5, 0.08, 20)], drift=26)]
    return Spec(pose, face, [flying(2, -1)], [*dust, streaks([(-1.62, 0.3, 60), (-1.7, 0.5, 46), (-1.58, 0.68, 40)])])

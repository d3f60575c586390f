"""Anger and refusal."""
from __future__ import annotations

from ..face import Face
from ..motion import keyed, wave
from ..props.hands import grip
from ..props.held import no_sign
from ..props.marks import anger, burst, flames, puffs
from ..props.scenery import cup, table
from ..rig import Character, Pose
from .base import HIPS, Spec, at_chest, at_frame, expression, polar

RED_SCREEN = "#ff8079"


@expression("bao duck robot", 6, 90)
def angry(t: float, who: Character) -> Spec:
    k = wave(t, 2)
    fists = polar(52 + 5 * k, 0.9, -0.3)
    pose = Pose(squash=0.04, left=fists, right=fists, legs="wide")
    face = Face("glare", "frown", brows="angry", blush=1.15, flush=0.5, glow=RED_SCREEN, turn=(0, 2))
    return Spec(pose, face, [anger(30)], [puffs([(-1.2, 0.82, 24), (1.24, 0.84, 20)], drift=14)])


@expression("frog robot capybara", 4, 70)
def furious(t: float, who: Character) -> Spec:
    fists = polar(62, 1.15, -0.35)
    pose = Pose(at=(5 * wave(t, 1, 0.25), 0), squash=0.03, left=fists, right=fists, legs="wide")
    face = Face("glare", "teeth", brows="angry", blush=0, flush=1.0, glow=RED_SCREEN, turn=(0, -4))
    return Spec(pose, face, [flames()], [anger(30)])


@expression("cat frog duck", 6, 90, holds={3: 300}, still=0.5)
def table_flip(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.4, 1), (0.6, 1)])
    pose = Pose(bend=-6 - 10 * k, squash=0.05 * (1 - k), left=at_frame(1.2, 0.72 + 0.06 * k),
                right=at_frame(1.12, 0.64 + 0.06 * k), legs="wide")
    face = Face("glare", "scream", brows="angry", blush=0.7, turn=(6, -4), flush=0.6, glow=RED_SCREEN)
    fly = [table(0.62, 1.1 + 0.15 * k, 184 + 24 * k), cup(1.42, 0.8 + 0.14 * k, 30 + 30 * k)]
    return Spec(pose, face, [anger(26, -1)], fly)


@expression("bao capybara", 6, 110)
def no(t: float, who: Character) -> Spec:
    face = Face("line", "frown", brows="angry", blush=0, turn=(9 * wave(t), -6))
    if who.name in ("bao", "ghost", "robot", "capybara"):
        raised = at_frame(1.05, 0.66, 0.2)
        return Spec(Pose(squash=0.02, left=HIPS, right=raised, legs="wide"), face, [no_sign(1), grip(1, 1.0)])
    crossed = at_chest(-0.5, 1.12, 0.02, over=True)
    rays = [burst(0, 0.45, 1.3, -24, 24, 3), burst(0, 0.45, 1.3, 156, 204, 3)]
    return Spec(Pose(squash=0.02, bend=2 * wave(t, 2), left=crossed, right=crossed, legs="wide"), face, [], rays)

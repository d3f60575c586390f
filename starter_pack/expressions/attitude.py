"""Attitude: smug, bored, above it all."""
from __future__ import annotations

from .. import palette as P
from ..face import Face
from ..motion import blink, keyed, swell, wave
from ..props.bubbles import bubble_dots
from ..props.hands import palm
from ..props.marks import puffs, sparkles
from ..props.tears import sweat
from ..props.worn import crown
from ..rig import Character, Pose
from .base import HIPS, Spec, at_chest, at_face, at_frame, expression, polar


@expression("cat", 6, 110, holds={0: 500, 3: 700}, still=0.5)
def smirk(t: float, who: Character) -> Spec:
    k = swell(t)
    chin = at_chest(0.3, 0.66, -0.2) if who.name in ("bao", "ghost") else at_face(0.35, 1.72, 0.35)
    pose = Pose(bend=7, left=HIPS, right=chin)
    return Spec(pose, Face("half", "smirk", brows="cocky", look=(0.2 + 0.6 * k, 0.1), turn=(5 + 3 * k, 2)), [],
                [sparkles([(-1.32, 0.9, 26)])])


@expression("cat panda robot capybara", ms=90, holds={0: 600, 4: 900}, still=0.5)
def side_eye(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.1, 0), (0.45, 1), (0.65, 1)])
    return Spec(Pose(bend=-3, squash=0.03), Face("half", "flat", look=(0.2 - 1.4 * k, 0.1), blush=0, turn=(14 * k, 0)))


@expression("cat frog duck", ms=110, holds={2: 300, 6: 300})
def eye_roll(t: float, who: Character) -> Spec:
    sideways = -wave(t)
    across = -0.04 if who.name == "bao" else -0.3
    pose = Pose(bend=-6, left=at_chest(across - 0.04, 0.6, 0.1), right=at_chest(across, 0.72, 0.1))
    face = Face("roll", "flat", look=(0.7 * sideways, -0.9), brows="flat", blush=0, turn=(-4, -4))
    return Spec(pose, face, [], [puffs([(1.3, 0.35, 24)], P.STEAM)])


@expression("ghost robot", 6, 130)
def awkward(t: float, who: Character) -> Spec:
    k = wave(t, 2)
    pose = Pose(bend=6, left=polar(22, 0.9), right=at_frame(1.14 + 0.03 * k, 0.72 + 0.02 * k, 0.45))
    face = Face(blink(t, "dot"), "awkward", look=(-0.7, 0), brows="sad")
    return Spec(pose, face, [sweat(-1, 26), sweat(-1, 18, dx=34, dy=34)])


@expression("cat duck robot", 6, 90, holds={0: 500, 3: 800}, still=0.5)
def facepalm(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.12, -0.12), (0.4, 1), (0.72, 1)])
    pose = Pose(bend=-9 * k, squash=0.05 * k, left=polar(14, 0.9),
                right=at_face(0.55 + 0.9 * (1 - k), 1.5 * (1 - k), 0.3, over=True))
    face = Face("line" if k > 0.5 else "half", "frown", blush=0, turn=(-6 * k, 10 * k))
    return Spec(pose, face, [palm(1, 1.35, -14)], [puffs([(-1.24, 0.22, 24 * max(0.4, k))])])


@expression("ghost frog capybara", ms=140, holds={7: 400})
def speechless(t: float, who: Character) -> Spec:
    return Spec(Pose(squash=0.02), Face("line", "long_flat", blush=0), [], [bubble_dots(1.12, 1.1, 0.8)])


@expression(still=0.25)
def proud(t: float, who: Character) -> Spec:
    k = wave(t) * who.energy
    pose = Pose(bend=-9, squash=-0.04, left=HIPS, right=HIPS, legs="wide")
    shine = sparkles([(-1.24, 0.82, 26), (1.22, 1.0, 34), (1.3, 0.64, 20)])
    return Spec(pose, Face("closed", "smirk", brows="up", turn=(-4, -12 - 2 * k)), [crown()], [shine])

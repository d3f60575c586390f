"""Celebrating, agreeing, cheering on."""
from __future__ import annotations

from .. import palette as P
from ..face import Face
from ..motion import hop, keyed, leap, swell, wave
from ..props.hands import clapping, ok_ring, thumb
from ..props.held import pompom
from ..props.marks import burst, confetti, hearts, sparkles
from ..props.worn import headband, party_hat
from ..rig import Character, Pose
from .base import HIPS, UP, Spec, at_chest, at_frame, expression, polar


@expression("cat frog duck robot capybara", 6, 90)
def celebrate(t: float, who: Character) -> Spec:
    up, squash = leap(t)
    pose = Pose(squash=squash, at=(0, -40 * up * who.energy), left=UP, right=UP, legs="wide")
    return Spec(pose, Face("happy", "laugh"), [party_hat()], [confetti()])


@expression("panda cat bao frog robot", 6, 80, still=0.3)
def clap(t: float, who: Character) -> Spec:
    apart = swell(t)
    hands = at_chest(0.17 + 0.26 * apart, 0.42, 0.5)
    pose = Pose(squash=0.01, left=hands, right=hands)
    tilt = 8 + 16 * apart
    sound = [burst(0, 0.22, 1.22, 150, 200, 3), burst(0, 0.22, 1.22, -20, 30, 3)] if apart < 0.9 else []
    return Spec(pose, Face("happy", "open", mouth_scale=0.9, turn=(0, -6)), [clapping(-1, tilt), clapping(1, tilt)],
                sound)


@expression("panda cat robot", 6, 80, holds={3: 700}, still=0.5)
def thumbs_up(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.15, -0.15), (0.42, 1.12), (0.5, 1), (0.75, 1)])
    pose = Pose(bend=-6 * k, squash=0.04 * (1 - k), left=HIPS, right=polar(70 + 36 * k, 1.0 + 0.35 * k, 0.3))
    eyes = "happy|dot" if k > 0.5 else "dot"
    return Spec(pose, Face(eyes, "open", brows="up", turn=(4 * k, 0)), [thumb(1)],
                [sparkles([(1.3, 1.04, 26), (-1.26, 0.94, 20)])])


@expression("frog", 6, 90, holds={3: 600}, still=0.5)
def ok(t: float, who: Character) -> Spec:
    k = swell(t)
    eyes = "happy|dot" if k > 0.6 else "dot"
    pose = Pose(bend=-6 * k, left=polar(24, 1.0), right=polar(100 + 12 * k, 1.25 + 0.15 * k, 0.25))
    return Spec(pose, Face(eyes, "open", brows="up", turn=(2, 0)), [ok_ring(1)], [sparkles([(-1.3, 0.92, 26)])])


@expression("panda bao capybara", 6, 100, holds={0: 300, 3: 700}, still=0.5)
def thank_you(t: float, who: Character) -> Spec:
    k = keyed(t, [(0, 0), (0.4, 1), (0.7, 1)])
    hands = at_chest(0.1, 0.38, 0.15)
    deep = 8 if who.name == "bao" else 24
    face = Face("closed" if k > 0.4 else "happy", "smile", turn=(0, deep * k), blush=1.2)
    around = [hearts([(-1.24, 0.8, 28, -14), (1.28, 0.82, 24, 16)]), sparkles([(1.34, 0.46, 20)])]
    return Spec(Pose(squash=0.13 * k, left=hands, right=hands), face, [], around)


@expression("panda cat robot", 6, 90)
def fighting(t: float, who: Character) -> Spec:
    k = hop(t)
    pose = Pose(squash=0.05 - 0.1 * k, at=(0, -18 * k * who.energy), bend=4, left=HIPS,
                right=at_frame(1.26, 0.8 + 0.09 * k, 0.26), legs="wide")
    return Spec(pose, Face("sparkly", "open", brows="angry"), [headband()],
                [burst(-0.06, 0.6, 1.34, 176, 226, 4, P.ORANGE)])


@expression("panda bao frog duck", 6, 90)
def cheer(t: float, who: Character) -> Spec:
    k = wave(t) * who.energy
    pose = Pose(bend=8 * k, squash=0.04 * abs(k), left=at_frame(1.32, 0.66 + 0.12 * k),
                right=at_frame(1.32, 0.66 - 0.12 * k), legs="wide")
    return Spec(pose, Face("happy", "laugh"), [pompom(-1, "#ff86b0"), pompom(1, "#6fb7ff")])

"""Daily life: work, food, sleep."""
from __future__ import annotations

from ..face import Face
from ..motion import blink, keyed, wave
from ..props.bubbles import bubble_dots, nose_bubble
from ..props.hands import grip
from ..props.held import bowl, chopsticks, melon, mug, phone
from ..props.marks import notes, zzz
from ..props.scenery import beanbag, laptop, moon, sun
from ..props.tears import sweat
from ..props.worn import blanket, glasses, nightcap
from ..rig import HIDDEN, Character, Pose
from ..scene import Z
from .base import Spec, at_chest, at_face, expression, polar


@expression("panda cat ghost capybara", ms=150)
def waiting(t: float, who: Character) -> Spec:
    pose = Pose(bend=-7, squash=0.05, left=at_chest(0.13, 0.46, 0.2), right=at_chest(0.19, 0.44, 0.2), legs="sit")
    face = Face(blink(t, "droop", shut="closed"), "tiny", look=(0, 1), blush=0.8, turn=(0, 8))
    return Spec(pose, face, [phone(1, 4, 0.88)], [bubble_dots(1.06, 1.04, 0.85)])


@expression("cat capybara", 6, 110)
def pretend_working(t: float, who: Character) -> Spec:
    k = 0.05 * wave(t, 2)
    pose = Pose(squash=0.04, left=at_chest(0.74, 0.5 + k, 0.3), right=at_chest(0.74, 0.5 - k, 0.3), legs="none")
    face = Face("half", "flat", look=(keyed(t, [(0, 1), (0.4, 1), (0.5, -1), (0.9, -1)]), -0.2), blush=0.6, turn=(4, 0))
    return Spec(pose, face, [laptop(), glasses(), sweat(-1, 20)])


@expression("capybara", ms=130)
def slacking(t: float, who: Character) -> Spec:
    pose = Pose(rotate=-22, at=(-6, 10), left=at_face(1.75, -0.5, -0.5, behind=True), right=at_chest(0.62, 0.92, 0.4),
                legs="sit")
    face = Face(blink(t, "half", shut="closed"), "cat", look=(0.9, 0.6), turn=(4, -2))
    figure = [phone(1, 30, 0.9, Z.FRONT, -40), grip(1, 0.86, 8, 4)]
    return Spec(pose, face, figure, [beanbag(), notes([(-1.36, 0.9, 0.95), (-1.1, 1.14, 0.75)])])


@expression("panda cat ghost bao duck", 6, 220)
def good_night(t: float, who: Character) -> Spec:
    pose = Pose(squash=0.05 + 0.03 * wave(t), left=HIDDEN, right=HIDDEN, legs="none")
    extra = [nose_bubble()] if who.name in ("bao", "frog", "capybara") else []
    return Spec(pose, Face("closed", "tiny", turn=(0, -10)), [nightcap(), blanket(), *extra],
                [zzz(0.92, 0.94), moon(-1.24, 1.02)])


@expression("bao", 6, 150)
def morning_coffee(t: float, who: Character) -> Spec:
    rub = at_face(1.25 + 0.1 * wave(t, 2), 0.1, 0.35)
    face = Face("closed|droop", "flat", look=(0.2, 0.3), blush=0.9)
    return Spec(Pose(bend=-7, left=rub, right=at_chest(0.98, 0.5, -0.3)), face, [mug(1, 1.0)], [sun(-1, 1.0)])


@expression("cat frog", 6, 120)
def hungry(t: float, who: Character) -> Spec:
    k = wave(t, 2) * who.energy
    pose = Pose(squash=0.03, left=at_chest(0.5, 0.34), right=polar(122 + 8 * k, 1.1))
    return Spec(pose, Face("sparkly", "drool", blush=1.1, mouth_scale=0.9, turn=(0, -6)), [bowl(-1), chopsticks(1)])


@expression("panda bao frog capybara", 6, 150)
def eating_melon(t: float, who: Character) -> Spec:
    hands = at_chest(0.53, 0.6)
    munch = wave(t, 2)
    face = Face(blink(t, "dot"), "chew", look=(0.9 if t < 0.5 else -0.9, 0.1), turn=(6, -6 + 2 * munch),
                mouth_scale=1 + 0.06 * munch)
    return Spec(Pose(bend=3, squash=0.02, left=hands, right=hands, legs="sit"), face, [melon(22 * who.chin / 118)])

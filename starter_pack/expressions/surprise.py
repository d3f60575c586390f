"""Surprise and puzzlement."""
from __future__ import annotations

from ..face import Face
from ..motion import blink, leap, swell, wave
from ..props.bubbles import explosion, thought
from ..props.hands import paw
from ..props.marks import burst, questions
from ..props.scenery import wall
from ..rig import HIDDEN, Character, Pose
from .base import Spec, at_chest, at_face, at_frame, expression, polar


@expression("cat ghost frog duck", 6, 80, holds={0: 200, 3: 500}, still=0.5)
def shocked(t: float, who: Character) -> Spec:
    up, squash = leap(t)
    hands = at_frame(1.3, 0.5 + 0.12 * up)
    pose = Pose(squash=squash - 0.07 * up, at=(0, -30 * up * who.energy), left=hands, right=hands, legs="tiptoe")
    rays = [burst(0, 0.8, 1.42, -158, -118, 3), burst(0, 0.8, 1.42, -62, -22, 3)]
    return Spec(pose, Face("tiny", "scream", brows="up", blush=0), [], rays)


@expression("cat bao frog robot", 6, 100)
def mind_blown(t: float, who: Character) -> Spec:
    hold = at_face(1.95, 0.5, 0.4) if who.name in ("frog", "capybara") else at_face(2.35, 0.1, 0.4)
    pose = Pose(squash=0.04, left=hold, right=hold)
    return Spec(pose, Face("tiny", "O", blush=0.6), [explosion()])


@expression("panda duck robot capybara", ms=130)
def thinking(t: float, who: Character) -> Spec:
    chin = at_face(0.3, 1.62 if who.name == "frog" else 1.5, 0.45)
    if who.name in ("bao", "ghost"):
        chin = at_chest(0.26, 0.72, -0.2)
    face = Face("roll", "skew", look=(0.7 + 0.1 * wave(t), -0.8), brows="cocky", blush=0.6)
    return Spec(Pose(bend=5, left=at_chest(0.06, 0.5, 0.1), right=chin), face, [], [thought(1.2, 1.16)])


@expression("frog robot", 6, 120)
def confused(t: float, who: Character) -> Spec:
    tilt = 14 + 3 * wave(t) * who.energy
    pose = Pose(bend=tilt, left=polar(96, 1.0, -0.3), right=polar(70, 1.0, -0.3))
    marks = questions([(-0.66, 1.12, 40, -16), (-1.12, 0.88, 30, -28), (1.36, 1.04, 34, 20)])
    return Spec(pose, Face(blink(t, "wide|dot", shut="line|line"), "skew", brows="cocky", blush=0.7), [], [marks])


@expression("cat ghost panda frog bao", 6, 90, holds={0: 500, 3: 900}, still=0.5)
def peek(t: float, who: Character) -> Spec:
    out = swell(t)
    x = who.style.eye_dx - 74 - 20 * (1 - out)
    pose = Pose(bend=4 + 11 * out, at=(x, 0), left=HIDDEN, right=HIDDEN)
    face = Face(blink(t, "dot"), "cat", look=(0.8 - 1.2 * (1 - out), 0), turn=(14, 2), blush=0.9)
    return Spec(pose, face, [], [wall(-6, 190), paw(-6, 0.62)])

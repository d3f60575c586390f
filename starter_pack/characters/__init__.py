"""The cast.  Each character is a silhouette, a few marks, and a FaceStyle."""
from __future__ import annotations

from ..rig import Character
from .bao import BAO
from .capybara import CAPY
from .cat import CAT
from .duck import DUCK
from .frog import FROG
from .ghost import GHOST
from .panda import PANDA
from .robot import ROBOT

CAST: dict[str, Character] = {c.name: c for c in (PANDA, CAT, GHOST, BAO, FROG, DUCK, ROBOT, CAPY)}

__all__ = ["CAST"]

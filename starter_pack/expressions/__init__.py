"""What the stickers say: one function per expression, (loop phase, who plays it) -> Spec."""
from __future__ import annotations

from . import affection, anger, attitude, cheerful, daily, laughing, running, sad, suffering, surprise
from .base import EXPRESSIONS, Expression, compose

THEMES = (laughing, attitude, sad, surprise, daily, cheerful, affection, anger, suffering, running)

__all__ = ["EXPRESSIONS", "THEMES", "Expression", "compose"]

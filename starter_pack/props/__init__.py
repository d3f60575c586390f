"""Things around the character.

Every factory returns a Draw: a function that paints on a posed Stage.  Marks beside the figure take their place in half
widths and heights of the character, so that they clear every silhouette.
"""
from __future__ import annotations

from collections.abc import Callable

from ..rig import Stage

Draw = Callable[[Stage], None]

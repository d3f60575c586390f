"""The tables in which other papers describe their datasets, for a release of ours: Sticker820K, StickerInt, MultiChat,
and StickerChat as PBR uses it. The last three are made of converted chats as well.

Each has the paper's rows by side of the split with what the paper prints in brackets, its histograms, and a word for
each of its figures that a release does not hold. Words are counted as `text.segment` finds them; none of the papers
says how it counted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from .conversations import multichat, stickerint
from .sticker820k import sticker820k
from .stickerchat import stickerchat
from .table import DatasetTable, as_text

TABLES: Final[dict[str, Callable[[Path], DatasetTable]]] = {
    "sticker820k": sticker820k,
    "stickerint": stickerint,
    "multichat": multichat,
    "stickerchat": stickerchat,
}

__all__ = ["TABLES", "DatasetTable", "as_text"]

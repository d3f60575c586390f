"""What answers without a model: stubs, and files that were filled beforehand. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ...training.run import Refused
from . import asking, knowing
from .providers import NOTHING, Cache, Kind, Provided, Provider

STUBS: Final[Mapping[Kind, Provider]] = {
    "knowledge": NOTHING,
    "attributes": NOTHING,
    "caption": NOTHING,
    "query": NOTHING,
    "summary": knowing.SalientTurns(),
    "sentiment": knowing.WordList(),
}
"""Who answers where nobody else does."""
CHECKS: Final[Mapping[Kind, Callable[[str], str]]] = {
    **{kind: asked.read for kind, asked in asking.ASKED.items()},
    "sentiment": knowing.sentiment,
}
"""How a model's answer is read."""


def from_file(kind: Kind, path: Path) -> Provided:
    """What a file holds, whoever gave it, and the stub for the rest. Raises `Refused`."""
    if not path.is_file():
        raise Refused(f"{path}: there is no file of values.")
    cache = Cache(path)
    if not cache.providers(kind):
        raise Refused(f"{path}: no values of {kind} in it.")
    return Provided(kind, stub=STUBS[kind], cache=cache)

"""What a run starts from: any open_clip model by name or path, a bundle, a configuration, or the tiny one made here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..bundle import MANIFEST
from ..encoder import Clip, ModelUnavailable, load
from ..training.run import Refused
from ..untrained import TINY, small_clip
from . import recipe


def load_base(base: str, texts: Iterable[str], seed: int) -> Clip:
    """The model that `base` names, the recipe's default for none. Models made here learn their tokenizer from `texts`
    and are random by `seed`. Raises `Refused`."""
    base = base or recipe.RECIPE.default_base
    if base == recipe.TINY:
        return small_clip("tiny", TINY, texts, seed=seed)
    if base.endswith(".json"):
        return _from_configuration(Path(base), texts, seed)
    try:
        return load(base)
    except ModelUnavailable as error:
        raise Refused(f"The base model cannot be had: {error}.") from error


def _from_configuration(path: Path, texts: Iterable[str], seed: int) -> Clip:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return small_clip(path.stem, content.get("model_cfg", content), texts, seed=seed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: not a configuration of an open_clip model ({error}).") from error


def is_bundle(base: str) -> bool:
    """Whether `base` is the folder of a published model."""
    return bool(base) and (Path(base) / MANIFEST).is_file()

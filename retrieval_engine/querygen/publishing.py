"""Writing a generator's bundle."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..training.figures import Report
from . import bundle
from .loading import fingerprint
from .model import VisionLanguage
from .recipe import TINY


def publish(
    held: VisionLanguage,
    folder: Path,
    *,
    name: str,
    languages: Sequence[str],
    lineage: dict[str, Any],
    metrics: Report,
) -> bundle.Manifest:
    """Write the generator into `folder`, whole or not at all: LoRA's weights alone where the base is somebody else's
    model; with a base that was made by a run all weights, so that no bundle hangs on another."""
    is_made_here = held.base == TINY or (Path(held.base).parent / bundle.MANIFEST).is_file()
    is_adapter = hasattr(held.model, "peft_config") and not is_made_here
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    weights = partial / (bundle.ADAPTER if is_adapter else bundle.MODEL)
    model = held.model
    if hasattr(model, "peft_config") and not is_adapter:
        model = model.merge_and_unload()
    model.save_pretrained(weights)
    held.processor.save_pretrained(weights)
    metrics.write(partial / bundle.METRICS)
    manifest = bundle.Manifest(
        name=name,
        base=held.base,
        base_fingerprint=fingerprint(held.base) if is_adapter else "",
        is_adapter=is_adapter,
        prompts={language: held.questions[language] for language in languages},
        lineage=lineage,
        files=bundle.file_hashes(partial),
    )
    manifest.write(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return manifest

"""What a run will take, as far as it can be said before it begins."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import Any

from retrieval_engine.training.recipes import Estimate, Size, recipes
from sticktionary.domain.lab import uses
from sticktionary.models import Release


def estimate(
    *, recipe: str, release: Release, settings: Mapping[str, Any], base: str = "", device: str = "auto"
) -> Estimate:
    """Seconds and memory of a run. Raises SettingsError for settings that it cannot have."""
    known = recipes()[recipe]
    size = size_of(release, base or known.default_base)
    return known.estimate(known.checked(settings), size, best_device() if device == "auto" else device)


def size_of(release: Release, base: str) -> Size:
    """What would be learned from, and with."""
    counts = release.manifest.get("counts", {})
    meant = release.rules.get("languages", ())
    languages = tuple(language for language in meant if counts.get(f"n_queries_{language}"))
    n_uses = uses.by_part(release).get("train", 0)
    return Size(counts.get("n_stickers", 0), counts.get("n_queries", 0), languages, base, n_uses)


@cache
def best_device() -> str:
    """The device that "auto" will find on this machine, told without torch, which the web server does not load."""
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    if shutil.which("nvidia-smi") is None:
        return "cpu"
    found = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False)
    return "cuda" if found.returncode == 0 and found.stdout.strip() else "cpu"

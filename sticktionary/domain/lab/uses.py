"""The uses of stickers in a release's conversations, which the models of conversations learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from sticktionary.domain.releases import folders
from sticktionary.models import Release

SAMPLES = "samples.jsonl"


class _Row(msgspec.Struct):
    part: str


def n_uses(release: Release) -> int:
    """How many there are in all, as the release's manifest has it."""
    return int(release.manifest.get("counts", {}).get("n_samples", 0))


def by_part(release: Release) -> Mapping[str, int]:
    """How many there are on each side of the split; chats are split by themselves, not with their stickers."""
    folder = folders.folder_of(release)
    return {} if folder is None or not n_uses(release) else _counted(folder / SAMPLES)


@lru_cache(maxsize=32)
def _counted(path: Path) -> Mapping[str, int]:
    """Of a file of a release, which never changes."""
    decoder = msgspec.json.Decoder(_Row)
    with path.open("rb") as file:
        return Counter(row.part for row in map(decoder.decode, file))

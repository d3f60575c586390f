"""What belongs to a release, worked out once and handed to everything that writes a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sticktionary.domain.releases.about import ReleaseRules


def as_it_is(where: str, number: int, text: str) -> str:
    return text


def all_as_they_are(where: str, numbers: Any, texts: Any) -> dict[int, str]:
    return {}


@dataclass(frozen=True)
class Scope:
    rules: ReleaseRules
    watermark_at: datetime  # facts from then on do not count
    names: Mapping[int, str]  # of the stickers in it: by their row's id the `sticker_id` of the files
    parts: Mapping[int, str]  # of the same stickers: train, validation or test
    left_out: frozenset[
        int
    ]  # players whose data is not in it: excluded, withdrawn, without consent, outliers if so ruled
    pseudonym: Callable[[int | None], str]  # of a player, in this release only; the same for the same player throughout
    told: Callable[[int], None]  # to be called with the rows just written: the sign of life; raises when cancelled
    clean: Callable[[str, int, str], str] = as_it_is  # where, number of its row, text: as it may be published, or ""
    # the same for a column of texts: by their places those that are not published as they are, as they may be
    clean_all: Callable[[str, Any, Any], dict[int, str]] = all_as_they_are

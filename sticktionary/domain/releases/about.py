"""What a release says of itself, and the rules that made it: all that its documents are written from.

Nothing here depends on the clock, the machine or the order of the database, so that documents come out the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]


class Credit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the dataset is called, who is credited, and what may be done with what players wrote."""

    name: str = "sticktionary"  # in addresses and keys of citations
    title: str = "Sticktionary"
    authors: tuple[str, ...] = ("The Sticktionary contributors",)  # "Family, Given" for a person
    licence: str = "CC-BY-4.0"  # SPDX
    url: str = ""  # where it can be found, once that is known


class ReleaseRules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What goes into a release; frozen with it."""

    languages: tuple[str, ...] = ("en", "zh")
    packs: tuple[str, ...] = ()  # slugs; none: all
    with_pictures: bool = True  # of packs whose pictures may be published
    with_house: bool = True  # the queries that stickers came with, marked as such
    with_suggestions: bool = True
    with_reviewed: bool = True  # rounds that a reviewer accepted
    with_unproven: bool = False  # rounds that nobody found and nobody accepted, marked as such
    least_found: Annotated[int, Meta(ge=0, le=20)] = 1  # retrievers who found the sticker with the round
    least_weight: Share = 0.0  # of the labeler
    leave_out_excluded: bool = True  # players excluded by a person
    leave_out_outliers: bool = False  # players whose figures lie far out, as the paper did
    group_packs: bool = False  # keep packs, besides near-duplicates, on one side of the split
    split: tuple[int, int, int] = (80, 10, 10)
    personal: Literal["leave_out", "mask"] = "leave_out"  # queries in which the scan finds personal data
    credit: Credit = Credit()


@dataclass(frozen=True)
class File:
    """One file of the release."""

    path: str  # relative, with forward slashes
    n_bytes: int
    sha256: str
    n_rows: int | None = None  # of a table
    columns: dict[str, str] = field(default_factory=dict)  # name: type, as Arrow calls it


@dataclass(frozen=True)
class PackNote:
    slug: str
    title: str
    source: str
    licence: str
    n_stickers: int
    with_pictures: bool


@dataclass(frozen=True)
class About:
    number: int
    title: str
    notes: str
    watermark_at: datetime  # facts up to here; also the date of publication
    code_version: str
    rules: ReleaseRules
    counts: dict[str, int]  # n_stickers, n_queries, n_queries_en, n_players, n_retrievals, n_train, ...
    packs: list[PackNote]
    files: list[File]  # the data files; documents, manifest and checksums are added after them
    statistics: dict[str, Any]  # as in statistics.json
    pii: dict[str, Any]  # as in pii_report.json
    n_withdrawn: int  # tombstones that were respected
    previous: Path | None = None  # the folder of the release before, for the diff
    previous_number: int | None = None

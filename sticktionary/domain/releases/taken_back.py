"""The lines of tombstones.jsonl: what was taken back, under the names that earlier releases gave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from sticktionary.domain.releases import as_of, chats, replies
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.rows import TombstoneRow
from sticktionary.models import Release, Tombstone

Kind = Tombstone.Kind


def rows(moment: datetime, names: Mapping[int, str]) -> list[TombstoneRow]:
    """What was taken back by then, under the names that earlier releases gave it. `names` are the stickers'."""
    earlier = Release.objects.filter(number__isnull=False, frozen_at__lt=moment).order_by("number")
    found = [*_tombstones(moment, names, list(earlier)), *_withdrawn(earlier.filter(withdrawn_at__lt=moment))]
    return sorted(found, key=lambda row: (row.kind, row.release or 0, row.id))


def _tombstones(moment: datetime, names: Mapping[int, str], earlier: list[Release]) -> Iterator[TombstoneRow]:
    named: dict[Kind, Callable[[int], str]] = {
        Kind.QUERY: str,
        Kind.ANSWER: str,
        Kind.CONVERSATION: chats.name_of,
        Kind.REPLY: replies.name_of,
    }
    for kind, name_of in named.items():
        for subject in as_of.taken_back(kind, moment):
            yield TombstoneRow(1, kind.value, None, name_of(subject))
    stickers = as_of.taken_back(Kind.STICKER, moment) | as_of.withdrawn_stickers(moment)
    for sticker_id in stickers & names.keys():
        yield TombstoneRow(1, Kind.STICKER.value, None, names[sticker_id])
    players = as_of.taken_back(Kind.PLAYER, moment)
    for release in earlier:
        pseudonyms = Pseudonyms(release.salt)
        for player_id in players:
            yield TombstoneRow(1, Kind.PLAYER.value, release.number, pseudonyms.of_player(player_id))


def _withdrawn(releases: Iterable[Release]) -> Iterator[TombstoneRow]:
    for release in releases:
        yield TombstoneRow(1, "release", release.number, f"sticktionary-{release.number}")

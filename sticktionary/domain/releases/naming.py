"""The scan for personal data as a release needs it: with the queries in which somebody's name stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q, QuerySet

from retrieval_engine.text import normalise
from sticktionary.domain.releases import play, selection
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.domain.releases.basis import Basis
from sticktionary.domain.releases.pii import Names, Scan, named
from sticktionary.domain.releases.pseudonyms import Pseudonyms
from sticktionary.domain.releases.reading import read
from sticktionary.models import Player, Query, Round

WRITTEN = {"round_id": pa.int64(), "id": pa.int64(), "normalised": pa.string()}
WRITERS = {"id": pa.int64(), "source": pa.string(), "labeler_id": pa.int64()}
Told = Callable[[int], None]


def scan_of(rules: ReleaseRules, held: Basis, pseudonyms: Pseudonyms, moment: datetime, told: Told) -> Scan:
    """Names that stood there when the release was made first are those that stand there."""
    if held.named is not None:
        return Scan(rules.personal, pseudonyms, held.named)
    names = Names(Player.objects.exclude(display_name="").values_list("display_name", flat=True).iterator())
    hits, ordinary = named(names, _suspects(names, rules, moment, told)) if names else ([], set())
    return Scan(rules.personal, pseudonyms, {"query": hits}, lambda text: bool(names.among(normalise(text)) - ordinary))


def _suspects(names: Names, rules: ReleaseRules, moment: datetime, told: Told) -> Iterator[tuple[int, int | None, str]]:
    """Queries in which a name may stand: number, writer (none: it came with the sticker), normalised text."""
    rounds = selection.rounds(rules, moment)
    for first in play.starts(rounds):
        here = Q(round_id__gte=first, round_id__lt=first + play.CHUNK, added_at__lt=moment)
        written = read(Query.objects.filter(here).order_by().values_list(*WRITTEN), WRITTEN)
        suspects = written.filter(names.may_be_in(written["normalised"]))
        yield from _with_writers(suspects, rounds.filter(pk__gte=first, pk__lt=first + play.CHUNK))
        told(0)


def _with_writers(written: pa.RecordBatch, rounds: QuerySet[Round]) -> Iterator[tuple[int, int | None, str]]:
    """Of these rounds; the others are not in the release."""
    writers = read(rounds.order_by().values_list(*WRITERS), WRITERS)
    place = pc.index_in(written["round_id"], writers["id"])
    columns = (written["id"], writers["source"].take(place), writers["labeler_id"].take(place), written["normalised"])
    for number, source, labeler_id, text in zip(*(column.to_pylist() for column in columns), strict=True):
        if source is not None:
            yield number, None if source == Round.Source.HOUSE else labeler_id or 0, text

"""Reading the log of changes: every line once, in whatever order transactions come to commit them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from sticktionary.models import IndexChange

AT_ONCE: Final = 50_000  # lines
SETTLED_AFTER: Final = timedelta(minutes=10)  # no transaction takes longer to commit the lines it has numbered
FORGOTTEN_AFTER: Final = timedelta(hours=24)  # lines that no snapshot needs
MANY: Final = 200  # gaps; beyond, all from the first of them on is read again


class Gap(NamedTuple):
    """Numbers that nobody has committed: taken back, or of a transaction that still runs."""

    first: int
    last: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """How far the log is read: all lines up to number `last` but those in the gaps.

    Lines are numbered before they are committed, so a lower number may turn up after a higher one.
    """

    last: int = 0
    at: datetime = field(default_factory=timezone.now)  # when `last` was written
    gaps: tuple[Gap, ...] = ()

    @classmethod
    def at_the_end(cls) -> Self:
        """Here what is read of the catalogue afterwards is newer than every line before."""
        now = timezone.now()
        settled = IndexChange.objects.filter(at__lt=now - SETTLED_AFTER).aggregate(last=Max("pk"))["last"] or 0
        recent = IndexChange.objects.filter(pk__gt=settled).order_by("pk").values_list("pk", flat=True)
        held = [settled, *recent]
        return cls(held[-1], _written(held[-1]) or now, _missing(settled + 1, held[-1], held, now))

    def read_on(self) -> tuple[list[int], Self]:
        """The stickers of lines that have come since, as they came, and the place after them; some at a time."""
        now = timezone.now()
        gaps = [gap for gap in self.gaps if now - gap.since < SETTLED_AFTER]
        lines = IndexChange.objects.filter(self._unread(gaps)).order_by("pk").values_list("pk", "sticker_id", "at")
        some = lines if len(gaps) > MANY else lines[:AT_ONCE]
        fresh = [line for line in some if line[0] > self.last or _among(gaps, line[0])]
        if not fresh:
            return [], replace(self, gaps=tuple(gaps))
        numbers = [number for number, _sticker_id, _at in fresh]
        left = [part for gap in gaps for part in _missing(gap.first, gap.last, numbers, gap.since)]
        left += _missing(self.last + 1, numbers[-1], numbers, now)
        last, at = (numbers[-1], fresh[-1][2]) if numbers[-1] > self.last else (self.last, self.at)
        return [sticker_id for _number, sticker_id, _at in fresh], replace(self, last=last, at=at, gaps=tuple(left))

    def _unread(self, gaps: Sequence[Gap]) -> Q:
        if len(gaps) > MANY:
            return Q(pk__gte=gaps[0].first)
        unread = Q(pk__gt=self.last)
        for gap in gaps:
            unread |= Q(pk__range=(gap.first, gap.last))
        return unread

    def is_held(self) -> bool:
        """Whether the log still goes on from here: its line is there, so none after it is forgotten, and it is the same
        one, so the database is no older copy."""
        if not self.last:
            return timezone.now() - self.at < FORGOTTEN_AFTER / 2
        return _written(self.last) == self.at

    def as_json(self) -> dict[str, Any]:
        gaps = [[gap.first, gap.last, gap.since.isoformat()] for gap in self.gaps]
        return {"last": self.last, "at": self.at.isoformat(), "gaps": gaps}

    @classmethod
    def of_json(cls, held: dict[str, Any]) -> Self:
        """ValueError, KeyError or TypeError for what is none."""
        gaps = (Gap(int(first), int(last), datetime.fromisoformat(since)) for first, last, since in held["gaps"])
        return cls(int(held["last"]), datetime.fromisoformat(held["at"]), tuple(gaps))


def _written(number: int) -> datetime | None:
    return IndexChange.objects.filter(pk=number).values_list("at", flat=True).first()


def _among(gaps: Sequence[Gap], number: int) -> bool:
    return any(gap.first <= number <= gap.last for gap in gaps)


def _missing(first: int, last: int, held: Sequence[int], since: datetime) -> tuple[Gap, ...]:
    """What of first to last is not among the ascending numbers."""
    inside = held[bisect_left(held, first) : bisect_right(held, last)]
    edges = zip([first - 1, *inside], [*inside, last + 1], strict=True)
    return tuple(Gap(before + 1, after - 1, since) for before, after in edges if after - before > 1)


@transaction.atomic
def forget(needed_from: int | None) -> int:
    """Delete lines that every process has read or, having slept, will not miss: old ones, before the line from which
    some snapshot reads on. The last line of all stays: it says that nothing has come since."""
    last = IndexChange.objects.aggregate(last=Max("pk"))["last"] or 0
    until = last if needed_from is None else min(last, needed_from)
    return IndexChange.objects.filter(at__lt=timezone.now() - FORGOTTEN_AFTER, pk__lt=until).delete()[0]

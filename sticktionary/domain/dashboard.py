"""What the front page of the admin site says: how play goes, what waits for somebody, what was released last.

Read from the days that `figures` keeps and from short queues, and held for a few seconds for everybody together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db.models import Count
from django.utils import timezone

from sticktionary.domain import figures, jobs
from sticktionary.models import Case, DayFigures, Flag, PlayDay, Player, Release, Sticker
from sticktionary.models.job import Job
from sticktionary.models.players import Language

KEY = "dashboard"
HELD_S = 20
SPANS = (1, 7, 28)  # days
N_RELEASES = 5


@dataclass(frozen=True)
class Day:
    day: date
    n_pages: int
    n_skipped: int


@dataclass(frozen=True)
class Edition:
    """Four weeks of play in one language."""

    language: str
    days: list[Day]
    n_pages: int
    n_skipped: int
    n_decided: int
    n_proven: int
    n_verified: int
    played_s: int

    @property
    def hours(self) -> float:
        return self.played_s / 3_600

    @property
    def verified_per_hour(self) -> float | None:
        return self.n_verified / self.hours if self.played_s else None

    @property
    def skip_rate(self) -> float | None:
        dealt = self.n_pages + self.n_skipped
        return self.n_skipped / dealt if dealt else None

    @property
    def success_rate(self) -> float | None:
        return self.n_proven / self.n_decided if self.n_decided else None


@dataclass(frozen=True)
class Queue:
    """How many wait: for a person, or for a worker."""

    name: str
    permission: str  # to look at it
    n: int
    n_failed: int = 0


@dataclass(frozen=True)
class Board:
    editions: list[Edition] = field(default_factory=list)
    active: list[tuple[int, int]] = field(default_factory=list)  # days, players
    queues: list[Queue] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    as_of: datetime | None = None  # of today's figures


def shown_to(player: Player) -> Board:
    """The parts of the board that the player's roles let them see."""
    whole = board()
    may_see_play = player.has_perm("sticktionary.view_round")
    return Board(
        editions=whole.editions if may_see_play else [],
        active=whole.active if may_see_play else [],
        queues=[queue for queue in whole.queues if player.has_perm(f"sticktionary.{queue.permission}")],
        releases=whole.releases if player.has_perm("sticktionary.view_release") else [],
        as_of=whole.as_of if may_see_play else None,
    )


def board() -> Board:
    held: Board | None = cache.get(KEY)
    if held is None:
        held = _worked_out(timezone.now())
        cache.set(KEY, held, HELD_S)
    return held


def _worked_out(now: datetime) -> Board:
    since = now.date() - timedelta(days=figures.N_DAYS - 1)
    rows = list(DayFigures.objects.filter(day__gte=since, day__lte=now.date()).order_by("day"))
    return Board(
        editions=[_edition(language, since, rows) for language in Language.values],
        active=[(n_days, _n_active(now.date(), n_days)) for n_days in SPANS],
        queues=[*_cases(), *_others(), *_jobs()],
        releases=list(Release.objects.filter(number__isnull=False).order_by("-number")[:N_RELEASES]),
        as_of=max((row.written_at for row in rows), default=None),
    )


def _edition(language: str, since: date, rows: Iterable[DayFigures]) -> Edition:
    own = {row.day: row for row in rows if row.language == language}
    days = [since + timedelta(days=n) for n in range(figures.N_DAYS)]
    return Edition(
        language=language,
        days=[_day(day, own.get(day)) for day in days],
        n_pages=sum(row.n_written + row.n_looked_up for row in own.values()),
        n_skipped=sum(row.n_skipped for row in own.values()),
        n_decided=sum(row.n_decided for row in own.values()),
        n_proven=sum(row.n_proven for row in own.values()),
        n_verified=sum(row.n_verified for row in own.values()),
        played_s=sum(row.played_s for row in own.values()),
    )


def _day(day: date, row: DayFigures | None) -> Day:
    return Day(day, row.n_written + row.n_looked_up, row.n_skipped) if row else Day(day, 0, 0)


def _n_active(today: date, n_days: int) -> int:
    days = PlayDay.objects.filter(day__gt=today - timedelta(days=n_days), day__lte=today)
    return days.values("player").distinct().count()


def _cases() -> list[Queue]:
    """Appeals apart from what the reviewers found to do by themselves."""
    by_kind = dict(
        Case.objects.filter(state=Case.State.OPEN).values_list("kind").annotate(n=Count("pk")).values_list("kind", "n")
    )
    n_appeals = by_kind.pop(Case.Kind.APPEAL, 0)
    return [Queue("review", "review", sum(by_kind.values())), Queue("appeals", "review", n_appeals)]


def _others() -> list[Queue]:
    return [
        Queue("flags", "view_flag", Flag.objects.filter(state=Flag.State.OPEN).count()),
        Queue("halted", "view_sticker", Sticker.objects.filter(state=Sticker.State.HALTED).count()),
    ]


def _jobs() -> list[Queue]:
    """Of each kind of long work, what is under way and what failed in the last week."""
    return [_of_kind(kind) for kind in jobs.TASK_OF]


def _of_kind(kind: type[Job]) -> Queue:
    name = str(kind._meta.model_name)
    waiting = kind._default_manager.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).count()
    lately = timezone.now() - timedelta(days=7)
    failed = kind._default_manager.filter(state=Job.State.FAILED, ended_at__gte=lately).count()
    return Queue(name, f"view_{name}", waiting, failed)

"""The queue of cases: who gets which, and for how long. A case is held by one person at a time.

Oldest first. Nobody is handed a round they wrote or looked up, nor, without `manage_players`, an appeal against their
own verdict; appeals against sanctions need `moderate`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.models import Case, Judgement, Player, Retrieval

HOLD = timedelta(minutes=15)


@dataclass(frozen=True)
class Filter:
    """Which part of the queue; empty means all."""

    kind: str = ""
    language: str = ""
    days: int = 0  # waiting for at least so many

    def of(self, cases: QuerySet[Case], now: datetime) -> QuerySet[Case]:
        if self.kind:
            cases = cases.filter(kind=self.kind)
        if self.language:
            cases = cases.filter(language=self.language)
        return cases.filter(opened_at__lt=now - timedelta(days=self.days)) if self.days else cases


@transaction.atomic
def next_case(*, actor: Player, wanted: Filter = Filter(), besides: Collection[int] = ()) -> Case | None:
    """The case to judge next, held for the actor: first one they hold already, else the oldest that is free."""
    accounts.require(actor, "review")
    now = timezone.now()
    cases = wanted.of(judgeable(actor), now).exclude(pk__in=list(besides)).order_by("opened_at", "pk")
    if case := cases.filter(held_by=actor, held_until__gt=now).first():
        return _hold(case, actor)
    free = Q(held_until=None) | Q(held_until__lte=now)
    locked = cases.filter(free).select_for_update(skip_locked=True, no_key=True, of=("self",))
    case = locked.first()
    return _hold(case, actor) if case else None


def of_others(actor: Player) -> QuerySet[Case]:
    """Cases that do not touch this person's own play: of the others they may not even see the file."""
    looked_up = Retrieval.objects.filter(round=OuterRef("round"), player=actor)
    return Case.objects.exclude(player=actor).exclude(round__labeler=actor).filter(~Exists(looked_up))


def judgeable(actor: Player) -> QuerySet[Case]:
    """Open cases that this person may judge."""
    cases = of_others(actor).filter(state=Case.State.OPEN)
    if not actor.has_perm("sticktionary.moderate"):
        cases = cases.filter(sanction=None)
    if not actor.has_perm("sticktionary.manage_players"):
        own = Judgement.objects.filter(case__round=OuterRef("round"), reviewer=actor, undone_at=None)
        cases = cases.exclude(Q(kind=Case.Kind.APPEAL) & (Exists(own) | Q(sanction__imposed_by=actor)))
    return cases


def require_judgeable(actor: Player, case: Case) -> None:
    if not judgeable(actor).filter(pk=case.pk).exists():
        raise Refused("not_yours", _for_others())


def require_of_others(actor: Player, case_id: int) -> None:
    if not of_others(actor).filter(pk=case_id).exists():
        raise NotAllowed("not_yours", _for_others())


def _for_others() -> str:
    return _("This case is for somebody else: it touches your own play or your own verdict.")


@transaction.atomic
def take(*, actor: Player, case_id: int) -> Case:
    """Hold a case of one's choice. Raises Refused while somebody else has it."""
    accounts.require(actor, "review")
    case = locked(case_id)
    require_open(case)
    require_judgeable(actor, case)
    require_free(actor, case)
    return _hold(case, actor)


@transaction.atomic
def let_go(*, actor: Player, case_id: int) -> None:
    """Leave the case to others."""
    accounts.require(actor, "review")
    Case.objects.filter(pk=case_id, held_by=actor).update(held_by=None, held_until=None)


def locked(case_id: int) -> Case:
    case = Case.objects.select_for_update(no_key=True, of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise Refused("no_such_case", _("There is no such case."))
    return case


def require_open(case: Case) -> None:
    if case.state != Case.State.OPEN:
        raise Refused("decided", _("This case has been settled already."))


def require_free(actor: Player, case: Case) -> None:
    if case.held_by_id not in {None, actor.pk} and case.held_until and case.held_until > timezone.now():
        raise Refused("held", _("Somebody else is looking at this case right now."))


def _hold(case: Case, actor: Player) -> Case:
    case.held_by, case.held_until = actor, timezone.now() + HOLD
    case.save(update_fields=["held_by", "held_until"])
    return case


@dataclass(frozen=True)
class Counts:
    by_kind: dict[str, int]
    by_language: dict[str, int]
    n: int


def counts() -> Counts:
    """How many cases are open, by kind and by language."""
    rows = Case.objects.filter(state=Case.State.OPEN).values_list("kind", "language").annotate(n=Count("pk")).order_by()
    by_kind, by_language = dict.fromkeys(Case.Kind.values, 0), dict[str, int]()
    for kind, language, n in rows:
        by_kind[kind] += n
        if language:
            by_language[language] = by_language.get(language, 0) + n
    return Counts(by_kind, by_language, sum(by_kind.values()))

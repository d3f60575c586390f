"""What people do with releases: ask for one, stop it, take it up again, withdraw it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.releases import basis
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.domain.releases.citation import credit_now
from sticktionary.models import AuditEntry, Pack, Player, Release
from sticktionary.models.players import Language


def rules_from(values: dict[str, Any]) -> ReleaseRules:
    """Rules as somebody wrote them; what is missing has its default. Raises Refused with the first that is wrong."""
    unknown = sorted(values.keys() - set(ReleaseRules.__struct_fields__))
    if unknown:
        raise Refused("unknown_rule", _("There is no rule called %(name)s.") % {"name": unknown[0]})
    try:
        rules = msgspec.convert({"credit": credit_now(), **values}, ReleaseRules)
    except msgspec.ValidationError as error:
        raise Refused("bad_rule", str(error)) from error
    return _checked(rules)


def _checked(rules: ReleaseRules) -> ReleaseRules:
    for language in rules.languages:
        if language not in Language.values:
            raise Refused("no_such_language", _("There is no language called %(name)s.") % {"name": language})
    known = set(Pack.objects.values_list("slug", flat=True))
    for slug in rules.packs:
        if slug not in known:
            raise Refused("no_such_pack", _("There is no pack called %(name)s.") % {"name": slug})
    if not rules.languages:
        raise Refused("no_language", _("Choose a language at least."))
    if min(rules.split) < 0 or sum(rules.split) != 100:
        raise Refused("bad_split", _("The three sides of the split have to make up 100."))
    return rules


@transaction.atomic
def ask(
    *, actor: Player | None, title: str, notes: str = "", rules: ReleaseRules | None = None, queue: bool = True
) -> Release:
    """Write down what is to be frozen: the facts up to now, by these rules. With `queue` a worker takes it. The command
    line has no actor: who holds the machine may."""
    if actor is not None:
        accounts.require(actor, "publish_release")
    if not title.strip():
        raise Refused("no_title", _("A release needs a title."))
    rules = _checked(rules or rules_from({}))
    release = Release.objects.create(
        created_by=actor,
        title=title.strip()[:120],
        notes=notes.strip(),
        rules=msgspec.to_builtins(rules),
        basis=basis.now(rules).as_json(),
        watermark_at=watermark_now(),
        salt=secrets.token_hex(32),
        code_version=basis.code_version(),
    )
    _audit(actor, "ask_release", release, title=release.title)
    if queue:
        jobs.enqueue(release)
    return release


def watermark_now() -> datetime:
    """The next whole millisecond: a fact is before it or not, also in a dump that keeps no finer time."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1_000 * 1_000) + timedelta(milliseconds=1)


@transaction.atomic
def cancel(*, actor: Player, release: Release) -> None:
    """Stop a release that is not frozen yet; its worker leaves within a second, and nothing of it remains."""
    accounts.require(actor, "publish_release")
    jobs.cancel(release)
    _audit(actor, "cancel_release", release)


@transaction.atomic
def resume(*, actor: Player, release: Release) -> None:
    """Freeze a stopped release after all, with the watermark and the rules that it was asked for with."""
    accounts.require(actor, "publish_release")
    jobs.resume(release)
    _audit(actor, "resume_release", release)


@transaction.atomic
def withdraw(*, actor: Player, release: Release, why: str) -> None:
    """Take a frozen release back: it keeps its number and folder, is handed out no more, and the next one says so."""
    accounts.require(actor, "publish_release")
    if not why.strip():
        raise Refused("no_reason", _("Say why it is withdrawn; it is shown with the release."))
    frozen = Release.objects.filter(pk=release.pk, number__isnull=False, withdrawn_at=None)
    if not frozen.update(withdrawn_at=timezone.now(), why_withdrawn=why.strip()[:300]):
        raise Refused("not_frozen", _("Only a release that is frozen, and not withdrawn yet, can be withdrawn."))
    release.refresh_from_db()
    _audit(actor, "withdraw_release", release, why=why.strip()[:300])


def _audit(actor: Player | None, verb: str, release: Release, **detail: object) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"release {release.pk}", detail=detail)

"""A person's word on a candidate: it may go live, or it is turned down; what has served is retired."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.lab.comparison import compare
from sticktionary.domain.lab.registry import BUSY, Stage
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ModelVersion, Player

WHY_MOST = 300


@transaction.atomic
def approve(*, actor: Player | None, version: ModelVersion, why: str = "") -> ModelVersion:
    """Allow a candidate to go live; with a reason, where it is not known to be at least as good as the live model."""
    held = _held(actor, version)
    if held.stage != Stage.CANDIDATE or held.approved_at is not None or not held.path:
        raise Refused("no_candidate", _("This model is not waiting for an approval."))
    found = compare(held)
    if found.needs_reason and not why.strip():
        known = found.why_not or found.doubt or _("It measured lower than the live model.")
        raise Refused("needs_reason", known + " " + _("Say why it may go live all the same."))
    held.approved_by, held.approved_at, held.why = actor, timezone.now(), why.strip()[:WHY_MOST]
    held.save(update_fields=["approved_by", "approved_at", "why"])
    _audit(actor, "approve_model", held, why=held.why, beside=found.live, verdict=found.verdict.value)
    return held


@transaction.atomic
def reject(*, actor: Player | None, version: ModelVersion, why: str) -> ModelVersion:
    """Turn a candidate down; its vectors are forgotten, its figures stay."""
    held = _held(actor, version)
    if held.stage != Stage.CANDIDATE:
        raise Refused("no_candidate", _("This model is not waiting for an approval."))
    return _end(actor, held, Stage.REJECTED, "reject_model", why)


@transaction.atomic
def retire(*, actor: Player | None, version: ModelVersion, why: str = "") -> ModelVersion:
    """Put away a model that is not live; it may be made live again, after the catalogue is embedded anew."""
    held = _held(actor, version)
    if held.stage not in {Stage.CANDIDATE, Stage.PREVIOUS}:
        raise Refused("in_use", _("This model is live, or was put away already."))
    return _end(actor, held, Stage.RETIRED, "retire_model", why or _("no longer needed"))


def _held(actor: Player | None, version: ModelVersion) -> ModelVersion:
    if actor is not None:
        accounts.require(actor, "promote_model")
    held = ModelVersion.objects.select_for_update(of=("self",)).select_related("run").get(pk=version.pk)
    if held.state in BUSY:
        raise Refused("busy", _("Something is being done with this model just now. Wait for its end, or cancel it."))
    return held


def _end(actor: Player | None, held: ModelVersion, stage: ModelVersion.Stage, verb: str, why: str) -> ModelVersion:
    if not why.strip():
        raise Refused("no_reason", _("Say why."))
    held.stage, held.why, held.is_shadow, held.is_trial = stage, why.strip()[:WHY_MOST], False, False
    held.save(update_fields=["stage", "why", "is_shadow", "is_trial"])
    _audit(actor, verb, held, why=held.why)
    return held


def _audit(actor: Player | None, verb: str, version: ModelVersion, **detail: object) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=version.name, detail=detail)

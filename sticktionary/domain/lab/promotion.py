"""Going live and back: everything a model needs is made ready beside the live one, then the aliases move at once.

    candidate -> champion -> previous -> retired        roll back: champion <-> previous

The job of a `ModelVersion` is to be ready: the bundle of one that is installed is made, the catalogue is embedded by a
retrieval model, written for by a generator, shown to a conversation model. A killed worker's successor goes on with
what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.bundle import BundleError, read_manifest
from sticktionary.domain import jobs
from sticktionary.domain.catalogue import index_changed
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import bundles, embedding, lineage, preparing, registry
from sticktionary.domain.lab.registry import BUSY, WORDS_ONLY, Kind, Stage, State
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ModelVersion, Player

Told = Callable[[ModelVersion], None]

log = logging.getLogger(__name__)


# --- verbs ---


@transaction.atomic
def promote(*, actor: Player | None, version: ModelVersion, queue: bool = True) -> ModelVersion:
    """Begin to make a model live. One of a kind at a time; the live one goes on until this one is ready."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    of_kind = registry.of_kind_locked(version.kind)
    held = next(other for other in of_kind if other.pk == version.pk)
    _require_promotable(held)
    _require_alone(of_kind)
    held.is_shadow = held.is_trial = False
    make_ready(held, queue=queue)
    AuditEntry.objects.create(actor=actor, verb="begin_promotion", subject=held.name)
    return held


def _require_promotable(version: ModelVersion) -> None:
    if version.state in BUSY:
        raise Refused("busy", _("Something is being done with this model just now. Wait for its end, or cancel it."))
    if version.stage == Stage.CHAMPION:
        raise Refused("live", _("This model is live already."))
    if not version.path:
        raise Refused("not_installed", _("This model has not been installed. Try that again first."))
    _require_approved(version)


def _require_approved(version: ModelVersion) -> None:
    """Somebody's word is asked for what was trained here; who brings a model in from elsewhere gives theirs with it."""
    if version.stage == Stage.REJECTED:
        raise Refused("rejected", _("This model was turned down: %(why)s") % {"why": version.why})
    if version.run_id is not None and version.approved_at is None:
        raise Refused("not_approved", _("Nobody has approved this model yet. See how it compares, then approve it."))


def _require_alone(of_kind: list[ModelVersion]) -> None:
    for other in _on_their_way(of_kind):
        text = _("%(name)s is being made live just now. Wait for its end, or cancel it.")
        raise Refused("promoting", text % {"name": other.name})


def _on_their_way(of_kind: list[ModelVersion]) -> list[ModelVersion]:
    """Those that go live when a worker is done with them."""
    busy = [other for other in of_kind if other.state in BUSY and other.stage != Stage.CHAMPION]
    return [other for other in busy if not _stays(other)]


def _stays(version: ModelVersion) -> bool:
    """Whether it is made ready without going live: to run beside the live one, or to be tried."""
    return version.is_shadow or version.is_trial


def make_ready(version: ModelVersion, *, queue: bool = True) -> None:
    """Have a worker do what the model lacks. The caller holds its row."""
    version.state, version.n_attempts, version.n_done, version.error = State.QUEUED, 0, 0, ""
    version.cancel_asked_at = version.ended_at = None
    version.heartbeat_at = timezone.now()
    version.save()
    if queue:
        jobs.enqueue(version)


@transaction.atomic
def let_look(*, actor: Player | None, version: ModelVersion, queue: bool = True) -> ModelVersion:
    """Show the stickers to a conversation model that is a candidate, so that it can be tried before anybody decides
    about it. It does not go live by that."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    held = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if held.kind != Kind.DIALOGUE or held.stage != Stage.CANDIDATE or not held.path:
        raise Refused("no_candidate", _("Only a conversation model that is a candidate looks at the stickers first."))
    if held.state in BUSY:
        raise Refused("busy", _("Something is being done with this model just now. Wait for its end, or cancel it."))
    if not may_look(held):
        raise Refused("nothing_to_see", _("This model has nothing to look at: it can be tried as it is."))
    held.is_trial = True
    make_ready(held, queue=queue)
    AuditEntry.objects.create(actor=actor, verb="let_look", subject=held.name)
    return held


def may_look(version: ModelVersion) -> bool:
    """Whether a candidate has stickers to look at before it can be tried, or new ones since it was."""
    if version.kind != Kind.DIALOGUE or version.stage != Stage.CANDIDATE or not version.path:
        return False
    try:
        return version.state not in BUSY and preparing.of(version).is_missing(version)
    except BundleError:
        return False


def roll_back(*, actor: Player | None, kind: str = Kind.RETRIEVAL, why: str = "") -> ModelVersion:
    """Put back the model that was live before: at once, for its vectors were kept and kept up. A sticker of the last
    seconds that has none is found by its words until the next sweep. What is on its way to go live is stopped."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    before = ModelVersion.objects.filter(kind=kind, stage=Stage.PREVIOUS).first()
    if before is None:
        raise Refused("nothing_before", _("No model was live before this one."))
    bundles.check(before)  # takes a moment for a large model: not while anybody is kept waiting
    return _put_back(actor, before, why)


@transaction.atomic
def _put_back(actor: Player | None, before: ModelVersion, why: str) -> ModelVersion:
    of_kind = registry.of_kind_locked(before.kind)
    held = next(other for other in of_kind if other.pk == before.pk)
    if held.stage != Stage.PREVIOUS:
        raise Refused("changed", _("In the meantime somebody else has changed what is live. Look again."))
    for other in _on_their_way(of_kind):
        jobs.cancel(other)
    was = _move_aliases(of_kind, held)
    if was is not None:
        lineage.do_not_tell(was)
    detail = {"was": _name(was), "why": why.strip()[:300]}
    AuditEntry.objects.create(actor=actor, verb="roll_back", subject=held.name, detail=detail)
    return held


@transaction.atomic
def cancel(*, actor: Player | None, version: ModelVersion) -> None:
    """Stop what is being done with a model. What it has ready is kept; what is live stays so."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    jobs.cancel(version)
    AuditEntry.objects.create(actor=actor, verb="cancel_promotion", subject=version.name)


@transaction.atomic
def resume(*, actor: Player | None, version: ModelVersion) -> None:
    """Go on with what failed, was stopped or lost, from where it stood."""
    if actor is not None:
        accounts.require(actor, "promote_model")
    of_kind = registry.of_kind_locked(version.kind)
    held = next(other for other in of_kind if other.pk == version.pk)
    if not _stays(held):
        _require_approved(held)
        _require_alone(of_kind)
    jobs.resume(held)
    AuditEntry.objects.create(actor=actor, verb="resume_promotion", subject=version.name)


# --- the job ---


def run(version: ModelVersion, told: Told = lambda version: None) -> None:
    """The whole way, or what is left of it. The caller holds the lease."""
    with jobs.kept_alive(version):
        if not version.path:
            registry.publish(version)
        bundles.check(version)
        _make(version, told)
        if _stays(version):
            return
        while not _go_live(version):
            _make(version, told)
        lineage.tell_players(version)


def _make(version: ModelVersion, told: Told) -> None:
    def how_far(n_done: int) -> None:
        jobs.beat(version, n_done=min(version.n_total, n_done))
        told(version)

    version.n_total = preparing.of(version).n_wanted(version)
    preparing.of(version).make(version, how_far)


@transaction.atomic
def _go_live(version: ModelVersion) -> bool:
    """Move the aliases, unless stickers have come in that this model has not seen: then say so and change nothing."""
    of_kind = registry.of_kind_locked(version.kind)
    held = next(other for other in of_kind if other.pk == version.pk)
    if (held.state, held.worker) != (State.RUNNING, version.worker):
        raise jobs.LeaseLost(f"{held.pk}")
    if held.cancel_asked_at is not None:
        raise jobs.Cancelled(f"{held.pk}")
    _require_approved(held)
    if preparing.of(held).is_missing(held):
        return False
    if version.stage != Stage.CHAMPION:  # as it was when the job began: a live one only catches up
        was = _move_aliases(of_kind, held)
        actor = held.approved_by or held.created_by
        AuditEntry.objects.create(actor=actor, verb="promote", subject=held.name, detail={"was": _name(was)})
    return True


def _move_aliases(of_kind: list[ModelVersion], coming: ModelVersion) -> ModelVersion | None:
    """What was live is what was live before, and what was that is retired. Answers with what was live."""
    was = None
    for other in of_kind:
        if other.stage == Stage.PREVIOUS:
            _set_stage(other, Stage.RETIRED)
    for other in of_kind:
        if other.stage == Stage.CHAMPION:
            was = other
            _set_stage(other, Stage.PREVIOUS)
    coming.promoted_at, coming.is_shadow, coming.is_trial = timezone.now(), False, False
    _set_stage(coming, Stage.CHAMPION)
    if coming.kind == Kind.GENERATOR:
        index_changed(embedding.active().values_list("pk", flat=True))
    return was


def _name(version: ModelVersion | None) -> str:
    return version.name if version else WORDS_ONLY


def _set_stage(version: ModelVersion, stage: ModelVersion.Stage) -> None:
    version.stage = stage
    version.save(update_fields=["stage", "promoted_at", "is_shadow", "is_trial"])


def catch_up() -> bool:
    """Have the live generator write for stickers that have come in since, and show them to the live conversation model;
    whether there are any. (Vectors of retrieval models are kept up by `embedding`.)"""
    were_behind = [_catch_up(kind) for kind in (Kind.GENERATOR, Kind.DIALOGUE)]
    return any(were_behind)


def _catch_up(kind: ModelVersion.Kind) -> bool:
    live = registry.champion(kind)
    if live is None or live.state != State.DONE or not _is_behind(live):
        return False
    with transaction.atomic():
        held = ModelVersion.objects.select_for_update().get(pk=live.pk)
        if held.state == State.DONE:
            make_ready(held)
    return True


def _is_behind(version: ModelVersion) -> bool:
    try:
        preparing.of(version).look_through(version)
        return preparing.of(version).is_missing(version)
    except BundleError:
        log.exception("The bundle of %s cannot be read; new stickers are not made ready for it", version.name)
        return False


# --- the model that is shipped ---


def install_starter(told: Told = lambda version: None) -> ModelVersion | None:
    """Make the shipped model live where there is none, or where an older shipped one is."""
    folder = Path(settings.STARTER_MODEL_DIR)
    if not bundles.is_bundle(folder):
        return None
    live = registry.champion()
    is_ours = live is not None and live.source == str(folder)
    if live and (not is_ours or live.name.endswith(f"@{read_manifest(folder).version}")):
        return None
    version = registry.install(actor=None, source=str(folder), queue=False)
    jobs.carry_out(ModelVersion, version.pk, lambda version: run(version, told))
    version.refresh_from_db()
    return version

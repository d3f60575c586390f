"""Room on the disk: the files of models that nobody goes back to. Their rows stay, with cards, figures and lineage."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import registry
from sticktionary.domain.lab.registry import BUSY, Stage, State
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ModelVersion, Player, TrainingRun

OVER = (Stage.RETIRED, Stage.REJECTED)


def clearable() -> list[ModelVersion]:
    """The models whose files can go, the oldest first."""
    held = ModelVersion.objects.filter(stage__in=OVER).exclude(path="").order_by("pk")
    return [version for version in held if not why_kept(version)]


def why_kept(version: ModelVersion) -> str:
    """What the files of a model are needed for, in a sentence; empty when they can go."""
    if not version.path:
        return _("This model has no files.")
    if version.stage not in OVER or version.is_shadow or version.state in BUSY:
        return _("Only the files of models that were retired or turned down can be deleted.")
    if TrainingRun.objects.filter(state__in=BUSY).exists():
        return _("A run is under way, which may be compared with this model. Wait for its end.")
    names = [version.name, version.path]
    run = TrainingRun.objects.filter(base__in=names).exclude(state=State.DONE).first()
    if run is not None:
        return _("The run %(run)s starts from this model and could still be taken up again.") % {"run": run.title}
    return ""


def n_bytes(version: ModelVersion) -> int:
    """What its files take."""
    return sum(file.stat().st_size for file in Path(version.path).rglob("*") if file.is_file()) if version.path else 0


@transaction.atomic
def delete_files(*, actor: Player | None, version: ModelVersion) -> int:
    """Delete the files of a model that is retired or was turned down; the bytes that are free again: none while another
    model has the same files. To go back to it, it is installed or trained again."""
    if actor is not None:
        accounts.require(actor, "install_model")
    held = next(other for other in registry.of_kind_locked(version.kind) if other.pk == version.pk)
    if kept := why_kept(held):
        raise Refused("needed", kept)
    folder, size = Path(held.path), n_bytes(held)
    held.path = ""
    held.save(update_fields=["path"])
    is_shared = ModelVersion.objects.filter(path=str(folder)).exists()
    freed = 0 if is_shared else size
    AuditEntry.objects.create(actor=actor, verb="delete_model_files", subject=held.name, detail={"n_bytes": freed})
    if not is_shared:
        transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
    return freed

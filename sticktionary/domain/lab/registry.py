"""The models there are: what is live, and how a model gets in, from a run of the lab or from elsewhere."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.bundle import BundleError
from retrieval_engine.serving import Bundle
from retrieval_engine.training.recipes import recipes
from retrieval_engine.training.run import BUNDLE
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import bundles
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ModelVersion, Player, Sticker, TrainingRun

WORDS_ONLY = "bm25"  # what stands for the model's name where search goes by words alone
N_COMPARED = 200  # pictures among which a model's text towers are compared
NAME_MOST = 60  # of a model, without the hash behind it
Kind, Stage, State = ModelVersion.Kind, ModelVersion.Stage, ModelVersion.State
BUSY = (State.QUEUED, State.RUNNING)

log = logging.getLogger(__name__)


def champion(kind: str = Kind.RETRIEVAL) -> ModelVersion | None:
    """The model that is live."""
    return ModelVersion.objects.filter(kind=kind, stage=Stage.CHAMPION).first()


def champion_name(kind: str = Kind.RETRIEVAL) -> str:
    version = champion(kind)
    return version.name if version else WORDS_ONLY


def recipe_of(version: ModelVersion) -> str:
    """The recipe that knows how to measure a model: its own, or the one there is for its kind."""
    if version.run is not None:
        return version.run.recipe
    of_kind = [name for name, recipe in recipes().items() if recipe.kind == version.kind]
    made_by = getattr(bundles.check(version), "recipe", "") if len(of_kind) > 1 else ""
    return made_by if made_by in of_kind else of_kind[0]


def live_bundle() -> Bundle | None:
    """The towers of the live model; None for words alone, or when its bundle is damaged, which is logged."""
    version = champion()
    try:
        return bundles.opened(version.path) if version else None
    except BundleError:
        log.exception("The bundle of the live model cannot be opened")
        return None


def of_kind_locked(kind: str) -> list[ModelVersion]:
    """All models of a kind, locked in one order: whoever moves an alias holds them, so that two never cross."""
    return list(ModelVersion.objects.select_for_update().filter(kind=kind).order_by("pk"))


@transaction.atomic
def install(*, actor: Player | None, source: str, queue: bool = True) -> ModelVersion:
    """Begin to install NAME:PRETRAINED of open_clip, a folder of weights, or a bundle of any kind. Whoever may do that
    vouches for it: it goes live without an approval."""
    if actor is not None:
        accounts.require(actor, "install_model")
    source = source.strip()
    if not source or len(source) > 500:
        raise Refused("no_model", _("Say which model, as NAME:PRETRAINED or as a path."))
    version = ModelVersion.objects.create(
        name=f"installing-{uuid.uuid4().hex[:12]}",
        kind=bundles.kind_of(Path(source)) or Kind.RETRIEVAL,
        title=source[:120],
        source=source,
        created_by=actor,
    )
    AuditEntry.objects.create(actor=actor, verb="install_model", subject=source[:200])
    if queue:
        jobs.enqueue(version)
    return version


def publish(version: ModelVersion) -> None:
    """Make the bundle of a model that is being installed, and give it its name for good."""
    manifest, place = bundles.put_in_place(_building(version), version.kind, version.source)
    title = manifest.name[:NAME_MOST]
    name = f"{title}@{manifest.version}"
    others = ModelVersion.objects.filter(name=name).exclude(pk=version.pk)
    if others.exclude(path="").exists():
        raise Refused("installed", _("%(name)s is installed already; make it live from the list.") % {"name": name})
    if others.exists():  # its files were deleted; what was found by it keeps its name
        title = title[: NAME_MOST - 10]
        name = f"{title}@{manifest.version}.{version.pk}"
    version.name, version.title, version.path = name, title, str(place)
    version.save(update_fields=["name", "title", "path"])


def _building(version: ModelVersion) -> bundles.Building:
    source = version.source
    if bundles.is_bundle(Path(source), version.kind):
        return bundles.copied(Path(source))
    return lambda folder: _export(source, folder)


def _export(source: str, folder: Path) -> None:
    from retrieval_engine.encoder import ModelUnavailable, load
    from retrieval_engine.export import ExportError, export

    try:
        name = Path(source).name if Path(source).is_dir() else None
        export(load(source, name=name), folder, pictures=_some_pictures())
    except (ModelUnavailable, ExportError) as error:
        raise Refused("model_unavailable", str(error)) from error


def _some_pictures() -> list[Path]:
    """Some of the catalogue's, the same every time: what a smaller text tower finds of them is compared."""
    images = Sticker.objects.exclude(state=Sticker.State.WITHDRAWN).order_by("sha256").values_list("image", flat=True)
    return [path for path in map(path_of, images[:N_COMPARED]) if path.is_file()]


def register(run: TrainingRun) -> ModelVersion:
    """Take in the model of a finished run as a candidate; the same run again gives the same candidate."""
    held = ModelVersion.objects.filter(run=run).first()
    if held is not None:
        return held
    kind = recipes()[run.recipe].kind
    made = Path(settings.RUNS_DIR, run.path, BUNDLE)
    manifest, place = bundles.put_in_place(bundles.copied(made), kind, f"{run.title}/{BUNDLE}")
    with transaction.atomic():
        version, is_new = ModelVersion.objects.get_or_create(
            run=run,
            defaults={
                "name": _name_for(manifest, run),
                "kind": kind,
                "title": run.title,
                "path": str(place),
                "source": f"run {run.pk}",
                "state": State.DONE,
                "ended_at": timezone.now(),
                "created_by": run.created_by,
            },
        )
        if is_new:
            AuditEntry.objects.create(actor=run.created_by, verb="register_model", subject=version.name)
    return version


def _name_for(manifest: bundles.Manifest, run: TrainingRun) -> str:
    """Two runs that come to the same weights are still two candidates."""
    name = f"{manifest.name[: NAME_MOST - 10]}@{manifest.version}"
    return f"{name}.{run.pk}" if ModelVersion.objects.filter(name=name).exists() else name

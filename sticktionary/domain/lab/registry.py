"""Retrieval models: published as bundles, embedding the catalogue beside the live one, then live all at once.

Only installing a model from its weights needs torch; embedding and search run on ONNX Runtime.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.bundle import MANIFEST, BundleError, read_manifest
from retrieval_engine.frames import FrameError
from retrieval_engine.serving import Bundle
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, Embedding, ModelVersion, Player, Sticker

WORDS_ONLY = "bm25"  # what stands for the model's name where search goes by words alone
AT_ONCE = 16  # stickers per call of the image tower
Told = Callable[[ModelVersion], None]

log = logging.getLogger(__name__)


# --- the live model ---


def champion() -> ModelVersion | None:
    return ModelVersion.objects.filter(stage=ModelVersion.Stage.CHAMPION).first()


def champion_name() -> str:
    version = champion()
    return version.name if version else WORDS_ONLY


def text_encoder(name: str) -> Bundle | None:
    """The encoder of a model; None for words alone, or when its bundle is damaged, which is logged."""
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        return None
    try:
        return bundle_at(version.path)
    except BundleError:
        log.exception("The bundle of %s cannot be opened; search goes by words alone", name)
        return None


@lru_cache(maxsize=2)
def bundle_at(path: str) -> Bundle:
    return Bundle.open(path)


# --- verbs ---


@transaction.atomic
def install(*, actor: Player | None, source: str, queue: bool = True) -> ModelVersion:
    """Begin to install NAME:PRETRAINED of open_clip, a folder of weights, or a bundle."""
    if actor is not None:
        accounts.require(actor, "install_model")
    source = source.strip()
    if not source or len(source) > 500:
        raise Refused("no_model", _("Say which model, as NAME:PRETRAINED or as a path."))
    version = ModelVersion.objects.create(
        name=f"installing-{uuid.uuid4().hex[:12]}", title=source[:120], source=source, created_by=actor
    )
    AuditEntry.objects.create(actor=actor, verb="install_model", subject=source[:200])
    if queue:
        jobs.enqueue(version)
    return version


@transaction.atomic
def make_live(*, actor: Player, version: ModelVersion) -> None:
    """Bring an installed model back: what it has not embedded yet is embedded, then it is live."""
    accounts.require(actor, "install_model")
    idle = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.DONE)
    if not idle.exclude(stage=ModelVersion.Stage.CHAMPION).update(state=ModelVersion.State.QUEUED, n_attempts=0):
        raise Refused("not_idle", _("This model is live already, or still being installed."))
    AuditEntry.objects.create(actor=actor, verb="make_live", subject=version.name)
    jobs.enqueue(version)


def run(version: ModelVersion, told: Told = lambda version: None) -> None:
    """The whole way, or what is left of it: bundle, vectors, switch. The caller holds the lease."""
    with jobs.kept_alive(version):
        if not version.path:
            _publish(version)
        bundle = bundle_at(version.path)
        version.n_total = _active().count()
        while not _promote(version):
            embed(version.name, bundle, lambda n_done: _tell(version, n_done, told))


def _tell(version: ModelVersion, n_done: int, told: Told) -> None:
    jobs.beat(version, n_done=min(version.n_total, n_done))
    told(version)


# --- a bundle from whatever was asked for ---


def _publish(version: ModelVersion) -> None:
    """Put the bundle below MODELS_DIR and give the version its name for good."""
    models = Path(settings.MODELS_DIR)
    with tempfile.TemporaryDirectory(dir=models, prefix=".") as workshop:
        built = Path(workshop) / "bundle"
        if (Path(version.source) / MANIFEST).is_file():
            shutil.copytree(version.source, built)
        else:
            _export(version.source, built)
        try:
            manifest = read_manifest(built)
        except BundleError as error:
            raise Refused("damaged_bundle", str(error).replace(str(built), version.source)) from error
        title = manifest.name[:60]
        name = f"{title}@{manifest.version}"
        if ModelVersion.objects.filter(name=name).exclude(pk=version.pk).exists():
            raise Refused("installed", _("%(name)s is installed already; make it live from the list.") % {"name": name})
        folder = models / manifest.version
        if not folder.exists():
            os.replace(built, folder)
    version.name, version.title, version.path = name, title, str(folder)
    version.save(update_fields=["name", "title", "path"])


def _export(source: str, folder: Path) -> None:
    from retrieval_engine.encoder import ModelUnavailable, load
    from retrieval_engine.export import ExportError, export

    try:
        name = Path(source).name if Path(source).is_dir() else None
        export(load(source, name=name), folder)
    except (ModelUnavailable, ExportError) as error:
        raise Refused("model_unavailable", str(error)) from error


# --- vectors ---


def _active() -> QuerySet[Sticker]:
    return Sticker.objects.exclude(state=Sticker.State.WITHDRAWN)


def _without_vector(name: str) -> QuerySet[Sticker]:
    return _active().exclude(embeddings__embedded_by=name)


def embed(name: str, bundle: Bundle, told: Callable[[int], None] = lambda n: None) -> int:
    """Embed every sticker that has no vector of this model yet; the number that got one."""
    missing = list(_without_vector(name).order_by("pk").values_list("pk", "image"))
    n_before = _active().count() - len(missing)
    for start in range(0, len(missing), AT_ONCE):
        _write_vectors(name, bundle, missing[start : start + AT_ONCE])
        told(n_before + min(start + AT_ONCE, len(missing)))
    return len(missing)


def _write_vectors(name: str, bundle: Bundle, stickers: Sequence[tuple[int, str]]) -> None:
    from sticktionary.domain.catalogue import index_changed

    vectors = [(id, _vector(bundle, path)) for id, path in stickers]
    rows = [Embedding(sticker_id=id, embedded_by=name, vector=vector) for id, vector in vectors]
    with transaction.atomic():
        Embedding.objects.bulk_create(rows, ignore_conflicts=True)
        index_changed(id for id, _path in stickers)


def _vector(bundle: Bundle, path: str) -> bytes:
    """Its float32 bytes; none at all for a file that is gone, so that one lost file does not hold up the rest."""
    try:
        return bytes(bundle.encode_stickers([path_of(path)])[0].tobytes())
    except FrameError:
        log.warning("%s cannot be read and gets no vector", path)
        return b""


def embed_missing(told: Callable[[int], None] = lambda n: None) -> int:
    """Embed new stickers for the live model."""
    version = champion()
    if version is None:
        return 0
    try:
        return embed(version.name, bundle_at(version.path), told)
    except BundleError:
        log.exception("The bundle of %s cannot be opened; new stickers are found by words alone", version.name)
        return 0


# --- the switch ---


@transaction.atomic
def _promote(version: ModelVersion) -> bool:
    """Make the model live, unless stickers have come in that it has not embedded: then say so and change nothing."""
    live = list(ModelVersion.objects.select_for_update().filter(stage=ModelVersion.Stage.CHAMPION))
    if _without_vector(version.name).exists():
        return False
    ModelVersion.objects.filter(pk__in=[old.pk for old in live]).update(stage=ModelVersion.Stage.RETIRED)
    version.stage, version.promoted_at = ModelVersion.Stage.CHAMPION, timezone.now()
    version.save(update_fields=["stage", "promoted_at"])
    was = live[0].name if live else WORDS_ONLY
    AuditEntry.objects.create(actor=version.created_by, verb="promote", subject=version.name, detail={"was": was})
    return True


# --- the model that is shipped ---


def install_starter(told: Told = lambda version: None) -> ModelVersion | None:
    """Make the shipped model live where there is none, or where an older shipped one is."""
    folder = Path(settings.STARTER_MODEL_DIR)
    if not (folder / MANIFEST).is_file():
        return None
    live = champion()
    is_ours = live is not None and live.source == str(folder)
    if live and (not is_ours or live.name.endswith(f"@{read_manifest(folder).version}")):
        return None
    version = install(actor=None, source=str(folder), queue=False)
    jobs.carry_out(ModelVersion, version.pk, lambda version: run(version, told))
    version.refresh_from_db()
    return version

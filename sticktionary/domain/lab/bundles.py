"""Where published models lie: a folder of files with checksums below MODELS_DIR, never changed, never unpickled."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from retrieval_engine import bundle as retrieval
from retrieval_engine.bundle import BundleError
from retrieval_engine.dialogue.runs import bundle as dialogue
from retrieval_engine.querygen import bundle as querygen
from retrieval_engine.serving import Bundle
from sticktionary.domain.errors import Refused
from sticktionary.domain.releases.folders import FULL
from sticktionary.models import ModelVersion

Kind = ModelVersion.Kind

Building = Callable[[Path], object]


class Manifest(Protocol):
    """What the manifests of all kinds of models say."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...


class Reading(Protocol):
    """Reads the manifest of one kind; with `verify` all files are compared with their checksums."""

    def __call__(self, folder: Path, *, verify: bool = True) -> Manifest: ...


MANIFESTS = {
    Kind.RETRIEVAL: retrieval.MANIFEST,
    Kind.GENERATOR: querygen.MANIFEST,
    Kind.DIALOGUE: dialogue.MANIFEST,
}
READERS: Mapping[Kind, Reading] = {
    Kind.RETRIEVAL: retrieval.read_manifest,
    Kind.GENERATOR: querygen.read_manifest,
    Kind.DIALOGUE: dialogue.read_manifest,
}


def is_bundle(folder: Path, kind: str = Kind.RETRIEVAL) -> bool:
    return (folder / MANIFESTS[Kind(kind)]).is_file()


def kind_of(folder: Path) -> Kind | None:
    """What kind of model lies in a folder; none where no bundle does."""
    return next((kind for kind in Kind if is_bundle(folder, kind)), None)


def manifest_of(folder: Path, kind: str, *, called: str = "", verify: bool = True) -> Manifest:
    """Its manifest, once all files are compared with their checksums; refused under the name `called` otherwise."""
    try:
        return READERS[Kind(kind)](folder, verify=verify)
    except BundleError as error:
        raise Refused("damaged_bundle", str(error).replace(str(folder), called or str(folder))) from error


def check(version: ModelVersion) -> Manifest:
    """Refuse a model whose files are gone or are not what was published."""
    return manifest_of(Path(version.path), version.kind, called=version.name)


def put_in_place(build: Building, kind: str, source: str) -> tuple[Manifest, Path]:
    """Have a bundle built beside its place, check it there, and move it to its place in one step."""
    models = Path(settings.MODELS_DIR)
    try:
        with tempfile.TemporaryDirectory(dir=models, prefix=".") as workshop:
            built = Path(workshop) / "bundle"
            build(built)
            manifest = manifest_of(built, kind, called=source)
            place = models / manifest.version
            if not is_bundle(place, kind):
                os.replace(built, place)
    except OSError as error:
        raise _said(error) from error
    return manifest, place


def _said(error: OSError) -> Exception:
    """What to raise for it: of a full disk, a sentence."""
    if error.errno in FULL:
        return Refused("disk_full", _("There is no room left for the model on the disk."))
    return error


def copied(source: Path) -> Building:
    """A way to build it: from a bundle that is there."""
    return lambda folder: shutil.copytree(source, folder, copy_function=_copy)


def _copy(source: str, target: str) -> None:
    """Of one file. A full disk ends it at once: `copytree` would go on, and tell of all files without a number."""
    try:
        shutil.copy2(source, target)
    except OSError as error:
        raise _said(error) from error


@lru_cache(maxsize=4)
def opened(path: str) -> Bundle:
    """The towers of a retrieval model, for this process. Raises `BundleError` where checksums do not hold."""
    return Bundle.open(path)

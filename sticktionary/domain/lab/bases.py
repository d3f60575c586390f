"""What a run starts from: a model made here ("tiny"), an installed one by its name, a folder, or a name of a hub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from retrieval_engine.training import bases
from retrieval_engine.training.bases import TINY
from retrieval_engine.training.recipes import Kind
from sticktionary.models import ModelVersion

PATIENCE_S = 90
LONGEST = 300  # name or path
STARTS: Mapping[Kind, tuple[Kind, ...]] = {
    "retrieval": ("retrieval",),
    "generator": ("generator",),
    "dialogue": ("retrieval", "dialogue"),
}
"""By the kind that is trained, the kinds of installed models that it may start from."""


def place_of(base: str) -> str:
    """As the engine is told: an installed model is its folder, everything else is what it is called."""
    version = ModelVersion.objects.filter(name=base).first()
    return version.path if version else base


def problem_with(base: str, kind: Kind, *, to_train: bool = True) -> str:
    """Why a run of a recipe of that kind cannot start from it, or measure it, in a sentence; empty when it can."""
    if base == TINY:
        return ""
    if len(base) > LONGEST or base.startswith("-") or not base.isprintable():
        return _("That is not the name of a model.")
    if version := ModelVersion.objects.filter(name=base).first():
        if version.kind not in (STARTS[kind] if to_train else (kind,)):
            told = {"name": base, "kind": version.get_kind_display()}
            return _("%(name)s is a %(kind)s; this recipe trains another kind of model.") % told
        return bases.problem_with(kind, Path(version.path), to_train=to_train)
    if base.startswith((".", "~")):
        return _("Give the whole path of the folder, from / on.")
    if base.startswith("/"):
        return bases.problem_with(kind, Path(base), to_train=to_train)
    return _problem_with_name(kind, base)


def _problem_with_name(kind: str, name: str) -> str:
    try:
        _ask(kind, name)
    except subprocess.CalledProcessError as told:
        return str(told.stdout).strip() or _("Whether the base model is there could not be found out.")
    except subprocess.TimeoutExpired:
        return _("Whether the base model is there could not be found out.")
    return ""


@lru_cache(maxsize=32)
def _ask(kind: str, name: str) -> None:
    """In a process of its own, since it takes torch to know; what is there stays there, so that is asked once."""
    subprocess.run(
        [sys.executable, "-m", "retrieval_engine.training.lookup", kind, name],
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

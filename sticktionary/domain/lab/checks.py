"""Whether a run can be begun at all: all that is wrong with what was asked, each in a sentence beside its field."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as ours
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from retrieval_engine.training.bases import TINY
from retrieval_engine.training.recipes import Estimate, Kind, Recipe, SettingsError, recipes
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import bases, estimates, uses
from sticktionary.domain.releases import folders
from sticktionary.models import Release
from sticktionary.models.players import Language

DEVICES = ("auto", "cpu", "cuda", "mps")
MAX_SEED = 2**31 - 1
SIDES = {"train": gettext_lazy("training"), "validation": gettext_lazy("validation"), "test": gettext_lazy("test")}
ROOM_BYTES = 256 * 2**20  # besides what checkpoints take: logs, decoded pictures, the bundle


class RunRefused(Refused):
    """A run that cannot be begun as it was asked for. `problems` has a sentence for each field; those of a setting are
    called "settings.NAME"."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("bad_run", " ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Asked:
    """A run that can be begun, with every value that it depends on."""

    recipe: Recipe
    release: Release
    base: str
    settings: dict[str, Any]
    seed: int
    device: str

    def estimate(self) -> Estimate:
        """What it will take, roughly."""
        values: dict[str, Any] = {"settings": self.settings, "base": self.base, "device": self.device}
        return estimates.estimate(recipe=self.recipe.name, release=self.release, **values)


def check(
    *,
    recipe: str,
    release: Release,
    base: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    is_evaluation: bool = False,
) -> Asked:
    """What was asked for, made whole with defaults. Raises RunRefused with all that is wrong."""
    known = recipes().get(recipe)
    if known is None:
        names = ", ".join(recipes())
        raise RunRefused({"recipe": _("There is no such recipe. There are: %(names)s.") % {"names": names}})
    values, problems = _settings(known, settings or {})
    base = base.strip() or known.default_base
    found = {
        "release": problem_with_release(release, known.kind),
        "base": bases.problem_with(base, known.kind, to_train=not is_evaluation),
        "seed": "" if 0 <= seed <= MAX_SEED else _("The seed is a whole number from 0 on."),
        "device": "" if device in DEVICES else _("Choose one of %(names)s.") % {"names": ", ".join(DEVICES)},
    }
    problems |= {field: problem for field, problem in found.items() if problem}
    if problems:
        raise RunRefused(problems)
    asked = Asked(known, release, base, values, seed, device)
    if problem := _problem_with_room(asked):
        raise RunRefused({"room": problem})
    return asked


def _settings(recipe: Recipe, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        return asdict(recipe.checked(given)), {}
    except SettingsError as error:
        told = {name: _sentence(name, problem) for name, problem in error.problems.items()}
        return {}, {f"settings.{name}": problem for name, problem in told.items()}


def _sentence(name: str, problem: str) -> str:
    return f"{name.replace('_', ' ').capitalize()}: {problem}."


# --- the release ---


def problem_with_release(release: Release, kind: Kind) -> str:
    """Why a recipe of that kind can learn nothing from the release, in a sentence; empty when it can."""
    if release.number is None:
        return _("This release is not frozen yet.")
    named = {"name": str(release)}
    if release.withdrawn_at is not None:
        return _("%(name)s was withdrawn; nothing may be trained on it.") % named
    if folders.folder_of(release) is None:
        return _("The folder of %(name)s is gone.") % named
    if kind == "dialogue":
        return _problem_with_conversations(release)
    return _problem_with_queries(release.manifest.get("counts", {}), release)


def _problem_with_conversations(release: Release) -> str:
    named = {"name": str(release)}
    if not uses.n_uses(release):
        text = _("%(name)s holds no conversations with stickers. Import some, freeze a release, and choose that one.")
        return text % named
    held = uses.by_part(release)
    for part, label in SIDES.items():
        if not held.get(part):
            text = _(
                "No sticker is used in a conversation on the %(side)s side of %(name)s. Chats are split as a whole: "
                "a release of more chats has all three sides."
            )
            return text % {"side": label, "name": release}
    return ""


def _problem_with_queries(counts: Mapping[str, int], release: Release) -> str:
    named = {"name": str(release)}
    if counts.get("n_queries", 0) - counts.get("n_unproven", 0) <= 0:
        return _("%(name)s is empty: it holds no proven query, so there is nothing to learn.") % named
    for language in release.rules.get("languages", ()):
        if not counts.get(f"n_queries_{language}"):
            told = named | {"language": Language(language).label}
            return _("%(name)s is meant to hold %(language)s, but has no query in it. Freeze one without it.") % told
    for side, label in SIDES.items():
        if not counts.get(f"n_{side}"):
            told = named | {"side": str(label)}
            return _("The %(side)s side of %(name)s is empty. A release of more stickers has all three.") % told
    return ""


# --- the machine ---


def _problem_with_room(asked: Asked) -> str:
    """Where runs lie it takes a folder that can be written, with room for checkpoints and the model."""
    root = Path(ours.RUNS_DIR)
    if not os.access(root, os.W_OK | os.X_OK):
        return _("Runs cannot be kept: the folder %(path)s cannot be written.") % {"path": root}
    needed, free = needed_bytes(asked), shutil.disk_usage(root).free
    if free < needed:
        told = {"free": filesizeformat(free), "needed": filesizeformat(needed)}
        return _("There is too little room on the disk: %(free)s are free, the run may need %(needed)s.") % told
    return ""


def needed_bytes(asked: Asked) -> int:
    """What a run may write. A checkpoint holds the weights and what the optimiser keeps, which is in memory besides."""
    return ROOM_BYTES if asked.base == TINY else ROOM_BYTES + asked.estimate().memory_bytes

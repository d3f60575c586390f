"""What a run reads and where it writes: the release's folder, pictures that the release may not carry, what was taken
back since, and the run's own folder."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from retrieval_engine.training.recipes import Kind, recipes
from retrieval_engine.training.run import ORDER, Order
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.lab import bases
from sticktionary.domain.lab.registry import champion, champion_name
from sticktionary.domain.releases import chats, folders, tombstones
from sticktionary.domain.releases.sticker_names import sticker_names
from sticktionary.models import ModelVersion, Release, Sticker, Tombstone, TrainingRun

PICTURES, LEFT_OUT = "pictures.json", "left_out.json"


def usable_releases(kind: Kind | None = None) -> QuerySet[Release]:
    """Releases that may be learned from, the newest first; those with conversations for recipes that need them."""
    held = Release.objects.filter(number__isnull=False, withdrawn_at=None).exclude(path="").order_by("-number")
    return held.filter(manifest__counts__n_samples__gt=0) if kind == "dialogue" else held


def folder_of(run: TrainingRun) -> Path:
    """Where the run lies, or will lie."""
    return Path(settings.RUNS_DIR) / (run.path or str(run.pk))


def write_order(run: TrainingRun) -> Path:
    """Put the order, and what it refers to, into the run's folder; a run that goes on keeps the one it began with."""
    folder = folder_of(run)
    if not (folder / ORDER).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / PICTURES, pictures())
        _write(folder / LEFT_OUT, left_out())
        order_of(run).write(folder)
        run.facts |= {"live": champion_name(recipes()[run.recipe].kind)}  # what it is measured beside
        TrainingRun.objects.filter(pk=run.pk).update(facts=run.facts)
    return folder


def order_of(run: TrainingRun) -> Order:
    folder = folder_of(run)
    release = folders.folder_of(run.release)
    return Order(
        recipe=run.recipe,
        settings=run.settings,
        release=str(release),
        base=bases.place_of(run.base),
        seed=run.seed,
        device=run.device,
        pictures=str(folder / PICTURES),
        left_out=str(folder / LEFT_OUT),
        live=_live(ModelVersion.Kind.RETRIEVAL),
        generator=_live(ModelVersion.Kind.GENERATOR),
        dialogue=_live(ModelVersion.Kind.DIALOGUE),
        evaluate=run.is_evaluation,
        watched=True,
    )


def pictures() -> dict[str, str]:
    """The picture of every sticker that is not withdrawn, by the name it has in releases."""
    names = sticker_names()
    stickers = Sticker.objects.exclude(state=Sticker.State.WITHDRAWN).values_list("pk", "original", "image")
    return {names[id]: str(path_of(original or image)) for id, original, image in stickers.iterator()}


def left_out() -> dict[str, list[int] | list[str]]:
    """What no training may read any more, whatever release it is in."""
    names = sticker_names()
    gone = set(Tombstone.objects.filter(kind=Tombstone.Kind.STICKER).values_list("subject", flat=True))
    gone |= set(Sticker.objects.filter(state=Sticker.State.WITHDRAWN).values_list("pk", flat=True))
    taken_back = Tombstone.objects.filter(kind=Tombstone.Kind.CONVERSATION).values_list("subject", flat=True)
    return {
        "queries": sorted(tombstones.gone()),
        "stickers": sorted(names[id] for id in gone & names.keys()),
        "chats": sorted(map(chats.name_of, taken_back)),
    }


def _live(kind: str) -> str:
    version = champion(kind)
    return version.path if version else ""


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

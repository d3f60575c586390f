"""A model's card: what it is, what it learnt from, how it was measured, where its limits are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval_engine.training.figures import Figure, Report
from retrieval_engine.training.recipes import recipes
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import bundles
from sticktionary.models import ModelVersion, Release, TrainingRun


@dataclass(frozen=True)
class Card:
    """What the card is written from; whatever is not known is empty."""

    name: str
    title: str
    kind: str
    recipe: str
    licence: str
    base: str
    release: Release | None
    run: TrainingRun | None
    settings: dict[str, Any]
    report: Report | None
    files: dict[str, str]  # by name, their SHA-256
    provenance: dict[str, Any]


def of(version: ModelVersion) -> Card:
    """The card of a model, also of one whose files are gone."""
    run, manifest = version.run, _manifest(version)
    recipe = recipes().get(run.recipe) if run else None
    return Card(
        name=version.name,
        title=version.title,
        kind=version.kind,
        recipe=recipe.title if recipe else "",
        licence=str(getattr(manifest, "licence", "")),
        base=run.base if run else version.source,
        release=run.release if run else None,
        run=run,
        settings=dict(run.settings) if run else {},
        report=Report.of(run.report) if run and run.report else None,
        files=dict(getattr(manifest, "files", {})),
        provenance=dict(getattr(manifest, "provenance", {})),
    )


def _manifest(version: ModelVersion) -> Any:
    if not version.path:
        return None
    try:
        return bundles.manifest_of(Path(version.path), version.kind, called=version.name, verify=False)
    except Refused:
        return None


def markdown(version: ModelVersion) -> str:
    """As a file beside the model, in English, as cards are read on hubs."""
    card = of(version)
    parts = [_head(card), _training(card), _evaluation(card), f"## Limits\n\n{LIMITS}", _files(card)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(card: Card) -> str:
    front = {"library_name": "sticktionary", "license": card.licence or "unknown", "tags": f"[stickers, {card.kind}]"}
    lines = "\n".join(f"{name}: {value}" for name, value in front.items())
    return f"---\n{lines}\n---\n\n# {card.title}\n\n`{card.name}` · {PURPOSE[card.kind]}"


PURPOSE = {
    "retrieval": "finds stickers by what people type when they look for one, in English and Chinese.",
    "generator": "writes what people would type when they look for a sticker.",
    "dialogue": "answers a conversation with the sticker that somebody in it might send next.",
}


def _training(card: Card) -> str:
    if card.run is None or card.release is None:
        return f"## Training\n\nNot trained here. It was installed from `{card.base}`."
    run, release = card.run, card.release
    made = f"{card.recipe}, from `{card.base}`, seed {run.seed}, on {run.device}, code {run.code_version}"
    named = f"“{release.title}”, no. {release.number} (SHA-256 of its manifest: `{release.manifest_sha256}`)"
    table = _table(("setting", "value"), [(name, f"`{value}`") for name, value in card.settings.items()])
    return f"## Training\n\nRun {run.pk}: {made}.\n\nLearnt from the training side of release {named}.\n\n{table}"


def _evaluation(card: Card) -> str:
    if card.report is None:
        return ""
    head = ("task", "method", "language", "metric", "value", "95 % interval", "by chance", "n", "stickers")
    table = _table(head, [_row(figure) for figure in card.report.figures])
    notes = "\n".join(f"* {note}" for note in card.report.notes)
    said = "On the test side of the same release. Ties are taken as expected values."
    return f"## Evaluation\n\n{said}\n\n{table}\n\n{notes}".rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    interval = "" if figure.low is None or figure.high is None else f"{figure.low:.4g} to {figure.high:.4g}"
    chance = "" if figure.chance is None else f"{figure.chance:.4g}"
    named = (figure.task, figure.method, figure.language, figure.metric)
    return (*named, f"{figure.value:.4g}", interval, chance, str(figure.n), str(figure.n_gallery))


LIMITS = """\
It has seen the stickers, players and languages of its release and no others. Players are volunteers; their words are
not everybody's. What a generator writes is no evidence of what people type."""


def _files(card: Card) -> str:
    if not card.files:
        return ""
    table = _table(("file", "SHA-256"), [(f"`{name}`", f"`{digest}`") for name, digest in sorted(card.files.items())])
    return f"## Files\n\nOpened only when these checksums hold; no weights are ever unpickled.\n\n{table}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

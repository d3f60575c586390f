"""The papers' own tables for our data: of a release as it was frozen, and of the play so far.

The play so far takes seconds to count at a million queries, so the worker does it every hour, into a file beside the
other data; the page reads that. While there is little, a page counts by itself.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.folders import Players, survey
from retrieval_engine.statistics import Figures, Overlap
from retrieval_engine.text_agreement import Row
from sticktionary.celery_app import app
from sticktionary.domain import live_statistics as play
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import Player, Query
from sticktionary.models.players import Language

FILE = "statistics.json"
FEW = 20_000  # queries that a page counts by itself
FRESH_FOR = timedelta(hours=1)
log = logging.getLogger(__name__)
SETS = {"play": False, "all": True}  # whether with the queries that stickers came with


# --- a release ---


def of_release(folder: Path) -> dict[str, Any]:
    """What statistics.json says of the files in a release's folder.

    The same files give the same figures anywhere, so nothing in it needs weights; `python -m retrieval_engine stats`
    adds embeddings and BERTScore to them where some are installed.
    """
    if not any(folder.glob("sticker_queries_*.csv")):
        return {}
    found = survey(folder)
    return as_json(found.players, found.figures, found.overlap, found.agreement)


def as_json(
    players: Mapping[str, Players],
    figures: Mapping[str, Figures],
    overlap: Overlap | None,
    agreement: Mapping[str, Sequence[Row]],
) -> dict[str, Any]:
    sections = {
        "players": {language: asdict(held) for language, held in players.items()},
        "queries": {language: _lists_last(asdict(held)) for language, held in figures.items()},
        "overlap": asdict(overlap) if overlap else {},
        "agreement": {language: _by_measure(rows) for language, rows in agreement.items() if rows},
    }
    rounded: dict[str, Any] = _rounded({name: section for name, section in sections.items() if section})
    return rounded


def _lists_last(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in sorted(figures, key=lambda name: isinstance(figures[name], tuple))}


def _by_measure(rows: Sequence[Row]) -> dict[str, Any]:
    return {f"{row.measure}, {row.variant}": _figure(row) for row in rows}


def _figure(row: Row) -> dict[str, Any]:
    counts = {"by_chance": row.baseline.value, "n_stickers": row.n_stickers, "n_pairs": row.n_pairs}
    return {**asdict(row.estimate), **counts}


def _rounded(value: Any) -> Any:
    """Floats to six places, tuples as lists, what is no number as none: what JSON gives back."""
    if isinstance(value, dict):
        return {key: _rounded(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(held) for held in value]
    if isinstance(value, float):
        return round(value, 6) if value == value else None
    return value


# --- the play so far ---


def live() -> dict[str, Any] | None:
    """The figures as they were last worked out; at once where there is little; None until the worker has been there."""
    kept = _kept()
    if kept is not None and (_age(kept) < FRESH_FOR or not is_little()):
        return kept
    return refresh() if is_little() else kept


def refresh() -> dict[str, Any]:
    """Work the figures out and keep them."""
    found = work_out()
    path = Path(settings.DATA_DIR) / FILE
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", delete=False, encoding="utf-8") as file:
        json.dump(found, file, ensure_ascii=False)
    os.replace(file.name, path)
    return found


def ask_for_refresh(*, actor: Player) -> None:
    """Have the figures worked out anew: at once where there is little, else by the worker."""
    accounts.require(actor, "view_statistics")
    if is_little():
        refresh()
        return
    try:
        app.send_task("sticktionary.refresh_statistics", args=[True])
    except Exception as error:
        log.warning("No broker took the task of the statistics", exc_info=True)
        raise Refused("no_worker", _("No worker could be reached; the figures come anew within the hour.")) from error


def refresh_if_stale() -> None:
    kept = _kept()
    if kept is None or _age(kept) >= FRESH_FOR:
        refresh()


def is_little() -> bool:
    return not Query.objects.order_by("pk").values("pk")[FEW : FEW + 1].exists()


def work_out() -> dict[str, Any]:
    sets = {}
    agreed = {language: play.agreed(language) for language in Language.values}
    people, hours = play.players(), play.hours()
    for name, with_house in SETS.items():
        found = play.gathered(with_house=with_house)
        figures = {language: held.figures() for language, held in found.items()}
        sets[name] = as_json(people, figures, play.common(found), agreed)
    pace = {language: _pace(language, hours[language]) for language in Language.values}
    return {"at": timezone.now().isoformat(timespec="seconds"), "pace": _rounded(pace), "sets": sets}


def _pace(language: str, hours: float) -> dict[str, float]:
    n = play.n_verified(language)
    return {"hours": hours, "n_verified": n, "queries_per_hour": n / hours if hours else 0.0}


def _kept() -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads((Path(settings.DATA_DIR) / FILE).read_text(encoding="utf-8"))
        return kept if kept.keys() >= {"at", "pace", "sets"} else None
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _age(kept: dict[str, Any]) -> timedelta:
    return timezone.now() - datetime.fromisoformat(kept["at"])

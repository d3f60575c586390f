"""Datasets out, in the published StickerQueries form: `stickers/` and a `sticker_id,labeled_queries` CSV per language.

Of a sticker and language: the queries it came with, as they came; then those of found rounds of play and of found
suggestions, by round, that say something new. What a reviewer mended reads mended; what one discarded is not there.
Practice, skipped, lapsed and withdrawn rounds are never in it. The same facts give the same bytes, also as a zip.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from retrieval_engine.data import StickerQueries, writable, write_queries_csv
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake.pictures import path_of
from sticktionary.domain.people import accounts
from sticktionary.domain.play.outcome import PROVEN
from sticktionary.domain.review.rulings import as_ruled
from sticktionary.models import AuditEntry, ExportJob, Player, Query, Round, Sticker
from sticktionary.models.players import Language

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
Told = Callable[[int, int], None]  # done, of


# --- what belongs in it ---


def queries_in(language: str) -> dict[int, list[str]]:
    """Each sticker's queries in the order of the export, in the form a CSV can hold."""
    texts: defaultdict[int, list[str]] = defaultdict(list)
    said: defaultdict[int, set[str]] = defaultdict(set)
    for sticker_id, source, text, normalised in _facts(language):
        kept = writable(text)
        if kept and (source == Round.Source.HOUSE or normalised not in said[sticker_id]):
            texts[sticker_id].append(kept)
        said[sticker_id].add(normalised)
    return dict(texts)


def _facts(language: str) -> Iterator[tuple[int, str, str, str]]:
    columns = ("round__sticker_id", "round__source", "said", "said_normalised")
    held = as_ruled(Query.objects.filter(round__language=language, removed_at=None))
    house = held.filter(round__source=Round.Source.HOUSE).exclude(round__state=Round.State.WITHDRAWN)
    proven = [Round.Source.PLAY, Round.Source.SUGGESTION]
    found = held.filter(round__source__in=proven, round__state__in=PROVEN)
    yield from house.order_by("round__sticker_id", "position", "pk").values_list(*columns).iterator()
    yield from found.order_by("round_id", "position", "pk").values_list(*columns).iterator()


def sticker_ids(stickers: Iterable[Sticker]) -> dict[int, str]:
    """The file name of each sticker: its own, with its pack's before it where two packs use the same."""
    stickers = list(stickers)
    times = Counter(sticker.name for sticker in stickers)
    return {s.pk: s.name if times[s.name] == 1 else f"{s.pack.slug}_{s.name}" for s in stickers}


# --- writing it ---


def write(folder: Path, told: Told = lambda done, total: None) -> int:
    """Write the dataset into a folder that is new or empty; the number of stickers. Raises Refused."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("not_empty", _("%(path)s is there already and not empty.") % {"path": folder})
    queries = {language: queries_in(language) for language in Language.values}
    wanted = set().union(*queries.values())
    stickers = [s for s in _exportable() if s.pk in wanted]
    names = sticker_ids(stickers)
    _copy_pictures(folder / "stickers", stickers, names, told)
    for language, texts in queries.items():
        _write_csv(folder / f"sticker_queries_{language}.csv", texts, names)
    return len(stickers)


def _exportable() -> Iterable[Sticker]:
    return Sticker.objects.exclude(state=Sticker.State.WITHDRAWN).select_related("pack").order_by("pk")


def _copy_pictures(folder: Path, stickers: list[Sticker], names: Mapping[int, str], told: Told) -> None:
    folder.mkdir(parents=True)
    told(0, len(stickers))
    for done, sticker in enumerate(stickers, 1):
        try:
            shutil.copyfile(path_of(sticker.original or sticker.image), folder / names[sticker.pk])
        except FileNotFoundError as error:
            raise Refused("file_gone", _("The file of sticker %(name)s is gone.") % {"name": sticker.name}) from error
        told(done, len(stickers))


def _write_csv(path: Path, texts: Mapping[int, list[str]], names: Mapping[int, str]) -> None:
    rows = [StickerQueries(names[id], tuple(queries)) for id, queries in texts.items() if id in names]
    write_queries_csv(path, sorted(rows, key=lambda row: row.sticker_id))


def pack_up(folder: Path, archive: Path, told: Callable[[], None] = lambda: None) -> None:
    """Zip a folder: names in order and no times, so that the same content gives the same bytes."""
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if path.suffix == ".csv" else zipfile.ZIP_STORED
            with path.open("rb") as content, out.open(entry, "w", force_zip64=path.stat().st_size > 2**30) as member:
                shutil.copyfileobj(content, member)
            told()


# --- verbs ---


@transaction.atomic
def start_export(*, actor: Player) -> ExportJob:
    accounts.require(actor, "export_queries")
    job = ExportJob.objects.create(created_by=actor)
    AuditEntry.objects.create(actor=actor, verb="export_queries", subject=f"export {job.pk}")
    jobs.enqueue(job)
    return job


def run(job: ExportJob) -> None:
    """Write the dataset and pack it up; the caller holds the lease. The zip appears whole or not at all."""
    archive = Path(settings.EXPORTS_DIR) / f"sticker-queries-{job.pk}.zip"
    with tempfile.TemporaryDirectory(dir=settings.EXPORTS_DIR, prefix=".") as workshop:
        folder, unfinished = Path(workshop) / "dataset", Path(workshop) / archive.name
        write(folder, lambda done, total: jobs.beat(job, n_done=done, n_total=total))
        pack_up(folder, unfinished, lambda: jobs.beat(job))
        unfinished.replace(archive)
    ExportJob.objects.filter(pk=job.pk).update(path=archive.name)


def archive_of(job: ExportJob) -> Path | None:
    """The finished zip, if it is still there."""
    path = Path(settings.EXPORTS_DIR) / job.path
    return path if job.path and path.is_file() else None

"""Stickers in. One of two threads reads, decodes and stores a file; then its sticker, house rounds and line in the
report are written in one transaction. So an import that is killed goes on after the last line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.catalogue import add_house_rounds, index_changed, n_new_queries, not_held
from sticktionary.domain.errors import Refused
from sticktionary.domain.intake import manifests, sources
from sticktionary.domain.intake.batches import Batch, prepared, sort_out
from sticktionary.domain.intake.manifests import Described
from sticktionary.domain.intake.pictures import Prepared
from sticktionary.domain.intake.sources import File, Unreadable
from sticktionary.domain.intake.twins import Key, Looks
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ConversationImport, ImportItem, ImportJob, Pack, Player, Sticker

Outcome = ImportItem.Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one file, or of one line of a list."""

    name: str
    outcome: str
    reason: str = ""
    sticker: Sticker | None = None
    is_near_duplicate: bool = False


# --- a run ---


class Import:
    """One pass over a batch. `pack` and `job` are None for a dry run, which decides the same and writes nothing."""

    def __init__(self, batch: Batch, pack: Pack | None, job: ImportJob | None, *, write: bool) -> None:
        self.batch, self.pack, self.job, self.write = batch, pack, job, write
        self.known: dict[str, Key] = dict(Sticker.objects.values_list("sha256", "pk"))
        self.taken = set(pack.stickers.values_list("name", flat=True)) if pack else set()
        self.looks = Looks()

    def lines(self, done: set[str]) -> Iterator[Line]:
        """Decide, and unless it is a dry run write, line by line; names in `done` have been dealt with."""
        for name, reason in self.batch.refused:
            if name not in done:
                yield self._record(Line(name, Outcome.REFUSED, reason))
        todo = {name: file for name, file in self.batch.pictures.items() if file.name not in done}
        for name, result in prepared(todo, self.known.__contains__, store=self.write):
            yield self._settle(name, self.batch.pictures[name], result)
        yield from self._words_alone(done)

    def _settle(self, name: str, file: File, result: str | Prepared | Unreadable) -> Line:
        if isinstance(result, Unreadable):
            return self._record(Line(file.name, Outcome.REFUSED, str(result)))
        digest = result if isinstance(result, str) else result.sha256
        if digest in self.known:
            return self._merge(file.name, self.known[digest], self.batch.words_for(name))
        assert isinstance(result, Prepared)
        if name in self.taken:
            return self._record(Line(file.name, Outcome.REFUSED, _("The pack holds another sticker of this name.")))
        try:
            return self._add(name, file, result)
        except IntegrityError:  # another import was faster with the same file
            self.known[digest] = Sticker.objects.get(sha256=digest).pk
            return self._merge(file.name, self.known[digest], self.batch.words_for(name))

    @transaction.atomic
    def _add(self, name: str, file: File, picture: Prepared) -> Line:
        twin = self.looks.twin_of(picture)
        sticker = self._create(name, picture, self.batch.words_for(name), twin) if self.write else None
        key: Key = sticker.pk if sticker else name
        self.known[picture.sha256] = key
        self.taken.add(name)
        self.looks.add(key, picture, twin)
        reason = "" if twin is None else _("It looks like %(other)s.") % {"other": self._called(twin)}
        return self._record(Line(file.name, Outcome.IMPORTED, reason, sticker, twin is not None))

    def _create(self, name: str, picture: Prepared, words: Described, twin: Key | None) -> Sticker:
        assert self.pack is not None
        sticker = Sticker.objects.create(
            pack=self.pack,
            name=name,
            twin_of_id=twin,
            printed_text=words.printed_text,
            labels=words.labels,
            source=words.source,
            licence=words.licence,
            **picture.columns(),
        )
        if not add_house_rounds(sticker, words.queries):
            index_changed([sticker.pk])
        return sticker

    @transaction.atomic
    def _merge(self, file_name: str, key: Key, words: Described) -> Line:
        """A picture that is there already gives its queries to the one that is."""
        reason = _("It is the same file as %(other)s.") % {"other": self._called(key)}
        sticker = Sticker.objects.get(pk=key) if isinstance(key, int) else None
        if n_added := self._give(key, sticker, words):
            reason += " " + _("%(n)d new queries were added to it.") % {"n": n_added}
        return self._record(Line(file_name, Outcome.DUPLICATE, reason, sticker))

    def _give(self, key: Key, sticker: Sticker | None, words: Described) -> int:
        """Add queries to a sticker, or count what would be added; a dry run's own stickers are known by name."""
        if sticker is not None and self.write:
            return add_house_rounds(sticker, words.queries)
        if sticker is not None:
            return n_new_queries(sticker, words.queries)
        held = self.batch.words_for(str(key)).queries
        return sum(len(not_held(held.get(language, []), texts)) for language, texts in words.queries.items())

    def _called(self, key: Key) -> str:
        if isinstance(key, str):
            return key
        sticker = Sticker.objects.select_related("pack").get(pk=key)
        if self.pack and sticker.pack_id == self.pack.pk:
            return sticker.name
        return _("%(name)s of “%(pack)s”") % {"name": sticker.name, "pack": sticker.pack.title}

    def _words_alone(self, done: set[str]) -> Iterator[Line]:
        for name, words in self.batch.listed_alone().items():
            label = _("%(name)s (listed)") % {"name": name[:480]}
            if label not in done:
                yield self._add_words(label, name, words)

    @transaction.atomic
    def _add_words(self, label: str, name: str, words: Described) -> Line:
        sticker = self.pack.stickers.filter(name=name).first() if self.pack else None
        if sticker is None:
            return self._record(Line(label, Outcome.REFUSED, _("No picture of this name came with the list.")))
        n_added = self._give(sticker.pk, sticker, words)
        reason = _("In the pack already; %(n)d new queries were added to it.") % {"n": n_added}
        return self._record(Line(label, Outcome.DUPLICATE, reason, sticker))

    def _record(self, line: Line) -> Line:
        if self.job:
            item = ImportItem(
                job=self.job,
                name=line.name[:500],
                outcome=line.outcome,
                reason=line.reason[:300],
                sticker=line.sticker,
                is_near_duplicate=line.is_near_duplicate,
            )
            ImportItem.objects.bulk_create([item], ignore_conflicts=True)
        return line


# --- verbs ---


def open_pack(*, slug: str, title: str, title_zh: str = "", source: str, licence: str) -> Pack:
    """The pack of this slug, made if there is none. A new one says where it comes from and what may be done with it."""
    slug = slugify(slug)[:80]
    if pack := Pack.objects.filter(slug=slug).first():
        return pack
    if not (slug and title and source and licence):
        raise Refused("pack_incomplete", _("A new pack needs a title, its source and its licence."))
    facts = {"title": title[:120], "title_zh": title_zh[:120], "source": source[:300], "licence": licence[:120]}
    return Pack.objects.get_or_create(slug=slug, defaults=facts)[0]


@transaction.atomic
def start_import(
    *, actor: Player | None, path: Path, label: str, pack: Pack | None, dry_run: bool = False, queue: bool = True
) -> ImportJob:
    """Write the job down; with `queue` a worker takes it. The command line has no actor: who holds the machine may."""
    if actor is not None:
        accounts.require(actor, "import_stickers")
    job = ImportJob.objects.create(created_by=actor, path=str(path), label=label[:200], pack=pack, is_dry_run=dry_run)
    subject = f"import {job.pk} into {pack.slug if pack else 'nothing'}"
    AuditEntry.objects.create(actor=actor, verb="import", subject=subject[:200], detail={"label": label[:200]})
    if queue:
        jobs.enqueue(job)
    return job


def run(job: ImportJob, told: Callable[[ImportJob, Line | None], None] = lambda job, line: None) -> None:
    """Do the job, or what is left of it; the caller holds its lease. `told` hears of every line."""
    done = set(job.items.values_list("name", flat=True))
    with sources.opened(Path(job.path)) as source:
        batch = sort_out(source)
        if not len(batch):
            raise Refused("nothing", _("There is nothing to import in %(label)s.") % {"label": job.label})
        jobs.beat(job, n_done=len(done), n_total=max(len(batch), len(done)))
        told(job, None)
        for line in Import(batch, job.pack, job, write=not job.is_dry_run).lines(done):
            jobs.beat(job, n_done=job.n_done + 1, n_total=max(job.n_total, job.n_done + 1))
            told(job, line)
    if not job.is_dry_run and Path(job.path).parent == Path(settings.UPLOADS_DIR):
        Path(job.path).unlink(missing_ok=True)  # a dry run's archive waits to be imported


def rehearse(path: Path, pack: Pack | None) -> Iterator[Line]:
    """The lines of a report, without a row or a file written."""
    with sources.opened(path) as source:
        yield from Import(sort_out(source), pack, None, write=False).lines(set())


def pack_facts(path: Path) -> dict[str, str]:
    """What the lists of a source say of the pack itself: slug, title, title_zh, source, licence."""
    with sources.opened(path) as source:
        told = [file for file in source.files if PurePosixPath(file.name).name in {"pack.json", "contents.json"}]
        return manifests.read(told).pack


def free_slug(title: str) -> str:
    """A slug for a new pack of this title; titles in Chinese have none of their own."""
    slug = slugify(title)[:70] or "pack"
    taken = set(Pack.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    return slug if slug not in taken else next(free for n in count(2) if (free := f"{slug}-{n}") not in taken)


def forget_uploads() -> int:
    """Delete archives that nobody came back for; the number deleted."""
    week_ago = time.time() - 7 * 24 * 3_600
    unfinished = (kind.objects.exclude(state__in=["done", "failed"]) for kind in (ImportJob, ConversationImport))
    running = {path for jobs_ in unfinished for path in jobs_.values_list("path", flat=True)}
    old = [path for path in Path(settings.UPLOADS_DIR).iterdir() if path.stat().st_mtime < week_ago]
    gone = [path for path in old if str(path) not in running]
    for path in gone:
        path.unlink()
    return len(gone)

"""What the worker does: take a row's id, carry it out. Every task may come twice or not at all; rows decide."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_ready, worker_shutting_down

from sticktionary.celery_app import app

SWEEP_EVERY_S = 20.0
EMBED_EVERY_S = 20.0
EMBED_FOR_S = 18.0  # of them where there are many new stickers: other work comes in between
LOOK_EVERY_S = 60.0  # at those who played since
PAIRS_EVERY_S = 3_600.0
SNAPSHOTS_EVERY_S = 60.0  # looked whether any is due
STATISTICS_EVERY_S = 600.0  # looked at; counted when they are older than an hour


@app.on_after_finalize.connect
def plan(sender: Any, **kwargs: Any) -> None:
    sender.add_periodic_task(SWEEP_EVERY_S, sweep.s(), expires=SWEEP_EVERY_S)
    sender.add_periodic_task(EMBED_EVERY_S, embed.s(), expires=EMBED_EVERY_S)
    sender.add_periodic_task(LOOK_EVERY_S, look_for_flags.s(), expires=LOOK_EVERY_S)
    sender.add_periodic_task(PAIRS_EVERY_S, look_at_pairs.s(), expires=PAIRS_EVERY_S)
    sender.add_periodic_task(SNAPSHOTS_EVERY_S, keep_snapshots.s(), expires=SNAPSHOTS_EVERY_S)
    sender.add_periodic_task(STATISTICS_EVERY_S, refresh_statistics.s(), expires=STATISTICS_EVERY_S)


@worker_ready.connect
def begin(**kwargs: Any) -> None:
    from django.conf import settings

    sweep.delay()
    if settings.SEARCH_URL:
        keep_search_cluster()


def keep_search_cluster() -> None:
    """In every worker; one of them writes, the others stand by."""
    from sticktionary.domain import jobs
    from sticktionary.domain.search.cluster import address, keeping

    if not address.is_local():
        keeping.start(jobs.closing)


@worker_shutting_down.connect
def leave(**kwargs: Any) -> None:
    from sticktionary.domain import jobs

    jobs.closing.set()


@app.task(name="sticktionary.sweep")
def sweep() -> None:
    """Make lost jobs good, forget what nobody needs any more."""
    from sticktionary.domain import figures, jobs
    from sticktionary.domain.annotation import tallies
    from sticktionary.domain.intake import importing
    from sticktionary.domain.lab import embedding, promotion, shadowing
    from sticktionary.domain.people import guests
    from sticktionary.domain.play import deciding
    from sticktionary.domain.quality import estimates, overview
    from sticktionary.domain.releases import folders
    from sticktionary.domain.search import filling

    jobs.sweep()
    deciding.sweep()
    estimates.count_new()
    figures.refresh()
    tallies.refresh()
    overview.refresh()
    importing.forget_uploads()
    folders.sweep()
    embedding.forget()
    promotion.catch_up()
    shadowing.forget_old()
    filling.forget_old_changes()
    guests.forget_idle()


@app.task(name="sticktionary.embed")
def embed() -> None:
    """Some of the stickers that have no vector yet; the rest next time."""
    from sticktionary.domain.lab import embedding

    embedding.keep_up(EMBED_FOR_S)


@app.task(name="sticktionary.look_for_flags")
def look_for_flags() -> None:
    from sticktionary.domain.quality import flags

    flags.sweep()


@app.task(name="sticktionary.look_at_pairs")
def look_at_pairs() -> None:
    from sticktionary.domain.quality import flags

    flags.sweep_pairs()


@app.task(name="sticktionary.keep_snapshots")
def keep_snapshots() -> None:
    from sticktionary.domain.search import filling

    filling.keep_snapshots()


@app.task(name="sticktionary.refresh_statistics")
def refresh_statistics(asked_for: bool = False) -> None:
    from sticktionary.domain import statistics

    if asked_for:
        statistics.refresh()
    else:
        statistics.refresh_if_stale()


@app.task(name="sticktionary.run_import")
def run_import(job_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.intake import importing
    from sticktionary.models import ImportJob

    if jobs.carry_out(ImportJob, job_id, importing.run):
        embed()


@app.task(name="sticktionary.run_installation")
def run_installation(version_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.lab import promotion
    from sticktionary.models import ModelVersion

    jobs.carry_out(ModelVersion, version_id, promotion.run)


@app.task(name="sticktionary.run_export")
def run_export(job_id: int) -> None:
    from sticktionary.domain import exporting, jobs
    from sticktionary.models import ExportJob

    jobs.carry_out(ExportJob, job_id, exporting.run)


@app.task(name="sticktionary.run_conversation_import")
def run_conversation_import(job_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.chats import conversations
    from sticktionary.models import ConversationImport

    jobs.carry_out(ConversationImport, job_id, conversations.run)


@app.task(name="sticktionary.run_release")
def run_release(release_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.releases import freezing
    from sticktionary.models import Release

    jobs.carry_out(Release, release_id, freezing.run)


@app.task(name="sticktionary.run_publication")
def run_publication(publication_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.releases import publishing
    from sticktionary.models import Publication

    jobs.carry_out(Publication, publication_id, publishing.run)


@app.task(name="sticktionary.run_training")
def run_training(run_id: int) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.lab import watching
    from sticktionary.models import TrainingRun

    jobs.carry_out(TrainingRun, run_id, watching.run)


@app.task(name="sticktionary.answer_conversations")
def answer_conversations(ticket: str) -> None:
    from sticktionary.domain.replies import later

    later.carry_out(ticket)

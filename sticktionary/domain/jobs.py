"""Long work as a row: who takes its lease does it, a heartbeat shows that they live, a sweep makes lost work good.

The message that starts a task may be lost or come twice; the row decides. A killed worker costs a minute, not the work.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.celery_app import app
from sticktionary.domain.errors import Refused, RuleBroken
from sticktionary.models import (
    ConversationImport,
    ExportJob,
    ImportJob,
    ModelVersion,
    Publication,
    Release,
    TrainingRun,
)
from sticktionary.models.job import Job

J = TypeVar("J", bound=Job)

LOST_AFTER = timedelta(seconds=40)  # with the sweep every 20 s, lost work is queued again within a minute
BEAT_EVERY = timedelta(seconds=1)
MAX_ATTEMPTS = 5
TASK_OF: dict[type[Job], str] = {
    ImportJob: "sticktionary.run_import",
    ModelVersion: "sticktionary.run_installation",
    ExportJob: "sticktionary.run_export",
    ConversationImport: "sticktionary.run_conversation_import",
    Release: "sticktionary.run_release",
    Publication: "sticktionary.run_publication",
    TrainingRun: "sticktionary.run_training",
}

log = logging.getLogger(__name__)
closing = threading.Event()
"""Set when this worker has to go: what takes hours is put back, and goes on elsewhere."""


class LeaseLost(Exception):
    """Another worker holds the job now; leave it at once."""


class Cancelled(Exception):
    """Somebody asked for the job to end; clean up and leave."""


class PutBack(Exception):
    """The worker has to go; another one goes on with the job."""


def enqueue(job: Job) -> None:
    """Ask for a worker once the row is committed. A broker that is away is no fault: the sweep asks again."""
    transaction.on_commit(lambda: _send(job))


def _send(job: Job) -> None:
    task, job_id = TASK_OF[type(job)], job.pk
    try:
        app.send_task(task, args=[job_id], **_route(job))
    except Exception:
        log.warning("No broker took %s %s; the next sweep tries again", task, job_id, exc_info=True)


def _route(job: Job) -> dict[str, str]:
    """A query generator wants the GPU, as a training does, and so does what shows stickers to a conversation model;
    retrieval models are made ready beside other work."""
    wants_gpu = isinstance(job, ModelVersion) and job.kind != ModelVersion.Kind.RETRIEVAL
    return {"queue": "gpu"} if wants_gpu else {}


def take(kind: type[J], job_id: int) -> J | None:
    """The job with its lease, or None when somebody else has it or it is over."""
    now = timezone.now()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__lt=now - LOST_AFTER)
    worker = f"{_host()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    taken = kind._default_manager.filter(free, pk=job_id).update(
        state=Job.State.RUNNING,
        worker=worker,
        started_at=Coalesce("started_at", now),
        heartbeat_at=now,
        ended_at=None,
        n_attempts=F("n_attempts") + 1,
        error="",
    )
    return kind._default_manager.get(pk=job_id) if taken else None


def beat(job: Job, n_done: int | None = None, n_total: int | None = None) -> None:
    """Say that the job lives and how far it is; written at most once a second. Raises LeaseLost and Cancelled."""
    job.n_done = job.n_done if n_done is None else n_done
    job.n_total = job.n_total if n_total is None else n_total
    if job.heartbeat_at is None or timezone.now() - job.heartbeat_at >= BEAT_EVERY:
        _write(job)


def _write(job: Job, **ending: object) -> None:
    job.heartbeat_at = timezone.now()
    fields = {"heartbeat_at": job.heartbeat_at, "n_done": job.n_done, "n_total": job.n_total, **ending}
    held = type(job)._default_manager.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING)
    if not held.update(**fields):
        raise LeaseLost(f"{job.pk}")
    if not ending and held.filter(cancel_asked_at__isnull=False).exists():
        raise Cancelled(f"{job.pk}")


@contextmanager
def kept_alive(job: Job) -> Iterator[None]:
    """Beats from a thread, for work that cannot stop to say how far it is."""
    over = threading.Event()

    def keep_beating() -> None:
        while not over.wait(LOST_AFTER.total_seconds() / 4):
            try:
                held = type(job)._default_manager.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING)
                held.update(heartbeat_at=timezone.now())
            except DatabaseError:
                log.warning("A heartbeat of %s %s was missed", type(job).__name__, job.pk, exc_info=True)
                connection.close()  # the next one opens another
        connection.close()

    thread = threading.Thread(target=keep_beating, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def carry_out(kind: type[J], job_id: int, work: Callable[[J], None]) -> bool:
    """Take the job, do the work, and write down how it ended. False when the lease was not to be had."""
    job = take(kind, job_id)
    if job is None:
        return False
    try:
        work(job)
        _write(job, state=Job.State.DONE, ended_at=timezone.now())
    except LeaseLost:
        log.warning("%s %s went on elsewhere", kind.__name__, job_id)
    except Cancelled:
        _write(job, state=Job.State.CANCELLED, ended_at=timezone.now())
    except PutBack:
        _write(job, state=Job.State.QUEUED, n_attempts=job.n_attempts - 1)
        enqueue(job)
    except RuleBroken as refusal:
        _fail(job, refusal.message)
    except Exception as error:
        log.exception("%s %s failed", kind.__name__, job_id)
        _fail(job, f"{type(error).__name__}: {error}")
    return True


def _fail(job: Job, reason: str) -> None:
    try:
        _write(job, state=Job.State.FAILED, ended_at=timezone.now(), error=reason[:2_000])
    except LeaseLost:
        log.warning("%s %s failed after its lease was lost: %s", type(job).__name__, job.pk, reason)


def is_lost(job: Job) -> bool:
    lively = job.heartbeat_at is not None and timezone.now() - job.heartbeat_at < LOST_AFTER
    return job.state == Job.State.RUNNING and not lively


def release_if_dead(job: Job) -> bool:
    """Queue a running job again at once when the process that holds it was one of this machine and is no more."""
    host, _colon, rest = job.worker.rpartition(":")[0].rpartition(":")
    if job.state != Job.State.RUNNING or host != _host() or _lives(int(rest)):
        return False
    held = type(job)._default_manager.filter(pk=job.pk, worker=job.worker, state=Job.State.RUNNING)
    return bool(held.update(state=Job.State.QUEUED))


def _host() -> str:
    return socket.gethostname()[:40]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def cancel(job: Job) -> None:
    """End a job that is not over: one that waits at once, one that runs at its next sign of life."""
    now, jobs_ = timezone.now(), type(job)._default_manager.filter(pk=job.pk)
    if jobs_.filter(state=Job.State.QUEUED).update(state=Job.State.CANCELLED, ended_at=now, cancel_asked_at=now):
        return
    if not jobs_.filter(state=Job.State.RUNNING).update(cancel_asked_at=now):
        raise Refused("over", _("This job is over already."))


def resume(job: Job, *, queue: bool = True) -> None:
    """Make a failed, cancelled or lost job wait again, with `queue` for a worker; it goes on where it stopped."""
    over = Q(state__in=[Job.State.FAILED, Job.State.CANCELLED])
    over |= Q(state=Job.State.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    fresh = {"state": Job.State.QUEUED, "n_attempts": 0, "error": "", "ended_at": None, "heartbeat_at": timezone.now()}
    fresh |= {"cancel_asked_at": None}
    if not type(job)._default_manager.filter(over, pk=job.pk).update(**fresh):
        raise Refused("not_resumable", _("This job is not one that stopped."))
    if queue:
        enqueue(job)


def sweep() -> int:
    """Queue lost jobs again, give up those that keep dying, and ask again for those nobody came for."""
    return sum(_sweep(kind) for kind in TASK_OF)


def _sweep(kind: type[Job]) -> int:
    long_ago = timezone.now() - LOST_AFTER
    _recover(kind)
    lost = kind._default_manager.filter(state=Job.State.RUNNING, heartbeat_at__lt=long_ago)
    lost.filter(n_attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        ended_at=timezone.now(),
        error=_("Given up: the worker died %(n)s times while doing this.") % {"n": MAX_ATTEMPTS},
    )
    lost.update(state=Job.State.QUEUED)
    unheard = Q(heartbeat_at__lt=long_ago) | Q(heartbeat_at=None, created_at__lt=long_ago)
    waiting = list(kind._default_manager.filter(unheard, state=Job.State.QUEUED))
    asked_again = kind._default_manager.filter(pk__in=[job.pk for job in waiting])
    asked_again.update(heartbeat_at=timezone.now())  # once a minute
    for job in waiting:
        _send(job)
    return len(waiting)


def _recover(kind: type[Job]) -> None:
    """What a killed process of this machine held need not wait until it counts as lost. A process that lives beats
    oftener than this asks for, so that one in a container of its own is not taken for dead."""
    silent = kind._default_manager.filter(state=Job.State.RUNNING, heartbeat_at__lt=timezone.now() - LOST_AFTER / 2)
    for job in silent.filter(n_attempts__lt=MAX_ATTEMPTS):
        if release_if_dead(job):
            _send(job)

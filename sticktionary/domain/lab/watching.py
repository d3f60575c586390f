"""What the lab's worker does with a run: start the process that trains, write down what it tells, end it when somebody
asks, and take in what came of it. The caller holds the lease."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection
from django.utils.translation import gettext as _

from retrieval_engine.training.recipes import recipes
from retrieval_engine.training.run import BUNDLE, REPORT, Event
from sticktionary.domain import jobs
from sticktionary.domain.errors import Refused
from sticktionary.domain.lab import checks, data, registry
from sticktionary.domain.lab.child import LEAVES_WITHIN_S, LOG, Child, end_predecessor
from sticktionary.domain.lab.following import Follower, Heard, last_lines
from sticktionary.domain.releases.folders import FULL
from sticktionary.models import Release, TrainingRun

LOOK_EVERY_S = 0.5
RELEASE_EVERY_S = 10.0  # whether it was withdrawn meanwhile
LEAVES_QUICKLY_S = 6.0  # when the worker itself has to go, which is given ten seconds

log = logging.getLogger(__name__)


def run(job: TrainingRun, heard: Heard = lambda job: None) -> None:
    """The whole way, or what is left of it. `heard` is called with what is known, again and again."""
    with jobs.kept_alive(job), _a_full_disk_in_words():
        _refuse_if_withdrawn(job)
        folder = data.write_order(job)
        end_predecessor(folder)
        follower = Follower(job, folder, heard)
        follower.read_on()
        if not _is_whole(job, folder):
            _train(job, folder, follower)
        _take_in(job, folder)


@contextmanager
def _a_full_disk_in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Refused("disk_full", _("There is no room left on the disk for the run.")) from error
        raise


def _refuse_if_withdrawn(job: TrainingRun) -> None:
    if problem := checks.problem_with_release(Release.objects.get(pk=job.release_id), recipes()[job.recipe].kind):
        raise Refused("release", problem)


def _is_whole(job: TrainingRun, folder: Path) -> bool:
    """Whether its process had come to its end, and only its worker did not live to say so."""
    last = job.events.order_by("position").last()
    made = [REPORT] if job.is_evaluation else [REPORT, BUNDLE]
    is_done = last is not None and last.kind == "end" and last.data["text"] == "done"
    return is_done and all((folder / name).exists() for name in made)


# --- while it trains ---


def _train(job: TrainingRun, folder: Path, follower: Follower) -> None:
    follower.begin()
    child = Child(folder)
    try:
        _watch(job, child, follower)
    except (jobs.Cancelled, jobs.PutBack, Refused) as reason:
        child.leave(LEAVES_QUICKLY_S if isinstance(reason, jobs.PutBack) else LEAVES_WITHIN_S)
        follower.read_on()
        raise
    finally:
        child.end()
    _refuse_unless_done(follower.last, child)


def _watch(job: TrainingRun, child: Child, follower: Follower) -> None:
    """Until the process is gone. It goes on while the database is away; what it tells waits in its folder."""
    look_at_release = time.monotonic() + RELEASE_EVERY_S
    while child.status() is None:
        if jobs.closing.wait(LOOK_EVERY_S):
            raise jobs.PutBack
        with _database_may_be_away():
            follower.read_on()
            jobs.beat(job)
            if time.monotonic() > look_at_release:
                _refuse_if_withdrawn(job)
                look_at_release = time.monotonic() + RELEASE_EVERY_S
    follower.read_on()


@contextmanager
def _database_may_be_away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError):
        log.warning("The database does not answer; the run goes on meanwhile", exc_info=True)
        connection.close()


# --- how it ended ---


def _refuse_unless_done(last: Event | None, child: Child) -> None:
    """Only its last word counts; a process that could say none has been killed."""
    if last is None or last.kind != "end":
        raise Refused("killed", _how_it_died(child))
    if last.text == "stopped":
        raise Refused("stopped", _("The run was stopped by hand on the worker's machine. It can be resumed."))
    if last.text != "done":
        raise Refused(last.text, str(last.values.get("message", "")))


def _how_it_died(child: Child) -> str:
    status = child.status() or 0
    if status < 0:
        told = {"signal": signal.Signals(-status).name}
        words = _("The process that trains was killed (%(signal)s), as happens when memory runs out.") % told
    else:
        said = last_lines(child.folder / LOG).strip().rpartition("\n")[2]
        words = _("The process that trains came to a bad end (%(status)d): %(said)s") % {"status": status, "said": said}
    return words + " " + _("Resumed, it goes on from the last checkpoint.")


def _take_in(job: TrainingRun, folder: Path) -> None:
    """Keep its figures, and its model as a candidate."""
    job.report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    TrainingRun.objects.filter(pk=job.pk, worker=job.worker).update(report=job.report)
    if not job.is_evaluation:
        registry.register(job)

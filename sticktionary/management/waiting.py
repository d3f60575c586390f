"""A run carried out here and now, for the commands that wait for one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from retrieval_engine.training.figures import Figure
from sticktionary.domain import jobs
from sticktionary.domain.lab import data, runs, watching
from sticktionary.models import Release, TrainingRun


def release_of(number: int | None) -> Release:
    """The release of that number; without one the newest that may be used."""
    usable = data.usable_releases()
    found = usable.first() if number is None else Release.objects.filter(number=number).first()
    if found is None:
        raise CommandError("Nothing is frozen yet." if number is None else f"There is no release {number}.")
    return found


def asked(run: TrainingRun) -> str:
    return f"The lab's worker has been asked for run {run.pk}."


def carry_out(run: TrainingRun) -> TrainingRun:
    """Do what a worker would do. Ctrl-C cancels the run, which keeps a checkpoint. Raises CommandError unless it ends
    well."""
    with tqdm(unit=" steps") as bar, _interruptions() as interrupted:

        def heard(job: TrainingRun) -> None:
            if interrupted.is_set():
                raise jobs.Cancelled
            _show(bar, job)

        if not jobs.carry_out(TrainingRun, run.pk, lambda job: watching.run(job, heard)):
            raise CommandError("Another process is busy with this run.")
    run = TrainingRun.objects.select_related("model").get(pk=run.pk)
    if run.state != TrainingRun.State.DONE:
        status = runs.STATUS_NAMES[runs.status_of(run)]
        raise CommandError(f"Run {run.pk} is {status}. {run.error} Go on with: manage.py train --resume {run.pk}")
    return run


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    interrupted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _show(bar: Any, run: TrainingRun) -> None:
    latest = run.facts.get("latest", {})
    bar.set_description(str(run.get_phase_display()), refresh=False)
    if "loss" in latest:
        bar.set_postfix(loss=latest["loss"], refresh=False)
    bar.total, bar.n = run.n_total, run.n_done
    bar.refresh()


def figures(run: TrainingRun) -> Iterator[str]:
    """What it measured, a line each; the figure that decides comes first."""
    rows = [Figure(**row) for row in run.report["figures"]]
    headline = tuple(run.report["headline"])
    for figure in sorted(rows, key=lambda row: (row.task, row.method, row.language, row.metric) != headline):
        bounds = "" if figure.low is None or figure.high is None else f" [{figure.low:.3f}, {figure.high:.3f}]"
        chance = "" if figure.chance is None else f"  chance {figure.chance:.3f}"
        name = f"{figure.task}  {figure.method}  {figure.language}  {figure.metric}"
        yield f"{name}  {figure.value:.3f}{bounds}{chance}  n {figure.n}"

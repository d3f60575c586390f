"""Reading along: what a run's process tells in its folder becomes the run's row and its events, which every page can
read, whatever process or machine the worker is on."""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db.models import Max

from retrieval_engine.training.run import Event, read_events
from sticktionary.domain.lab.child import LOG
from sticktionary.models import RunEvent, TrainingRun

STEPS_KEPT = 1_000  # of training; a curve needs no more
OTHERS_KEPT = 200  # of every other phase, and of lines of text
LOG_LINES, LOG_BYTES = 200, 32_768
LOG_EVERY_S = 2.0
TEXTS = {"log", "warning"}
Heard = Callable[[TrainingRun], None]


class Follower:
    """Where somebody is in the account that a run gives of itself."""

    def __init__(self, run: TrainingRun, folder: Path, heard: Heard) -> None:
        self.last: Event | None = None
        self._run, self._folder, self._tell = run, folder, heard
        self._position: int = run.events.aggregate(last=Max("position"))["last"] or 0
        self._repeats_after: int | None = None
        self._n_texts = Counter[str]()
        self._log_read_at = 0.0

    def begin(self) -> None:
        """A process begins; what it trains again replaces what is known of those steps."""
        self.last = None
        training = self._run.events.filter(kind="phase", data__text=TrainingRun.Phase.TRAINING.value)
        self._repeats_after = training.aggregate(last=Max("position"))["last"]

    def read_on(self) -> None:
        """Take in what is new."""
        found = list(read_events(self._folder, self._position))
        rows = [row for position, event in found if (row := self._heard(position, event)) is not None]
        RunEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        changed = ["phase", "facts", "device", "packages"] if found else []
        self._write([*changed, *self._read_log()])
        if found:
            self._position = found[-1][0]
        self._tell(self._run)

    def _heard(self, position: int, event: Event) -> RunEvent | None:
        """The row to keep of an event, after the run's own row has learned of it."""
        self.last = event
        run = self._run
        if event.kind == "phase":
            run.phase, run.n_done, run.n_total = event.text, 0, event.n_steps
        elif event.kind == "step":
            self._forget_repeated(event, position)
            run.n_done, run.n_total = event.step, event.n_steps
            if event.values:
                run.facts["latest"] = {"step": event.step, **_plain(event.values)}
        elif event.kind == "checkpoint":
            run.n_attempts = 1  # it gets on, however often its workers die
            TrainingRun.objects.filter(pk=run.pk, worker=run.worker).update(n_attempts=1)
        elif event.kind == "facts":
            self._learn(_plain(event.values))
        return self._row(position, event) if self._is_kept(event) else None

    def _learn(self, facts: dict[str, Any]) -> None:
        self._run.packages = facts.pop("packages", self._run.packages)
        self._run.device = str(facts.pop("device", self._run.device))[:120]
        self._run.facts |= facts

    def _is_kept(self, event: Event) -> bool:
        if event.kind in TEXTS:
            self._n_texts[event.kind] += 1
            return self._n_texts[event.kind] <= OTHERS_KEPT
        if event.kind != "step":
            return True
        most = STEPS_KEPT if self._run.phase == TrainingRun.Phase.TRAINING else OTHERS_KEPT
        stride = max(1, math.ceil(event.n_steps / most))
        return event.step % stride == 0 or event.step in {1, event.n_steps}

    def _row(self, position: int, event: Event) -> RunEvent:
        told = {"text": event.text, "values": event.values, "n_steps": event.n_steps, "phase": self._run.phase}
        at = datetime.fromtimestamp(event.at, UTC)
        return RunEvent(run=self._run, position=position, at=at, kind=event.kind, step=event.step, data=_plain(told))

    def _forget_repeated(self, event: Event, position: int) -> None:
        """A process that went on from a checkpoint takes steps again that the one before it had taken since."""
        if self._repeats_after is None or self._run.phase != TrainingRun.Phase.TRAINING:
            return
        taken = self._run.events.filter(kind__in=["step", "score"], step__gte=event.step)
        taken.filter(position__gt=self._repeats_after, position__lt=position).delete()
        self._repeats_after = None

    def _read_log(self) -> list[str]:
        if time.monotonic() - self._log_read_at < LOG_EVERY_S and self.last is not None and self.last.kind != "end":
            return []
        self._log_read_at, before = time.monotonic(), self._run.log
        self._run.log = last_lines(self._folder / LOG)
        return ["log"] if self._run.log != before else []

    def _write(self, fields: list[str]) -> None:
        if fields:
            held = TrainingRun.objects.filter(pk=self._run.pk, worker=self._run.worker)
            held.update(**{field: getattr(self._run, field) for field in fields})


def last_lines(path: Path) -> str:
    """The end of a log, with bars that drew over themselves as they stood last."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_BYTES))
            text = file.read().decode("utf-8", "replace").replace("\0", "")
    except FileNotFoundError:
        return ""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")[-LOG_LINES:])


def _plain(value: Any) -> Any:
    """As every database takes it: numbers that are none become nothing, and no text holds a zero byte."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.replace("\0", "") if isinstance(value, str) else value

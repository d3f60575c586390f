"""A run as its page shows it: where it stands, and what has happened since the reader last looked."""

from __future__ import annotations

from typing import Any

from sticktionary.domain.lab import runs
from sticktionary.models import RunEvent, TrainingRun

AT_ONCE = 500  # events for one look


def state_of(run: TrainingRun) -> dict[str, Any]:
    """How far it is, in the words of the edition in hand."""
    status = runs.status_of(run)
    return {
        "status": status.value,
        "said": str(runs.STATUS_NAMES[status]),
        "phase": str(run.get_phase_display()) if run.phase else "",
        "n_done": run.n_done,
        "n_total": run.n_total,
        "seconds_left": runs.seconds_left(run),
        "is_over": run.state not in {TrainingRun.State.QUEUED, TrainingRun.State.RUNNING},
    }


def events_after(run_id: int, position: int) -> list[dict[str, Any]]:
    """The next events of a run, oldest first."""
    found = RunEvent.objects.filter(run=run_id, position__gt=position).order_by("position")[:AT_ONCE]
    return [_told(event) for event in found]


def _told(event: RunEvent) -> dict[str, Any]:
    return {
        "position": event.position,
        "at": event.at.timestamp(),
        "kind": event.kind,
        "step": event.step,
        **event.data,
    }

"""Run as a process of its own, on a house of its own: one run of the lab, whose worker the kernel kills at every stage.
A worker of Celery brings it to its end. Says how each stage went, as JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import django

STAGES = ["ordered", "training", "evaluating", "whole", "taken in"]
STEPS = 20
PATIENCE_S = 240


def main() -> None:
    django.setup()
    from tests.lab import plays

    plays.play(plays.make_stickers(pack()))
    run = started(plays.freeze(None))
    told = [story(run, stage) for stage in STAGES]
    finish(run)
    print(json.dumps({"stages": told, "end": ending(run)}))


def pack() -> Any:
    from sticktionary.models import Pack

    return Pack.objects.create(slug="p", title="P", source="me", licence="CC0", may_publish_pictures=True)


def started(release: Any) -> Any:
    from sticktionary.domain.lab import runs

    settings = {"steps": STEPS, "batch": 8, "save_every": 4, "validate_every": STEPS}
    given: dict[str, Any] = {"recipe": "stickerclip", "base": "tiny", "device": "cpu", "settings": settings}
    return runs.start(actor=None, release=release, **given)


def story(run: Any, stage: str) -> list[object]:
    """The stage, the signal its worker died of, how the row stood then, and whether the process left behind went."""
    from django.db import connection

    from sticktionary.domain import jobs

    connection.close()
    worker = os.fork()
    if not worker:
        work(run, stage)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    run.refresh_from_db()
    told = [stage, status, run.state, left_behind(run)]
    jobs.release_if_dead(run)
    return told


def work(run: Any, stage: str) -> None:
    from sticktionary.domain import jobs
    from sticktionary.domain.lab import watching
    from sticktionary.models import TrainingRun

    watching.LOOK_EVERY_S = 0.02
    take_in: Callable[..., None] = watching._take_in

    def heard(job: Any) -> None:
        if job.phase == stage and (stage != "training" or job.n_done >= STEPS // 2):
            die()

    if stage == "ordered":
        watching.Child = die  # type: ignore[assignment, misc]
    elif stage == "whole":
        watching._take_in = die
    elif stage == "taken in":
        watching._take_in = lambda *told: (take_in(*told), die())[1]
    jobs.carry_out(TrainingRun, run.pk, lambda job: watching.run(job, heard))


def die(*told: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def left_behind(run: Any) -> str:
    import psutil

    from sticktionary.domain.lab import child, data

    passport = data.folder_of(run) / child.PASSPORT
    if not passport.exists():
        return "none"
    number = json.loads(passport.read_text(encoding="utf-8"))["pid"]
    left = [psutil.Process(number)] if psutil.pid_exists(number) else []
    return "stays" if psutil.wait_procs(left, timeout=PATIENCE_S)[1] else "gone"


def finish(run: Any) -> None:
    """What `make play` starts, until the run is over."""
    command = [sys.executable, "-m", "celery", "-A", "sticktionary", "--quiet", "worker", "--queues", "gpu"]
    command += ["--pool", "threads", "--concurrency", "1", "--loglevel", "error"]
    worker = subprocess.Popen([*command, "--without-gossip", "--without-mingle"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while run.state in {"queued", "running"} and time.monotonic() < deadline:
        time.sleep(0.2)
        run.refresh_from_db()
    worker.terminate()
    worker.wait()


def ending(run: Any) -> dict[str, object]:
    from sticktionary.models import ModelVersion

    taken = run.events.filter(kind="step", data__phase="training").order_by("position")
    models = ModelVersion.objects.filter(run=run).values_list("stage", flat=True)
    return {
        "state": run.state,
        "error": run.error,
        "steps": list(taken.values_list("step", flat=True)),
        "models": list(models),
    }


if __name__ == "__main__":
    sys.exit(main())

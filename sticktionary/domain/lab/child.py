"""The process that trains: started in a run's folder, watched, stopped by asking, by telling, and by force.

It lives no longer than who watches it: its standard input ends with them, which it sees after its step. One that hangs
is found by its number and the moment it began, and ended before another takes its place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
from django.conf import settings

from retrieval_engine.training.run import STOP

LOG, PASSPORT = "log.txt", "process.json"
LEAVES_WITHIN_S = 30.0  # after it was asked
ENDS_WITHIN_S = 10.0  # after it was told
CLOCK_S = 2.0  # by which a process's beginning seems to move when the machine's clock is set
NICENESS = 5  # on the processor, people who play come first


class Child:
    """The training process of a run; to be started when no predecessor is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / STOP).unlink(missing_ok=True)
        self._process = _begin(folder)
        _write_passport(folder, self._process.pid)

    def status(self) -> int | None:
        """Its exit status; none while it lives."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Let it leave after its step, with a checkpoint."""
        (self.folder / STOP).touch()

    def leave(self, within_s: float = LEAVES_WITHIN_S) -> None:
        """Have it gone: asked first, then told, then by force."""
        with suppress(OSError):  # a full disk: then it is told
            self.ask_to_stop()
            self._wait(within_s)
        self.end()

    def end(self) -> None:
        """Have it gone now."""
        if self.status() is None:  # else its number may be another's by now
            _end(_family(self._process.pid))
            self._wait(ENDS_WITHIN_S)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _wait(self, within_s: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)


def _begin(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "retrieval_engine.training", str(folder)]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


# --- one that was left behind ---


def end_predecessor(folder: Path) -> None:
    """End the process that an earlier watcher of this machine started here and left behind, if it still lives."""
    try:
        passport = json.loads((folder / PASSPORT).read_text(encoding="utf-8"))
        process = psutil.Process(passport["pid"])
        if abs(process.create_time() - passport["began"]) < CLOCK_S:
            _end(_family(process.pid))
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return


def _write_passport(folder: Path, pid: int) -> None:
    with suppress(psutil.NoSuchProcess, OSError):  # the folder's lock is there besides
        passport = {"pid": pid, "began": psutil.Process(pid).create_time()}
        (folder / PASSPORT).write_text(json.dumps(passport), encoding="utf-8")


def _family(pid: int) -> list[psutil.Process]:
    """The process and all below it: torchrun starts one for each GPU."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    left = psutil.wait_procs(processes, timeout=ENDS_WITHIN_S)[1]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=ENDS_WITHIN_S)

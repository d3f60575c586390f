"""The child process that knows torch and one conversation model: it shows stickers, or answers questions line by line.
It ends with whoever started it, for its standard input does."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused

PROGRAM = (sys.executable, "-m", "retrieval_engine.dialogue")
LEAVES_WITHIN_S = 10.0
LONGEST = 500  # characters of what it said at last


class Child:
    """A process that writes lines. What it says besides goes to a file, whose last line tells why it stopped."""

    def __init__(self, *arguments: str, given: IO[bytes] | None = None) -> None:
        self._errors = tempfile.TemporaryFile("w+b")  # noqa: SIM115  (closed when the process ends)
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=settings.BASE_DIR,
            stdin=given or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._told = SimpleQueue[bytes | None]()
        assert self._process.stdout is not None
        Thread(target=_pump, args=(self._process.stdout, self._told), daemon=True).start()

    def tell(self, line: str) -> None:
        """Write a line to it. OSError once it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def heard(self, within_s: float) -> bytes | None:
        """Its next line. TimeoutError while there is none; None when there will be none any more."""
        try:
            return self._told.get(timeout=within_s)
        except Empty:
            raise TimeoutError from None

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def failed(self) -> Refused:
        """Why it stopped, to be raised."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"status {self._process.poll()}"
        return Refused("model_failed", _("The conversation model stopped: %(why)s") % {"why": why[:LONGEST]})

    def wait(self) -> int:
        """Its exit status, when it has closed its output and leaves."""
        return self._process.wait(LEAVES_WITHIN_S)

    def end(self) -> None:
        """Have it gone."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        if self.is_alive():
            self._process.kill()
            self._process.wait()
        self._errors.close()


def _pump(pipe: IO[bytes], told: SimpleQueue[bytes | None]) -> None:
    try:
        for line in pipe:
            told.put(line)
    finally:
        told.put(None)
        pipe.close()


@contextmanager
def started(*arguments: str, given: Path) -> Iterator[Child]:
    """A child for as long as it is used, which reads a file."""
    with given.open("rb") as file:
        child = Child(*arguments, given=file)
        try:
            yield child
        finally:
            child.end()

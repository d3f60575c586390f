"""Who is there: one process at a time in a run's folder, and behind it, perhaps, the one that started it."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK: Final = "lock"
PATIENCE_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.2
NO_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a file system says that knows no locks; there, nothing keeps a second process out."""


class Occupied(RuntimeError):
    """Somebody else is at work there."""


@contextmanager
def alone(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Keep other processes out of the folder until this one, or what it turns into (`os.exec`), has ended, however it
    ends. Waits for one that is leaving; raises `Occupied` when it stays."""
    with (folder / LOCK).open("w") as file:
        os.set_inheritable(file.fileno(), True)
        deadline = time.monotonic() + patience_s
        while not _locked(file.fileno()):
            if time.monotonic() > deadline:
                raise Occupied(f"Another process is at work in {folder}.")
            time.sleep(LOOK_AGAIN_S)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True


def nobody_watches() -> bool:
    """Whether the other end of the standard input is gone. Whoever watches holds it open and writes nothing; so it ends
    with them, also when they are killed, and processes further down (torchrun's) hear of it, too."""
    readable, _writable, _broken = select.select([0], [], [], 0)
    return bool(readable) and not os.read(0, 1)

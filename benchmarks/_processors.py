"""How much processor time each part of a running game took, whatever the clock says: other work on the machine makes
answers late, and adds nothing here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from benchmarks._game import Game

PARTS = ("web", "postgresql", "redis", "generator")


@dataclass(frozen=True)
class Reading:
    """Processor seconds so far, by part and process."""

    seconds: dict[str, dict[int, float]]

    def since(self, earlier: Reading) -> dict[str, float]:
        """Per part; a process that began in between is counted from its beginning."""
        return {
            part: sum(now - earlier.seconds[part].get(pid, 0.0) for pid, now in self.seconds[part].items())
            for part in PARTS
        }


def read(running: Game, generators: Iterable[int], *, redis: bool) -> Reading:
    parts = {
        "web": running.web_processes,
        "postgresql": _named("postgres", running.database) if running.database else [],
        "redis": _named("redis-server", "redis-server") if redis else [],
        "generator": [psutil.Process(pid) for pid in generators],
    }
    return Reading({part: {each.pid: _seconds(each) for each in processes} for part, processes in parts.items()})


def _named(name: str, in_title: str) -> list[psutil.Process]:
    """PostgreSQL writes the database of a connection into the title of its process."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        title = " ".join(process.info["cmdline"] or ())
        if process.info["name"].startswith(name) and in_title in title:
            found.append(process)
    return found


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)

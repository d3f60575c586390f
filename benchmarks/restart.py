"""Search of a whole catalogue in a web process: read from the database, out of a snapshot, and kept fresh.

`python -m benchmarks.restart [--stickers 820000] [--dim 512] [--processes 4] [--news 30]` with DATABASE_URL naming a
PostgreSQL database that is empty, or was filled by an earlier call, and REDIS_URL for nudges. Each figure is of a
process of its own. Freshness is the time from a commit until a process finds the sticker, or finds it no more, with
nudges and without; every process follows the log as a web process does, and looks every 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import _catalogue
from benchmarks._game import ROOT, quantiles

N_LINES = 5_000  # of the log between the snapshot and the restart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stickers", type=int, default=820_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--news", type=int, default=30)
    parser.add_argument("--part", choices=PARTS)
    args = parser.parse_args()
    if args.part:
        set_up(args.dim)
        PARTS[args.part]()
        return
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        raise SystemExit("DATABASE_URL must name a PostgreSQL database; it is filled.")
    with tempfile.TemporaryDirectory(prefix="sticktionary-bench-") as data:
        os.environ |= {"STICKTIONARY_DATA": os.environ.get("STICKTIONARY_BENCH_DATA") or data}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "sticktionary.settings", "LOG_LEVEL": "ERROR"}
        set_up(args.dim)
        prepare(args.stickers, args.dim)
        for part in ("database", "change", "next", "change", "restart"):
            subprocess.run(command(part, args.dim), check=True, cwd=ROOT)
        for with_nudges in (True, False):
            keep_fresh(args.processes, args.news, args.dim, with_nudges)


def command(part: str, dim: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.restart", "--part", part, "--dim", str(dim)]


def set_up(dim: int) -> None:
    import django
    import numpy as np

    django.setup()
    from retrieval_engine.serving import Bundle
    from sticktionary.domain.lab import bundles

    class Wide:
        """The starter CLIP, its numbers repeated."""

        version = "wide"
        starter = Bundle.open(ROOT / "starter_pack" / "clip")

        def encode(self, texts: list[str]) -> Any:
            return np.resize(self.starter.encode(texts), (len(texts), dim))

    bundles.opened = lambda path: Wide()  # type: ignore[assignment]


def prepare(n: int, dim: int) -> None:
    from django.core.management import call_command

    from sticktionary.models import Sticker

    Path(os.environ["STICKTIONARY_DATA"], "static").mkdir(exist_ok=True)
    call_command("migrate", verbosity=0)
    if not Sticker.objects.exists():
        with measured(f"filling the database with {n:,} stickers"):
            _catalogue.fill(n, dim)
    print(f"{Sticker.objects.count():,} stickers", flush=True)


@contextmanager
def measured(title: str) -> Iterator[None]:
    """Seconds by the clock, and of processor time, which says the same on a busy machine; memory at the end, in all and
    without what is mapped from files that processes share."""
    import psutil

    clock, processor = time.perf_counter(), time.process_time()
    yield
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    memory = psutil.Process().memory_full_info()
    resident, own = memory.rss >> 20, memory.uss >> 20
    print(f"{title}: {clock:.1f} s ({processor:.1f} s of processor); {resident:,} MB, {own:,} MB own", flush=True)


# --- parts, each in a process of its own ---


def read_database() -> None:
    """Where there is no snapshot; what is read becomes the first one."""
    from sticktionary.domain.search import filling, snapshots

    snapshots.forget()
    with measured("words and pictures out of the database"):
        shelf, place = filling.words()
    with measured("written to disk"):
        filling.save_words(shelf, place)
    del shelf
    with measured("vectors out of the database, and to disk"):
        filling.write_vectors(_catalogue.MODEL)
    sizes()


def write_next() -> None:
    from sticktionary.domain.search import filling

    with measured(f"the next snapshot, {N_LINES:,} changes later: words"):
        filling.write_words()
    with measured("and vectors"):
        filling.write_vectors(_catalogue.MODEL)
    sizes()


def sizes() -> None:
    from django.conf import settings

    for kind in sorted(path for path in Path(settings.SEARCH_DIR).iterdir() if path.is_dir()):
        size = sum(path.stat().st_size for path in max(kind.glob("[0-9]*")).rglob("*"))
        print(f"  {kind.name}: {size / 1e6:,.0f} MB", flush=True)


def change() -> None:
    from sticktionary.domain import catalogue
    from sticktionary.models import Sticker

    some = list(Sticker.objects.order_by("?").values_list("pk", flat=True)[:N_LINES])
    catalogue.index_changed(some)


def restart() -> None:
    from sticktionary.domain.search import snapshots
    from sticktionary.domain.search.live import CatalogueSearch

    with measured(f"a restart, {N_LINES:,} lines after the snapshot"):
        with measured("  the words' checksums compared"):
            snapshots.opened(snapshots.WORDS, lambda folder: None)
        with measured("  the vectors' checksums compared"):
            snapshots.opened(snapshots.of_model(_catalogue.MODEL), lambda folder: None)
        search = CatalogueSearch()
        with measured("  all of it: compared, opened, read on"):
            search.refresh()
    texts = [f"{_catalogue.word(n * 7)} {_catalogue.word(n)}" for n in range(400)]
    took = [search.preview(text, 1).ms / 1_000 for text in texts]
    print(f"  previews: {quantiles(took[100:])}; the first {took[0] * 1_000:.0f} ms", flush=True)
    with measured("  after 400 previews"):
        pass


# --- freshness ---


def follow() -> None:
    """A web process as far as search goes: says when it is warm, then answers each line of input (a text, a sticker,
    whether it is to be found) with the moment from which that was so."""
    asyncio.run(following())


async def following() -> None:
    from sticktionary.domain.search.following import freshness

    with measured("a process is warm"):
        await freshness.keep()
    print(json.dumps("warm"), flush=True)
    await asyncio.to_thread(answer)


def answer() -> None:
    from sticktionary.domain.search.live import catalogue_search

    for line in sys.stdin:
        text, sticker_id, is_wanted = json.loads(line)
        while (sticker_id in catalogue_search.preview(text, sticker_id).ids) != is_wanted:
            time.sleep(0.05)
        print(json.dumps(time.time()), flush=True)


def keep_fresh(n_processes: int, n_news: int, dim: int, with_nudges: bool) -> None:
    environment = os.environ if with_nudges else {**os.environ, "CHANNEL_PREFIX": "nobody-hears"}
    piped: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    processes = [subprocess.Popen(command("follow", dim), env=environment, **piped) for _ in range(n_processes)]
    try:
        for process in processes:
            while (line := process.stdout.readline()) and line != '"warm"\n':
                print(line, end="", flush=True)
        came, went = spread(processes, n_news)
    finally:
        for process in processes:
            process.kill()
    how = "with nudges" if with_nudges else "without nudges"
    print(f"until {n_processes} processes find a new query, {how}: {quantiles(came)}, at most {max(came):.2f} s")
    print(
        f"until none finds a sticker that is taken out, {how}: {quantiles(went)}, at most {max(went):.2f} s", flush=True
    )


def spread(processes: list[Any], n_news: int) -> tuple[list[float], list[float]]:
    from sticktionary.domain import catalogue
    from sticktionary.models import Sticker

    def until(text: str, sticker: Sticker, is_wanted: bool) -> list[float]:
        committed = time.time()
        for process in processes:
            process.stdin.write(json.dumps([text, sticker.pk, is_wanted]) + "\n")
            process.stdin.flush()
        return [max(0.0, float(process.stdout.readline()) - committed) for process in processes]

    came, went = list[float](), list[float]()
    for number, sticker in enumerate(Sticker.objects.filter(state="active").order_by("-pk")[:n_news]):
        text = f"news{time.time_ns()}"
        catalogue.add_house_rounds(sticker, {"en": [text]})
        came += until(text, sticker, True)
        time.sleep(0.137 * (1 + number % 5))  # at any moment between two looks
        catalogue.set_state(actor=None, sticker_ids=[sticker.pk], state="halted")
        went += until(text, sticker, False)
        time.sleep(0.137 * (1 + number % 7))
    return came, went


PARTS: dict[str, Callable[[], None]] = {
    "database": read_database,
    "next": write_next,
    "change": change,
    "restart": restart,
    "follow": follow,
}


if __name__ == "__main__":
    main()

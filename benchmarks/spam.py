"""Simulated players against the flags: `python -m benchmarks spam [--seeds 101 102] [--pages 60] [--only town]`.

They play real rounds through the game's own verbs on a throw-away database, in simulated time. *Caught* is a player
with at least one flag of a player's pattern; *within 40* counts the rounds, written or looked up, that they had
finished by then. Aims: spammers and bots caught within 40 rounds at 95 %; honest players flagged under 2 %.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
TUNED_ON = (1, 2, 3)
FRESH = (101, 102)
WITHIN = 40


def _one(seed: int, pages: int, scene: str) -> list[tuple[str, int, int, str]]:
    """Kind, rounds played, rounds until caught (or -1), and by what: of each player of one seed's game."""
    with tempfile.TemporaryDirectory(prefix="sticktionary-spam-") as data:
        os.environ |= {"STICKTIONARY_DATA": data, "DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from benchmarks.simulation.people import TOWN, VILLAGE
        from benchmarks.simulation.play import simulate

        call_command("migrate", verbosity=0)
        connection.cursor().execute("PRAGMA synchronous=OFF")
        lives = simulate(seed, VILLAGE if scene == "village" else TOWN, pages=pages)
        return [
            (
                life.person.kind,
                len(life.done),
                -1 if life.caught_after is None else life.caught_after,
                " ".join(sorted({kind for kind, _ in life.flags})),
            )
            for life in lives
        ]


def _table(rows: Iterable[tuple[str, int, int, str]]) -> None:
    kinds: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for kind, n_done, caught, by in rows:
        kinds[kind].append((n_done, caught, by))
    print(f"{'kind':18} players  caught within {WITHIN}  at all  rounds to the first flag: median, 90 %, most  by")
    for kind, held in kinds.items():
        caught = sorted(after for _, after, _ in held if after >= 0)
        within = sum(after <= WITHIN for after in caught)
        times = f"{median(caught):.0f}, {caught[int(0.9 * (len(caught) - 1))]}, {caught[-1]}" if caught else "–"
        by = Counter(flag for _, _, flags in held for flag in flags.split())
        named = ", ".join(f"{flag} {n}" for flag, n in by.most_common())
        print(
            f"{kind:18} {len(held):7}  {within / len(held):16.0%}  {len(caught) / len(held):6.0%}  {times:45}  {named}"
        )


def _verdict(rows: list[tuple[str, int, int, str]]) -> bool:
    from benchmarks.simulation.people import HONEST, SPAM

    spam = [caught for kind, _, caught, _ in rows if kind in SPAM]
    honest = [caught for kind, _, caught, _ in rows if kind in HONEST]
    within = sum(0 <= caught <= WITHIN for caught in spam)
    hurt = sum(caught >= 0 for caught in honest)
    print(
        f"spammers and bots caught within {WITHIN} rounds: {within} of {len(spam)} ({within / len(spam):.1%}; aim 95 %)"
    )
    print(f"honest players flagged at any time: {hurt} of {len(honest)} ({hurt / len(honest):.1%}; aim under 2 %)")
    return within >= 0.95 * len(spam) and hurt < 0.02 * len(honest)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=FRESH, help="fresh ones; 1 to 3 were used for tuning")
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--only", choices=("town", "village"))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # a game in a process of its own
    options = parser.parse_args()
    if options.one is not None:
        for row in _one(options.one, options.pages, options.only):
            print(*row, sep="\t")
        return 0
    good = True
    for scene in [options.only] if options.only else ["town", "village"]:
        began, rows = time.perf_counter(), []
        for seed in options.seeds:
            pages = options.pages if scene == "town" else 3 * options.pages
            rows += _in_a_process(seed, pages, scene)
        print(f"\n{scene}, seeds {' '.join(map(str, options.seeds))}; {time.perf_counter() - began:.0f} s")
        _table(rows)
        good &= _verdict(rows) if scene == "town" else True
    return not good


def _in_a_process(seed: int, pages: int, scene: str) -> list[tuple[str, int, int, str]]:
    command = [sys.executable, "-m", "benchmarks.spam", "--one", str(seed), "--pages", str(pages), "--only", scene]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = (line.split("\t") for line in out.splitlines() if line.count("\t") == 3)
    return [(kind, int(n_done), int(caught), by) for kind, n_done, caught, by in lines]


if __name__ == "__main__":
    raise SystemExit(main())

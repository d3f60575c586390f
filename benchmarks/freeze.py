"""A release of a million queries frozen from PostgreSQL: rows a second, seconds until each file, memory, checksums.

A throw-away database is filled by COPY and dropped afterwards. STICKTIONARY_BENCH_POSTGRES says where it is made (by
default postgres://postgres:postgres@127.0.0.1:5432/postgres), `--queries N` how many there are. The pack forbids its
pictures, so that words are measured and not the copying of files.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("STICKTIONARY_BENCH_POSTGRES", "postgres://postgres:postgres@127.0.0.1:5432/postgres")
PER_ROUND = 4
N_STICKERS, N_PLAYERS = 20_000, 3_000
MEMORY_MB = 500
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HAN = "不想上班又是周一救命啊已读不回小小胜利无所谓了开心难过累哭笑死晚安早饭猫狗鱼"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=1_000_000)
    n_queries = parser.parse_args().queries
    with tempfile.TemporaryDirectory(prefix="sticktionary-bench-") as data, database() as url:
        os.environ |= {"STICKTIONARY_DATA": data, "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
        _manage("migrate", "--verbosity", "0")
        began = time.perf_counter()
        fill(url, n_queries // PER_ROUND)
        print(f"{n_queries:,} queries put into PostgreSQL in {time.perf_counter() - began:.0f} s", flush=True)
        began, at, processor = time.perf_counter(), time.time(), _processor()
        _manage("freeze", "--title", "Benchmark", "--wait")
        seconds = time.perf_counter() - began
        print(f"{_processor() - processor:.1f} s of processor in the worker, PostgreSQL's beside them")
        return report(Path(data) / "releases" / "sticktionary-1", n_queries, seconds, at)


def _manage(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _processor() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextmanager
def database() -> Iterator[str]:
    name = f"sticktionary_bench_{os.getpid()}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER.rpartition('/')[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- the play ---


def fill(url: str, n_rounds: int) -> None:
    """Stickers, players and rounds that two or three others looked up; the same every time."""
    dice = random.Random(7)
    with psycopg.connect(url) as connection:
        _copy(connection, "pack", _packs())
        _copy(connection, "sticker", _stickers())
        _copy(connection, "player", _players())
        _copy(connection, "consent", _consents())
        _copy(connection, "round", _rounds(n_rounds))
        _copy(connection, "query", _queries(n_rounds, dice))
        _copy(connection, "retrieval", _retrievals(n_rounds, dice))
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _copy(connection: psycopg.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    columns = ", ".join(f'"{column}"' for column in first)
    with connection.cursor().copy(f"COPY sticktionary_{table} ({columns}) FROM STDIN") as copy:
        copy.write_row(list(first.values()))
        for row in rows:
            copy.write_row(list(row.values()))


def _packs() -> Iterator[dict[str, Any]]:
    facts = {"slug": "bench", "title": "Bench", "title_zh": "", "source": "made up", "licence": "CC0"}
    flags = {"is_active": True, "may_publish_pictures": False, "bonus_tasks": "[]"}
    yield {"id": 1, **facts, **flags, "created_at": BEGAN}


def _stickers() -> Iterator[dict[str, Any]]:
    plain = {"state": "active", "original": "", "image": "x.webp", "poster": "x.webp", "width": 64, "height": 64}
    plain |= {"n_frames": 1, "duration_ms": 0, "printed_text": "", "labels": "{}", "source": "", "licence": ""}
    for id in range(1, N_STICKERS + 1):
        marks = {"name": f"{id:06}.png", "sha256": f"{id:064x}", "perceptual_hash": f"{id:016x}"}
        yield {"id": id, "pack_id": 1, **marks, **plain, "n_skips": 0, "created_at": BEGAN}


def _players() -> Iterator[dict[str, Any]]:
    plain = {"password": "!", "email": "", "is_superuser": False, "is_staff": False, "is_active": True}
    plain |= {"is_guest": False, "on_board": True, "points": 0, "date_joined": BEGAN}
    for id in range(1, N_PLAYERS + 1):
        names = {"username": f"player{id}", "display_name": f"quagmire{id}", "language": language_of(id)}
        yield {"id": id, **names, **plain}


def _consents() -> Iterator[dict[str, Any]]:
    for id in range(1, N_PLAYERS + 1):
        text = {"version": "2026-11", "language": language_of(id), "text_sha256": "0" * 64}
        yield {"id": id, "player_id": id, **text, "given_at": BEGAN}


def language_of(number: int) -> str:
    return "zh" if number % 4 == 0 else "en"


def _rounds(n: int) -> Iterator[dict[str, Any]]:
    for id in range(1, n + 1):
        at = BEGAN + timedelta(seconds=30 * id)
        times = {"dealt_at": at, "submitted_at": at, "decided_at": at}
        what = {"sticker_id": sticker_of(id), "language": language_of(id), "source": "play", "state": "found"}
        who = {"labeler_id": id % N_PLAYERS + 1, "results_hidden": id % 7 == 0, "model_version": "clip@0123abcd"}
        yield {"id": id, **what, **who, **times, "taboo": "[]"}


def sticker_of(round_id: int) -> int:
    return round_id * 7_919 % N_STICKERS + 1


def _queries(n_rounds: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    words = ["".join(dice.choices("aeioumnrstlk", k=dice.randint(3, 8))) for _ in range(8_000)]
    for id in range(1, n_rounds * PER_ROUND + 1):
        round_id, position = (id - 1) // PER_ROUND + 1, (id - 1) % PER_ROUND + 1
        chinese = language_of(round_id) == "zh"
        text = "".join(dice.choices(HAN, k=5)) if chinese else " ".join(dice.choices(words, k=dice.randint(1, 4)))
        facts = {"text": text, "normalised": text, "position": position, "nudges": "[]", "pasted": False}
        at = BEGAN + timedelta(seconds=30 * round_id)
        yield {"id": id, "round_id": round_id, **facts, "novelty": 0.5 + dice.random(), "added_at": at}


def _retrievals(n_rounds: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    encode, id = msgspec.json.encode, 0
    for round_id in range(1, n_rounds + 1):
        at = BEGAN + timedelta(seconds=30 * round_id + 900)
        target = sticker_of(round_id)
        for turn in range(3 if round_id % 5 == 0 else 2):
            id += 1
            candidates = [target, *((target + dice.randrange(N_STICKERS - 1)) % N_STICKERS + 1 for _ in range(23))]
            rank = 1 + turn if round_id % 3 else turn
            picks = [*candidates[1:rank], target] if rank else candidates[1:2]
            who = {"player_id": (round_id + 1 + turn) % N_PLAYERS + 1, "state": "answered", "rank": rank}
            times = {"dealt_at": at, "lease_until": at, "answered_at": at + timedelta(seconds=9)}
            shown = {"candidates": encode(candidates).decode(), "picks": encode(picks).decode()}
            flags = {"target_absent": False, "is_gold": False, "none_of_these": False}
            more = {"n_points": 60, "machine_rank": 1 + id % 24, "model_version": "", "public_id": f"{id:032x}"}
            yield {"id": id, "round_id": round_id, **who, **shown, **flags, **times, **more}


# --- the figures ---


def report(folder: Path, n_queries: int, seconds: float, began: float) -> int:
    ended, stages = began, {}
    for stage, last in STAGES.items():
        ended, before = max(path.stat().st_mtime for pattern in last for path in folder.glob(pattern)), ended
        stages[stage] = ended - before
    stages["documents, checksums, moving"] = began + seconds - ended
    for stage, took in stages.items():
        print(f"  {stage:<38} {took:6.1f} s")
    _rates(folder, n_queries, seconds, stages["statistics"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{peak:.0f} MB at most, load {os.getloadavg()[0]:.1f}")
    sums = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    print("checksums: " + ("every file as listed" if sums.returncode == 0 else "WRONG"))
    return int(sums.returncode != 0 or peak > MEMORY_MB)


STAGES = {  # what was written last of each
    "start, split, names in texts": ["queries"],  # the folder: its files are opened
    "play into tables and lists": ["queries/*", "pairs/*", "retrievals.*", "sticker_queries_*.csv"],
    "stickers, annotations, conversations": ["rules.json"],
    "statistics": ["statistics.json"],
}


def _rates(folder: Path, n_queries: int, seconds: float, statistics: float) -> None:
    files = msgspec.json.decode((folder / "manifest.json").read_bytes())["files"]
    n_rows = sum(file.get("n_rows", 0) for file in files)
    print(f"{n_queries:,} queries in {seconds:.1f} s: {n_queries / seconds:,.0f} a second, in all tables", end=" ")
    print(
        f"{n_rows / seconds:,.0f} rows a second of {n_rows:,}, {sum(file['n_bytes'] for file in files) / 2**20:,.0f} MB"
    )
    print(f"without the statistics {n_queries / (seconds - statistics):,.0f} queries a second")


if __name__ == "__main__":
    raise SystemExit(main())

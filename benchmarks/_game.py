"""A game of its own to measure: a throw-away data folder with the starter pack, and a web server on it.

STICKTIONARY_BENCH_STICKERS names a folder or archive of more stickers to import, as `import_stickers` takes it;
STICKTIONARY_BENCH_DATA a data folder to begin with a copy of instead.

DATABASE_URL, REDIS_URL and WEB_WORKERS choose the layout as they do for `play`. On PostgreSQL a database is made beside
the one that is named, and dropped at the end; the one that is named is not touched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import psutil

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Game:
    port: int
    process: subprocess.Popen[bytes]
    database: str = ""  # its name on a PostgreSQL server

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/play/"

    @property
    def web_processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    @property
    def memory_mb(self) -> float:
        """Of the largest web process."""
        return float(max(process.memory_info().rss for process in self.web_processes) / 2**20)


@contextmanager
def game() -> Iterator[Game]:
    """Django is set up in this process on the same data, so that players can be made and results read."""
    with tempfile.TemporaryDirectory(prefix="sticktionary-bench-") as data, _database() as database:
        os.environ |= {"STICKTIONARY_DATA": data, "DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
        os.environ["CHANNEL_PREFIX"] = Path(data).name
        _fill(data)
        import django

        django.setup()
        with _serving(_free_port(), database) as running:
            yield running


@contextmanager
def _database() -> Iterator[str]:
    """A throw-away database where DATABASE_URL names a PostgreSQL server; with SQLite the data folder is enough."""
    named = os.environ.get("DATABASE_URL", "")
    if not named.startswith("postgres"):
        yield ""
        return
    parts = dict(dj_database_url.parse(named))
    database = f"sticktionary_bench_{os.getpid()}"
    _on_server(parts, f"CREATE DATABASE {database}")
    os.environ["DATABASE_URL"] = urlsplit(named)._replace(path=f"/{database}").geturl()
    try:
        yield database
    finally:
        os.environ["DATABASE_URL"] = named
        _on_server(parts, f"DROP DATABASE {database} WITH (FORCE)")


def _on_server(parts: dict[str, Any], statement: str) -> None:
    import psycopg

    where = {"host": parts["HOST"], "port": parts["PORT"] or 5432, "user": parts["USER"], "password": parts["PASSWORD"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as connection:
        connection.execute(statement.encode())


def _fill(data: str) -> None:
    if prepared := os.environ.get("STICKTIONARY_BENCH_DATA"):
        shutil.copytree(prepared, data, dirs_exist_ok=True)
    _manage("migrate", "--verbosity", "0")
    _manage("collectstatic", "--noinput", "--verbosity", "0")
    if not prepared:
        _manage("load_starter_pack")
    if more := os.environ.get("STICKTIONARY_BENCH_STICKERS"):
        _manage("import_stickers", more, "--source", "bench", "--licence", "bench")


def _manage(*command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def _serving(port: int, database: str) -> Iterator[Game]:
    from sticktionary.management.commands.play import web_server

    process = subprocess.Popen(web_server("127.0.0.1", port), cwd=ROOT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/")
        yield Game(port, process, database)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not start.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_players(n: int) -> list[tuple[int, str]]:
    """Players' ids with the cookie of a session each; half play in English, half in Chinese."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from sticktionary.domain.people import guests
    from sticktionary.models import Player

    made = []
    for number in range(n):
        player = guests.start(language="zh" if number % 2 else "en")
        Player.objects.filter(pk=player.pk).update(practised_at=timezone.now())
        client = Client()
        client.force_login(player, settings.AUTHENTICATION_BACKENDS[0])
        made.append((player.pk, f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"))
    return made


def quantiles(values: list[float]) -> str:
    """Milliseconds at p50, p95 and p99, with how many there were."""
    if not values:
        return "none"
    p50, p95, p99 = (quantile(values, share) * 1_000 for share in (0.5, 0.95, 0.99))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms (n = {len(values):,})"


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

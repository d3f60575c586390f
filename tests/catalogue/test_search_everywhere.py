"""Four web processes and one catalogue: what happens to one of them, or to what lies between them, is made good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests.catalogue.everywhere import free_port

ALWAYS = {
    "read in": "everywhere",
    "a query comes in": "everywhere",
    "a sticker goes": ["everywhere", "nowhere"],
    "a process is killed": ["late frost", "everywhere"],
    "the worker is killed in the middle of a snapshot": [-signal.SIGKILL, True],
    "and a process starts": "everywhere",
    "a snapshot is written": True,
    "a process starts from it": "everywhere",
    "it is damaged": "everywhere",
    "it is thrown away": ["everywhere", "nowhere"],
    "in the end": True,
}
WITH_REDIS = {"Redis is killed": "everywhere", "and is back": "everywhere"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a house of its own, on the kind of database and of Redis that the suite runs on."""
    kept = ("PATH", "HOME", "OMP_NUM_THREADS")
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment |= {"STICKTIONARY_DATA": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
    environment |= {"LOG_LEVEL": "ERROR", "CHANNEL_PREFIX": f"everywhere-{os.getpid()}"}
    if settings.REDIS_URL:
        environment["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    with database() as url:
        environment |= url
        (tmp_path / "data" / "static").mkdir(parents=True)
        run = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(run, cwd=settings.BASE_DIR, env=environment, check=True)
        yield environment


@contextmanager
def database() -> Iterator[dict[str, str]]:
    if not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        yield {}  # a file in the data folder, which all processes share
        return
    import psycopg

    url, name = urlsplit(settings.DATABASE_URL), f"test_everywhere_{os.getpid()}"
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield {"DATABASE_URL": url._replace(path=f"/{name}").geturl()}
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_whatever_is_killed_lost_or_spoiled_all_processes_find_the_same(house: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.catalogue.everywhere"]
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=house, stdout=subprocess.PIPE, check=True)
    assert json.loads(run.stdout) == ALWAYS | (WITH_REDIS if settings.REDIS_URL else {})

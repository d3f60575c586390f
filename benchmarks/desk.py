"""The admin site, the review queue and dealing over a million rounds: milliseconds and queries to the database of each.

`python -m benchmarks.desk [--rounds 1000000] [--times 60]`. It wants a PostgreSQL on which it may make a database of
its own, which it drops again: STICKTIONARY_BENCH_POSTGRES (postgres://postgres:postgres@127.0.0.1:5432/postgres).
Filling it takes longest and need not be quiet: `--keep NAME` fills a database and leaves it, `--use NAME` measures one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks._game import quantiles

if TYPE_CHECKING:
    from django.test import Client

SERVER = os.environ.get("STICKTIONARY_BENCH_POSTGRES", "postgres://postgres:postgres@127.0.0.1:5432/postgres")
MILLION = Path(__file__).with_name("_million.sql")
STUDIO = {
    "review queue": "studio_review",
    "verdicts so far": "studio_review_judgements",
    "flags to judge": "studio_flags",
    "quality": "studio_quality",
    "packs": "studio_packs",
    "a release to be asked for": "studio_new_release",
}
LONGEST_S = 10.0  # that a page is called again and again
NOW = "2026-11-21 12:00:00+00"


@contextmanager
def database(name: str, *, is_new: bool, keep: bool) -> Iterator[None]:
    """Django on a database with its own data folder; both are gone afterwards, unless it is to be kept."""
    with (
        tempfile.TemporaryDirectory(prefix="sticktionary-bench-") as data,
        psycopg.connect(SERVER, autocommit=True) as server,
    ):
        if is_new:
            server.execute(f"CREATE DATABASE {name}")
        try:
            url = SERVER.rsplit("/", 1)[0] + f"/{name}"
            os.environ |= {"STICKTIONARY_DATA": data, "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
            os.environ |= {"DJANGO_SETTINGS_MODULE": "sticktionary.settings", "REDIS_URL": ""}
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            yield
        finally:
            from django.db import connections

            connections.close_all()
            if not keep:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(n_rounds: int) -> None:
    from django.db import connection

    began = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in (MILLION.read_text() % {"rounds": n_rounds, "now": NOW}).split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("ANALYZE")
    print(f"{n_rounds:,} rounds and all that hangs on them: written in {time.perf_counter() - began:.0f} s", flush=True)


def admin() -> Client:
    from django.conf import settings
    from django.test import Client

    from sticktionary.domain.people import moderation

    player = moderation.make_admin(username="bench", password="four words on a desk", language="en")  # noqa: S106
    client = Client()
    client.force_login(player, settings.AUTHENTICATION_BACKENDS[0])
    return client


def measured(client: Client, address: str, times: int, before: Callable[[], None]) -> str:
    """What each call took by the clock and of this processor, and the queries of one; the first two calls warm up. A
    page that is slow is called less often."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken, busy = list[float](), list[float]()
    until = time.perf_counter() + LONGEST_S
    for number in range(times + 2):
        if taken and time.perf_counter() > until:
            break
        before()
        began, busy_before = time.perf_counter(), time.process_time()
        response = client.get(address)
        if number > 1:
            taken.append(time.perf_counter() - began)
            busy.append(time.process_time() - busy_before)
        assert response.status_code == 200, (address, response.status_code)
    before()
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    rendering = sorted(busy)[len(busy) // 2] * 1_000
    return f"{quantiles(taken)}; {rendering:.0f} ms of processor in Python, {len(queries)} queries"


def pages(n_rounds: int) -> dict[str, str]:
    from django.urls import reverse

    lists = "/admin/sticktionary"
    held = {
        "dashboard": "/admin/",
        "rounds": f"{lists}/round/",
        "rounds, of a common state": f"{lists}/round/?state__exact=found",
        "rounds, of a rare one": f"{lists}/round/?state__exact=withdrawn&language__exact=en",
        "rounds, of a source long past": f"{lists}/round/?source__exact=house",
        "rounds, at the end": f"{lists}/round/?before=60",
        "rounds, in the middle": f"{lists}/round/?before={n_rounds // 2}",
        "rounds, that say a query": f"{lists}/round/?q=query+77",
        "rounds, of a player": f"{lists}/round/?q=player77",
        "a round with its timeline": f"{lists}/round/{n_rounds - 999}/change/",
        "lookups": f"{lists}/retrieval/",
        "lookups, in the middle": f"{lists}/retrieval/?before={n_rounds}",
        "ledger": f"{lists}/ledgerentry/",
        "ledger, of a player": f"{lists}/ledgerentry/?q=player77",
        "players": f"{lists}/player/",
        "a player": f"{lists}/player/77/change/",
        "audit log": f"{lists}/auditentry/",
        "audit log, of a verb in a week": f"{lists}/auditentry/?verb=block&at__gte=2026-11-14+00%3A00%3A00%2B00%3A00",
        "audit log, of a player": f"{lists}/auditentry/?q=player+77",
        "cases": f"{lists}/case/?state__exact=open",
        "flags": f"{lists}/flag/?state__exact=open",
        "stickers": f"{lists}/sticker/",
    }
    return held | {name: reverse(address) for name, address in STUDIO.items()}


def days() -> None:
    from django.utils.dateparse import parse_datetime

    from sticktionary.domain import figures

    now = parse_datetime(NOW)
    assert now is not None
    began = time.perf_counter()
    n = sum(iter(lambda: figures.refresh(now), 0))
    print(f"figures by day: {n} days worked out in {time.perf_counter() - began:.1f} s", flush=True)
    began = time.perf_counter()
    figures.work_out(now.date(), now)
    print(f"figures by day: today again in {time.perf_counter() - began:.2f} s", flush=True)


def deals(times: int) -> Iterator[tuple[str, list[float]]]:
    """What the next page of a player takes, and a gold round where one is due; nothing of it stays."""
    from django.db import transaction

    from sticktionary.domain.play import choosing, dealing
    from sticktionary.domain.quality import gold
    from sticktionary.models import Player

    verbs: dict[str, Callable[[Player], object]] = {
        "the next page of a player": lambda player: dealing.deal(player_id=player.pk),
        "the round to look up": choosing.next_round,
        "a gold round": gold.next_round,
        "the sticker to write for": choosing.next_sticker,
    }
    players = list(Player.objects.filter(username__startswith="player").order_by("pk")[:: 20_000 // (times + 2)])
    for name, verb in verbs.items():
        taken = []
        for player in players:
            with transaction.atomic():
                began = time.perf_counter()
                assert verb(player) is not None
                taken.append(time.perf_counter() - began)
                transaction.set_rollback(True)
        yield name, taken[2:]


def measure(n_rounds: int, times: int) -> None:
    from django.core.cache import cache

    client = admin()
    for name, address in pages(n_rounds).items():
        print(f"{name:32} {measured(client, address, times, cache.clear)}", flush=True)
    print(f"{'dashboard, as it is held':32} {measured(client, '/admin/', times, lambda: None)}", flush=True)
    for name, taken in deals(times):
        print(f"{name:32} {quantiles(taken)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--keep", metavar="NAME", help="fill this database and leave it, measure nothing")
    parser.add_argument("--use", metavar="NAME", help="measure this database, which was filled and kept")
    options = parser.parse_args()
    name = options.keep or options.use or f"sticktionary_bench_{os.getpid()}"
    with database(name, is_new=not options.use, keep=bool(options.keep or options.use)):
        if not options.use:
            fill(options.rounds)
            days()
        if not options.keep:
            measure(options.rounds, options.times)


if __name__ == "__main__":
    main()

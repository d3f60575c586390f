"""Run as a process of its own, on a house of its own: four web processes search one catalogue while it changes, while
they, the worker and Redis are killed, and while snapshots are spoiled. Says how each scene ended, as JSON."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import django
from websockets.sync.client import connect

N_PROCESSES = 4
PATIENCE_S = 120
TEXTS = ("apple", "pear", "plum", "fig", "late", "tree", "news")
_numbers = count(1)


class Web:
    """A web process and, with a page open in it, a player who writes for a sticker and sees what is found."""

    def __init__(self, number: int, cookie: str) -> None:
        self.port, self.cookie, self.page = free_port(), cookie, None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "sticktionary.asgi:application", "--port", str(self.port)]
        self.process = subprocess.Popen([*command, "--log-level", "error"], stdout=sys.stderr)
        self.page: Any = None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def finds(self, text: str) -> list[str]:
        """The pictures it shows for a text, in their order."""
        try:
            return self._asked(text)
        except Exception:  # it was killed, or its page was closed: another page, as a browser would
            self.page = None
            self._wait_until_up()
            return self._asked(text)

    def _wait_until_up(self) -> None:
        for _ in until_patience_ends():
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10).close()
            except urllib.error.HTTPError:
                return
            except OSError:
                continue
            return

    def _asked(self, text: str) -> list[str]:
        if self.page is None:
            headers = {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.port}"}
            self.page = connect(f"ws://127.0.0.1:{self.port}/ws/play/", additional_headers=headers)
            self._to_label()
        number = next(_numbers)
        self._say(type="preview", lease=self.lease, number=number, text=text)
        answer = self._heard(lambda message: message["type"] == "refused" or message.get("number") == number)
        return [Path(hit["image"]).name for hit in answer["hits"]]

    def _to_label(self) -> None:
        turn = self._heard(lambda message: message["type"] == "snapshot")["state"]["turn"]
        while turn["kind"] != "label":
            if turn["kind"] == "find":
                self._move(type="answer", lease=turn["lease"], picks=[])
            self._move(type="deal")
            self._say(type="hello")
            turn = self._heard(lambda message: message["type"] == "snapshot")["state"]["turn"]
        self.lease = turn["lease"]

    def _move(self, **message: Any) -> None:
        key = f"key-{next(_numbers):08}"
        self._say(key=key, **message)
        self._heard(lambda answer: answer.get("key") == key)
        self._say(type="hello")

    def _say(self, **message: Any) -> None:
        self.page.send(json.dumps(message))

    def _heard(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self.page.recv(timeout=PATIENCE_S))
            if is_it(message):
                return message


class Redis:
    """A server of its own, which may be killed with all it knows; none where the suite runs without."""

    def __init__(self) -> None:
        self.port = int(os.environ["REDIS_URL"].split(":")[-1].split("/")[0])
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([*command, "--loglevel", "warning"], stdout=sys.stderr)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


# --- the house ---


def make_house() -> tuple[list[Any], list[str]]:
    from django.conf import settings
    from django.test import Client

    from sticktionary.domain import catalogue
    from sticktionary.models import Pack, Sticker
    from tests.game.conftest import make_player

    pack = Pack.objects.create(slug="fruit", title="Fruit", source="drawn here", licence="CC0")
    stickers = []
    for number in range(40):
        name = f"{number}.webp"
        sticker = Sticker.objects.create(
            pack=pack, name=name, sha256=f"{number:064}", image=name, poster=name, width=10, height=10,
            perceptual_hash=f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}",
        )  # fmt: skip
        catalogue.add_house_rounds(sticker, {"en": [f"{TEXTS[number % 4]} tree", f"number {number}"]})
        stickers.append(sticker)
    cookies = []
    for number in range(N_PROCESSES):
        client = Client()
        client.force_login(make_player(f"typist{number}"), settings.AUTHENTICATION_BACKENDS[0])
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}")
    return stickers, cookies


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_patience_ends() -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
    raise SystemExit("Patience ended.")


# --- what is seen ---


def told_everywhere(webs: list[Web], text: str, sticker: Any, *, is_found: bool) -> str:
    """Wait until every process finds the sticker by the text, or none does."""
    for _ in until_patience_ends():
        if all((sticker.image in web.finds(text)) == is_found for web in webs):
            return "everywhere" if is_found else "nowhere"
    raise AssertionError


def same_everywhere(webs: list[Web]) -> bool:
    """Whether all find what a search finds that reads nothing but the database, in the same order."""
    from sticktionary.domain.search import snapshots
    from sticktionary.domain.search.live import CatalogueSearch

    truth = CatalogueSearch()
    kept, snapshots.opened = snapshots.opened, lambda *told: None
    truth.refresh()
    snapshots.opened = kept
    for text in TEXTS:
        ids = truth.preview(text, 1).ids
        pictures = truth.known_pictures(ids, "en")
        shown = [Path(pictures[id].image).name for id in ids]
        if [web.finds(text) for web in webs] != [shown] * len(webs):
            return False
    return True


# --- the scenes ---


def play(webs: list[Web], stickers: list[Any], redis: Redis | None) -> Iterator[tuple[str, object]]:
    yield "read in", told_everywhere(webs, "tree", stickers[0], is_found=True)
    yield "a query comes in", news(webs, stickers[1], "late riser")
    yield "a sticker goes", gone(webs, stickers[2], "number 2")
    webs[1].kill()
    written = say(stickers[3], "late frost")
    webs[1].start()
    yield "a process is killed", [written, told_everywhere(webs, "late frost", stickers[3], is_found=True)]
    yield "the worker is killed in the middle of a snapshot", killed_in_a_snapshot()
    webs[2].kill()
    webs[2].start()
    yield "and a process starts", news(webs, stickers[4], "late again")
    yield "a snapshot is written", write_snapshot()
    say(stickers[5], "late shift")
    restart(webs[3])
    yield "a process starts from it", told_everywhere(webs, "late shift", stickers[5], is_found=True)
    spoil()
    restart(webs[3])
    yield "it is damaged", news(webs, stickers[6], "late train")
    write_snapshot()
    shutil.rmtree(snapshot_folder())
    restart(webs[0])
    yield "it is thrown away", gone(webs, stickers[7], "number 7")
    if redis is not None:
        redis.kill()
        say(stickers[8], "late bus")  # a nudge that nobody hears
        redis.start()
        yield "Redis is killed", told_everywhere(webs, "late bus", stickers[8], is_found=True)
        yield "and is back", news(webs, stickers[9], "late show")
    yield "in the end", same_everywhere(webs)


def say(sticker: Any, text: str) -> str:
    from sticktionary.domain import catalogue

    catalogue.add_house_rounds(sticker, {"en": [text]})
    return text


def news(webs: list[Web], sticker: Any, text: str) -> str:
    say(sticker, text)
    return told_everywhere(webs, text, sticker, is_found=True)


def gone(webs: list[Web], sticker: Any, text: str) -> list[str]:
    from sticktionary.domain import catalogue

    before = told_everywhere(webs, text, sticker, is_found=True)
    catalogue.set_state(actor=None, sticker_ids=[sticker.pk], state="halted")
    return [before, told_everywhere(webs, text, sticker, is_found=False)]


def restart(web: Web) -> None:
    web.kill()
    web.start()


def killed_in_a_snapshot() -> list[object]:
    """The signal the worker died of, and what it left that another process would take up."""
    from django.db import connection

    from sticktionary.domain.search import album, filling, snapshots

    connection.close()
    worker = os.fork()
    if not worker:
        album.Album.save = lambda *told: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, method-assign]
        filling.write_words()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    return [status, snapshots.place_of_newest(snapshots.WORDS) is None]


def write_snapshot() -> bool:
    from sticktionary.domain.search import filling, snapshots

    with snapshots.alone() as is_alone:
        filling.write_words()
    return is_alone and snapshots.place_of_newest(snapshots.WORDS) is not None


def snapshot_folder() -> Path:
    from django.conf import settings

    return Path(settings.SEARCH_DIR) / "words"


def spoil() -> None:
    for path in snapshot_folder().rglob("*.npy"):
        held = bytearray(path.read_bytes())
        held[-1] ^= 0xFF
        path.write_bytes(held)


# --- all of it ---


@contextmanager
def running() -> Iterator[tuple[list[Web], list[Any], Redis | None]]:
    redis = Redis() if os.environ.get("REDIS_URL") else None
    stickers, cookies = make_house()
    webs = [Web(number, cookie) for number, cookie in enumerate(cookies)]
    try:
        yield webs, stickers, redis
    finally:
        for web in webs:
            web.kill()
        if redis is not None:
            redis.kill()


def main() -> None:
    django.setup()
    with running() as (webs, stickers, redis):
        told = dict(play(webs, stickers, redis))
    print(json.dumps(told))


if __name__ == "__main__":
    sys.exit(main())

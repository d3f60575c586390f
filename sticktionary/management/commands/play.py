"""Everything at once on one machine: migrate, load the starter pack and its model, run web server and worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

STOP_WITHIN_S = 10


class Command(BaseCommand):
    help = "Set up and run the whole of Sticktionary on this machine. Ctrl-C ends it."

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8000"))  # noqa: S104
        refuse_taken_port(host, port)
        self.stdout.write("Preparing the database ...")
        call_command("migrate", verbosity=0, interactive=False)
        collect_static_files()
        call_command("load_starter_pack", stdout=self.stdout)
        with running(web_server(host, port), worker(), lab_worker()) as processes:
            self.announce(port, processes)
            wait_for_the_end(processes)
        self.stdout.write("Bye.")

    def announce(self, port: int, processes: list[subprocess.Popen[bytes]]) -> None:
        if not answers(port, processes):
            raise CommandError("The web server did not start; its messages are above.")
        self.stdout.write(self.style.SUCCESS(f"\n  Play at      http://localhost:{port}/"))
        if address := address_in_the_network():
            self.stdout.write(f"  On a phone   http://{address}:{port}/   (same network)")
        self.stdout.write("  Admin        sign up, then: make admin NAME=you")
        self.stdout.write("  Ctrl-C ends everything.\n")


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            told = f"Port {port} can't be used ({error.strerror}). Another one: PORT=8001 make play"
            raise CommandError(told) from None


def collect_static_files() -> None:
    """Only when a source is newer than the last collection: a second start should be quick."""
    stamp = Path(settings.STATIC_ROOT) / "staticfiles.json"
    sources = [settings.BASE_DIR / "requirements.txt", *Path(settings.BASE_DIR / "static").rglob("*")]
    if not stamp.exists() or stamp.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        call_command("collectstatic", verbosity=0, interactive=False)


def web_server(host: str, port: int) -> list[str]:
    # One process without Redis: the in-process channel layer reaches only the sockets of its own process.
    workers = os.environ.get("WEB_WORKERS", "1") if settings.REDIS_URL else "1"
    return [
        *(sys.executable, "-m", "uvicorn", "sticktionary.asgi:application"),
        *("--host", host, "--port", str(port), "--workers", workers),
        *("--no-access-log", "--log-level", "warning", "--ws-max-size", "65536", "--timeout-graceful-shutdown", "3"),
        *("--ws", "sticktionary.live.sockets:BoundedWebSocket", "--ws-ping-interval", "20", "--ws-ping-timeout", "20"),
        *("--backlog", "4096"),  # of a crowd that comes back at once after a restart
    ]


def worker() -> list[str]:
    # --beat: the sweeper of lost jobs and lapsed leases ticks inside the one worker.
    return [*celery("work", 2), "--beat", "--schedule", str(settings.DATA_DIR / "celerybeat-schedule")]


def lab_worker() -> list[str]:
    # Runs of the lab take hours; imports and releases are not to wait behind them.
    return [*celery("lab", 1), "--queues", "gpu"]


def celery(name: str, concurrency: int) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "-A", "sticktionary", "--quiet", "worker", "--hostname", f"{name}@%h"),
        *("--pool", "threads", "--concurrency", str(concurrency)),
        *("--loglevel", "warning", "--without-gossip", "--without-mingle"),
    ]


@contextmanager
def running(*commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The commands as children in sessions of their own, so that Ctrl-C reaches this process alone, which ends them."""
    wishes = [signal.SIGTERM]  # to stop: from a service manager, and from a terminal that is closed
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        wishes.append(signal.SIGHUP)
    before = {wish: signal.signal(wish, _interrupt) for wish in wishes}
    processes = [subprocess.Popen(command, start_new_session=True, cwd=settings.BASE_DIR) for command in commands]
    try:
        yield processes
    except KeyboardInterrupt:
        pass
    finally:
        for wish in wishes:
            signal.signal(wish, signal.SIG_IGN)  # one is enough
        end(processes)
        for wish, handler in before.items():
            signal.signal(wish, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_the_end(processes: list[subprocess.Popen[bytes]]) -> None:
    while True:
        for process in processes:
            if process.poll() is not None:
                command = " ".join(map(str, process.args[1:4]))  # type: ignore[index]
                raise CommandError(f"`{command} ...` ended with status {process.returncode}; the rest was ended too.")
        time.sleep(0.5)


def answers(port: int, processes: list[subprocess.Popen[bytes]], within_s: float = 60) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.2)
    return False


def address_in_the_network() -> str | None:
    """This machine's own address as its neighbours see it; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address

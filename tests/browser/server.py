"""The product as it runs: a uvicorn process on a data folder of its own, with a small real catalogue."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "starter_pack"
N_STICKERS = 60


class Server:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "REDIS_URL" and name != "DATABASE_URL"},
            "STICKTIONARY_DATA": str(data / "var"),
            "DJANGO_SETTINGS_MODULE": "sticktionary.settings",
            "LOG_LEVEL": "WARNING",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def set_up(self) -> None:
        folder = small_pack(self.data / "pack")
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--verbosity", "0", "--no-input")
        self.manage("import_stickers", str(folder), "--licence", "CC0-1.0")

    def manage(self, *arguments: str, said: str = "") -> None:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, input=said)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

    def start(self) -> None:
        command = (
            *(sys.executable, "-m", "uvicorn", "sticktionary.asgi:application", "--port", str(self.port)),
            *("--lifespan", "off", "--log-level", "warning", "--timeout-graceful-shutdown", "1"),
        )
        log = (self.data / "server.log").open("ab")
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=5).close()  # noqa: S310
            except (urllib.error.URLError, TimeoutError):
                assert self.process is not None
                assert self.process.poll() is None, (self.data / "server.log").read_text()[-4000:]
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self) -> str:
        return (self.data / "server.log").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def small_pack(folder: Path) -> Path:
    """A part of the starter pack: as many of each character, with their queries in both languages."""
    (folder / "stickers").mkdir(parents=True)
    files = sorted((PACK / "pack" / "stickers").glob("*.webp"))
    assert len(files) >= N_STICKERS, "the starter pack is not built"
    chosen = {path.stem: path for path in files[:: len(files) // N_STICKERS][:N_STICKERS]}
    for path in chosen.values():
        shutil.copy(path, folder / "stickers")
    for language in ("en", "zh"):
        copy_queries(PACK / f"queries_{language}.csv", folder / f"sticker_queries_{language}.csv", set(chosen))
    return folder


def copy_queries(source: Path, target: Path, names: set[str]) -> None:
    with source.open(newline="") as read, target.open("w", newline="") as written:
        header, *rows = csv.reader(read)
        writer = csv.writer(written)
        writer.writerow(header)
        writer.writerows([f"{Path(name).stem}.webp", queries] for name, queries in rows if Path(name).stem in names)

"""How long `make play` takes until the first page answers, and what its processes then hold in memory.

Cold is a fresh data folder (migrations, starter pack, model), warm is the second start on the same folder, then the web
process alone, which has to answer within 3 s and stay under 400 MB. The installation of the environment is not in it:
`time make .venv/.runtime` in a fresh clone tells that.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import websockets

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answered(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def memory_mb(root_pid: int) -> dict[str, float]:
    """Resident MB of each descendant, by what it runs (`ps` works on Linux and macOS)."""
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,rss=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in listing.splitlines() if len(line.split(None, 3)) == 4]
    family, found = {root_pid}, {}
    for pid, parent, rss, command in sorted(rows, key=lambda row: int(row[0])):
        if int(parent) in family:
            family.add(int(pid))
            kind = "web process" if "uvicorn" in command else "worker" if "celery" in command else "launcher"
            found[kind] = found.get(kind, 0) + int(rss) / 1024
    return found


def start(data: str, port: int) -> tuple[float, dict[str, float], float]:
    began = time.perf_counter()
    environment = {**os.environ, "STICKTIONARY_DATA": data, "PORT": str(port), "HOST": "127.0.0.1"}
    process = subprocess.Popen(
        ["make", "play"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while not answered(f"http://127.0.0.1:{port}/"):
        if process.poll() is not None:
            raise SystemExit(f"make play ended with status {process.returncode}")
        time.sleep(0.05)
    took = time.perf_counter() - began
    memory = memory_mb(process.pid)
    asked = time.perf_counter()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    return took, memory, time.perf_counter() - asked


def start_web(data: str, port: int) -> str:
    """A web process on a data folder that is there: until its first page, and until it has found stickers, which loads
    the model and the catalogue."""
    os.environ |= {"STICKTIONARY_DATA": data, "DJANGO_SETTINGS_MODULE": "sticktionary.settings"}
    import django

    django.setup()
    from benchmarks._game import make_players
    from benchmarks.keystroke import hear, to_label
    from sticktionary.management.commands.play import web_server

    (_, cookie), *_ = make_players(1)
    began = time.perf_counter()
    process = psutil.Popen(web_server("127.0.0.1", port), cwd=ROOT)
    while not answered(f"http://127.0.0.1:{port}/"):
        time.sleep(0.02)
    page, used, small = time.perf_counter() - began, process.cpu_times(), process.memory_info().rss

    async def look_for_stickers() -> None:
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/ws/play/", additional_headers={"Cookie": cookie}
        ) as connection:
            lease = await to_label(connection)
            for number, text in enumerate(("so tired", "好累", "nap")):
                await connection.send(json.dumps({"type": "preview", "lease": lease, "number": number, "text": text}))
                assert (await hear(connection, "results"))["hits"]

    asyncio.run(look_for_stickers())
    large = process.memory_info().rss
    process.terminate()
    process.wait(20)
    return (
        f"web process alone: first page after {page:.1f} s ({used.user + used.system:.1f} s of processor), "
        f"{small / 2**20:.0f} MB; {large / 2**20:.0f} MB once stickers were looked for"
    )


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        for label in ("cold", "warm"):
            took, memory, stopping = start(data, port)
            parts = ", ".join(f"{kind} {mb:.0f} MB" for kind, mb in memory.items())
            print(f"make play {label}: first page after {took:.1f} s; {parts}; ended {stopping:.1f} s after Ctrl-C")
        print(start_web(data, port))
        size = sum(path.stat().st_size for path in Path(data).rglob("*") if path.is_file())
        print(f"data folder: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

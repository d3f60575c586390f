"""How long `make play` takes until the first page answers, and what its processes then hold in memory.

Cold is a fresh data folder (migrations, starter pack, model), warm is the second start on the same folder. The
installation of the environment is not in it: `time make .venv/.runtime` in a fresh clone tells that.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

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


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        for label in ("cold", "warm"):
            took, memory, stopping = start(data, port)
            parts = ", ".join(f"{kind} {mb:.0f} MB" for kind, mb in memory.items())
            print(f"make play {label}: first page after {took:.1f} s; {parts}; ended {stopping:.1f} s after Ctrl-C")
        size = sum(path.stat().st_size for path in Path(data).rglob("*") if path.is_file())
        print(f"data folder: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

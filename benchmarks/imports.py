"""How long imports take and how much memory they hold at most: the starter pack, a zip that means harm, pictures as
large as is allowed, and any folder or zip given: `python -m benchmarks.imports FOLDER ...`"""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.catalogue import files

ROOT = Path(__file__).resolve().parent.parent


def manage(data: str, *arguments: str) -> str:
    """Seconds by the clock and of processor, peak MB of the process, and the last line it printed."""
    environment = {**os.environ, "STICKTIONARY_DATA": data, "DATABASE_URL": "", "REDIS_URL": ""}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = process.stdout.read().strip().splitlines()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    per_mb = 1024 if sys.platform == "linux" else 1024**2
    clock, processor = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    peak_mb = usage.ru_maxrss / per_mb
    return f"{clock:.1f} s ({processor:.1f} s of processor), at most {peak_mb:.0f} MB. {lines[-1] if lines else ''}"


def waves(side: int, phase: float = 0.0) -> Image.Image:
    """A large picture that packs into a small file."""
    x, y = np.mgrid[0:side, 0:side].astype(np.float32) / side
    channels = [127 + 127 * np.sin(6 * (x * a + y * b) + phase) for a, b in ((1, 2), (3, 1), (2, 2), (0, 1))]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8) & 0xF0)


def as_large_as_allowed() -> dict[str, bytes]:
    large = waves(4_096)
    frames = [waves(1_024, phase / 9).convert("RGB").quantize(32) for phase in range(90)]
    moving, film = io.BytesIO(), [waves(512, phase / 9) for phase in range(60)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:] * 4, duration=40)
    webp = io.BytesIO()
    film[0].save(webp, "WEBP", save_all=True, append_images=film[1:], duration=40, method=0)
    stills = {f"{n}.png": files.encoded(large.rotate(90 * n), "PNG") for n in range(3)}
    photo = files.encoded(large.convert("RGB"), "JPEG", quality=90)
    painted = files.encoded(large, "WEBP", method=0)
    moving_ones = {"moving.gif": moving.getvalue(), "moving.webp": webp.getvalue()}
    return {**stills, "photo.jpg": photo, "painted.webp": painted, **moving_ones}


def make(hostile: Path, large: Path) -> None:
    files.zipped(hostile, files.good() | files.hostile())
    files.zipped(large, as_large_as_allowed())


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        hostile, large = Path(scratch) / "hostile.zip", Path(scratch) / "large.zip"
        making = multiprocessing.get_context("spawn").Process(target=make, args=(hostile, large))
        making.start()  # in a process of its own: children begin with the peak of their parent
        making.join()
        given = [Path(argument).absolute() for argument in sys.argv[1:]]
        for path in (ROOT / "starter_pack" / "pack", hostile, large, *given):
            data = str(Path(scratch) / f"data-{path.stem}")
            manage(data, "migrate", "--verbosity", "0")
            print(f"{path.name}: {manage(data, 'import_stickers', str(path))}", flush=True)


if __name__ == "__main__":
    main()

"""A whole request to POST /api/v1/replies on the starter pack, over HTTP to a web process.

`python -m benchmarks.reply_endpoint [--questions 100] [--sizes tiny base]`. Words alone, then the models of
`benchmarks.replying` with random vectors in the place of what they would make of the stickers, which cost the same.
Beside the clock, which others on the machine slow down, stands the processor time of the web process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks._game import Game, game, quantiles
from benchmarks.replying import K, conversations, export

WARM_UP = 10


def token() -> str:
    from django.utils import timezone

    from sticktionary.domain.people import moderation, tokens

    admin = moderation.make_admin(username="bench", password="four quiet benches", language="en")  # noqa: S106
    return tokens.make(actor=admin, label="bench", scopes=["reply"], until=timezone.now() + timedelta(days=1))[1]


def install(size: str, folder: Path) -> str:
    """A model of that size, with a vector for every sticker; its name."""
    from retrieval_engine.dialogue.runs.bundle import WEIGHTS, Manifest, file_hashes
    from sticktionary.models import Embedding, ModelVersion, Sticker

    export(size, folder)
    (folder / WEIGHTS).touch()
    spec = json.loads((folder / "serving.json").read_text())
    Manifest(size, "int_ra", size, {}, spec["intents"], [], [], {}, file_hashes(folder)).write(folder)
    ModelVersion.objects.create(name=size, title=size, kind="dialogue", path=str(folder), state="done")
    draw = np.random.default_rng(0)
    vectors = draw.standard_normal((Sticker.objects.count(), spec["dim"]), dtype=np.float32)
    rows = zip(Sticker.objects.values_list("pk", flat=True), vectors, strict=True)
    Embedding.objects.bulk_create(
        Embedding(sticker_id=id, embedded_by=size, vector=vector.tobytes()) for id, vector in rows
    )
    return size


def measure(running: Game, secret: str, model: str, n: int) -> None:
    took, inside = list[float](), list[float]()
    for number, use in enumerate(conversations(n + WARM_UP)):
        if number == WARM_UP:
            began = processor_s(running)
        turns = [{"speaker": turn.speaker, "text": turn.text} for turn in use.context]
        body = json.dumps({"turns": turns, "speaker": use.speaker, "k": K, "model": model}).encode()
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{running.port}/api/v1/replies", body, headers)
        asked = time.perf_counter()
        told = json.load(urllib.request.urlopen(request, timeout=60))
        if number >= WARM_UP:
            took.append(time.perf_counter() - asked)
            inside.append(told["ms"] / 1_000)
    processor = 1_000 * (processor_s(running) - began) / n
    print(f"{model}: {quantiles(took)}; the model alone {quantiles(inside)}; {processor:.1f} ms of a processor each")


def processor_s(running: Game) -> float:
    times = [process.cpu_times() for process in running.web_processes]
    return float(sum(each.user + each.system for each in times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--sizes", nargs="*", default=["tiny"], choices=["tiny", "base"])
    options = parser.parse_args()
    with game() as running, tempfile.TemporaryDirectory() as folder:
        secret = token()
        measure(running, secret, "bm25", options.questions)
        for size in options.sizes:
            (Path(folder) / size).mkdir()
            measure(running, secret, install(size, Path(folder) / size), options.questions)


if __name__ == "__main__":
    main()

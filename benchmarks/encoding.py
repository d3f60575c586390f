"""Queries through a text tower of ViT-B-32's size (random weights: they cost what trained ones cost) on one machine.

`python -m benchmarks.encoding [--seconds 20] [--players 1 50 300 1000] [--bundle FOLDER] [--keep FOLDER]`

First one new query after the other: open_clip in torch at the full 77 ids, ONNX Runtime in float32 and with 8 bit
weights. Then crowds: a player types 6 keys within a second and then pauses, 0.3 previews a second on average; a text
that was not begun with when the next one came is dropped, as on the socket. "one by one" is the same without gathering.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks._game import ROOT, quantiles
from retrieval_engine.data import read_queries_csv
from retrieval_engine.gathering import Gathering
from retrieval_engine.serving import BATCH, Bundle

KEYS, PAUSE_S = 6, 0.3  # of a burst; previews a second on average
N_ALONE, N_TORCH = 300, 40


@cache
def phrases() -> list[str]:
    files = [ROOT / "starter_pack" / "pack" / f"sticker_queries_{language}.csv" for language in ("en", "zh")]
    return [query for file in files for row in read_queries_csv(file) for query in row.queries]


def build(folder: Path) -> None:
    import open_clip
    import torch

    from retrieval_engine.encoder import wrap
    from retrieval_engine.export import export

    torch.manual_seed(0)
    model = open_clip.create_model("ViT-B-32", pretrained=None).eval()
    tokenise, config = open_clip.get_tokenizer("ViT-B-32"), open_clip.get_model_config("ViT-B-32")
    clip = wrap(model, tokenise, config, name="ViT-B-32 untrained", provenance={})
    print(export(clip, folder, int8=True).manifest.told, flush=True)


def alone(folder: Path, threads: int) -> None:
    """One at a time, by the clock and of processor time."""
    texts = random.Random(0).sample(sorted(set(phrases())), N_ALONE)
    for precision in ("float32", "int8"):
        bundle = Bundle.open(folder, verify=False, precision=precision, threads=threads)  # type: ignore[arg-type]
        told(f"ONNX {precision}, {threads} threads", texts, lambda text, bundle=bundle: bundle.encode([text]))  # type: ignore[misc]


def torch_alone(folder: Path) -> None:
    import torch

    from retrieval_engine.encoder import load

    torch.set_num_threads(os.cpu_count() or 1)
    clip = load(str(folder))
    with torch.inference_mode():
        encode = clip.model.encode_text
        told("torch, 77 ids", phrases()[:N_TORCH], lambda text: encode(clip.tokenise([text])))  # type: ignore[operator]


def told(name: str, texts: list[str], encode: Callable[[str], Any]) -> None:
    clock, processor = list[float](), list[float]()
    for text in texts:
        began, used = time.perf_counter(), time.process_time()
        encode(text)
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    warm = len(texts) // 10
    print(f"{name:24} {quantiles(clock[warm:])}; processor {quantiles(processor[warm:])}", flush=True)


@dataclass
class Crowd:
    """So many players at one bundle; what they waited for each text that was not superseded."""

    bundle: Bundle
    n_threads: int
    waited: list[float] = field(default_factory=list)
    n_asked: int = 0
    n_dropped: int = 0
    batches: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        run = self.bundle._run_text

        def counted(batch: list[list[int]]) -> Any:
            self.batches.append(len(batch))
            return run(batch)

        self.bundle._run_text = counted  # type: ignore[method-assign]
        self.pool = ThreadPoolExecutor(self.n_threads)

    async def play(self, n: int, seconds: float) -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(self._player(random.Random(number), end) for number in range(n)))

    async def _player(self, dice: random.Random, end: float) -> None:
        every = KEYS / PAUSE_S  # from burst to burst
        await asyncio.sleep(dice.expovariate(1 / every))
        waiting: list[tuple[float, str]] = []
        worker: asyncio.Task[None] | None = None
        for number, text in enumerate(typed(dice), 1):
            if time.perf_counter() >= end:
                break
            self.n_asked += 1
            self.n_dropped += len(waiting)
            waiting[:] = [(time.perf_counter(), text)]
            if worker is None or worker.done():
                worker = asyncio.create_task(self._answer(waiting))
            pause = dice.expovariate(1 / (every - 1)) if number % KEYS == 0 else 1 / KEYS
            await asyncio.sleep(max(0.0, min(pause, end - time.perf_counter())))
        if worker is not None:
            await worker

    async def _answer(self, waiting: list[tuple[float, str]]) -> None:
        while waiting:
            asked, text = waiting.pop()
            await asyncio.get_running_loop().run_in_executor(self.pool, self.bundle.encode, [text])
            self.waited.append(time.perf_counter() - asked)


def typed(dice: random.Random) -> Iterator[str]:
    """What is on the screen, key by key, two phrases at a time so that players do not all type the same."""
    said = phrases()
    while True:
        text = " ".join(dice.sample(said, 2))
        yield from (text[:end] for end in range(1, len(text) + 1))


def crowds(folder: Path, players: list[int], seconds: float, n_threads: int) -> None:
    ways: list[tuple[str, Any, int]] = [
        ("int8", "int8", BATCH),
        ("int8 one by one", "int8", 1),
        ("float32", "float32", BATCH),
    ]
    for n in players:
        lasting = max(seconds, 60 / n)
        for name, precision, most in ways:
            bundle = Bundle.open(folder, verify=False, precision=precision)
            bundle._gathering = Gathering(bundle._encode_new, most)
            crowd = Crowd(bundle, n_threads)
            began = time.process_time()
            asyncio.run(crowd.play(n, lasting))
            used, n_encoded = time.process_time() - began, sum(crowd.batches)
            print(
                f"{n:5} players, {name:16} {quantiles(crowd.waited)}; {crowd.n_asked / lasting:.1f}/s asked, "
                f"{crowd.n_dropped} dropped, {len(crowd.waited) - n_encoded} known already, "
                f"{n_encoded / max(1, len(crowd.batches)):.1f} a batch; {used / lasting:.0%} of a core",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--players", type=int, nargs="*", default=[1, 50, 300, 1000])
    parser.add_argument("--threads", type=int, default=4, help="that search, and wait for the tower")
    parser.add_argument("--bundle", type=Path, help="measure this one instead of an untrained ViT-B-32")
    parser.add_argument("--keep", type=Path, help="where to leave the untrained ViT-B-32 for other measurements")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = options.bundle or options.keep or Path(place) / "bundle"
        if options.bundle is None:
            build(folder)
        for threads in (1, 2):
            alone(folder, threads)
        crowds(folder, options.players, options.seconds, options.threads)
        torch_alone(folder)


if __name__ == "__main__":
    main()

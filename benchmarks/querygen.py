"""How quickly the query generator learns and writes, on stickers of the starter pack.

`python -m benchmarks.querygen [--base tiny] [--device auto] [--stickers 64] [--steps 20]`. Any base can be timed that a
run could start from: a folder, or a name from the hub. Learning is forward, backward and the optimiser's step; writing
is one likely answer and four drawn ones for each sticker, and a score for each query.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from retrieval_engine.data import read_queries_csv
from retrieval_engine.querygen import data
from retrieval_engine.querygen.generator import Generator
from retrieval_engine.querygen.learner import WriterLearner
from retrieval_engine.querygen.loading import adapt, load
from retrieval_engine.querygen.model import VisionLanguage
from retrieval_engine.querygen.recipe import GeneratorSettings
from retrieval_engine.training.devices import choose, describe, peak_memory
from retrieval_engine.training.loop import Plan, fit
from retrieval_engine.training.release import Query, Sticker
from retrieval_engine.training.run import Reporter

PACK = Path(__file__).parent.parent / "starter_pack" / "pack"


def stickers(n: int) -> list[Sticker]:
    """The first of the pack with what people type in English."""
    rows = read_queries_csv(PACK / "sticker_queries_en.csv")[:n]
    return [
        Sticker(
            row.sticker_id, PACK / "stickers" / row.sticker_id, "train", row.sticker_id, tuple(_queries(row.queries))
        )
        for row in rows
    ]


def _queries(texts: Sequence[str]) -> list[Query]:
    return [Query(number, text, "en", 1.0, "", number) for number, text in enumerate(texts)]


def timed(device: torch.device, work: Callable[[], object]) -> float:
    """Seconds, the device's own included."""
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def learn(held: VisionLanguage, known: list[Sticker], settings: GeneratorSettings, folder: Path, n_steps: int) -> float:
    """Examples a second, after two steps to warm up."""
    examples = data.examples(known, ["en"], "train")
    with Reporter(folder) as report:
        strips = data.Strips(folder / "pictures" / "0.npy", known, data.side_of(held.processor), report)
        with WriterLearner(held, examples, None, strips, settings, 0) as learner:
            for name, steps in (("warm", 2), ("timed", n_steps)):
                plan = Plan(steps, settings.batch, settings.part, 1e-4, save_every=steps)
                seconds = timed(learner.device, lambda plan=plan, name=name: fit(learner, plan, report, name=name))
    return n_steps * settings.batch / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--stickers", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--part", type=int, default=8, help="stickers at once")
    args = parser.parse_args()
    device, known = choose(args.device), stickers(args.stickers)
    held = load(args.base, device, texts=data.texts(data.examples(known, ["en"], "train")))
    settings = GeneratorSettings(batch=min(32, args.stickers), part=args.part)
    adapt(held, settings)
    with tempfile.TemporaryDirectory() as folder:
        per_s = learn(held, known, settings, Path(folder), args.steps)
    held.model.eval()
    pictures = [sticker.picture for sticker in known[: 2 * args.part]]
    generator = Generator(held)
    seconds = timed(device, lambda: [generator.generate(pictures[i : i + args.part], "en", 8) for i in (0, args.part)])
    n_weights = sum(weights.numel() for weights in held.model.parameters())
    print(f"{args.base}, {n_weights / 1e6:.1f} million weights, {describe(device, held.dtype)}")
    print(f"learning    {per_s:8.1f} examples/s, {settings.batch} a step, {args.part} at once")
    print(f"writing     {len(pictures) / seconds:8.1f} stickers/s")
    print(f"memory      {peak_memory(device) / 1e6:8.0f} MB at most")


if __name__ == "__main__":
    main()

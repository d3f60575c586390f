"""Pictures to vectors: by ONNX Runtime and by torch, and while somebody plays.

`python -m benchmarks.embedding towers [--vit BUNDLE]`: stickers a second by the starter CLIP, and by a bundle of
ViT-B-32 (`benchmarks.encoding --keep FOLDER` makes one), reading and decoding included and apart, on 1 and 2 threads.

`python -m benchmarks.embedding game [--files 20000] [--keys 300]`: so many new stickers (drawings of the starter pack,
changed, no two alike) are embedded as the worker does it, while keystrokes of a player on a real socket are timed:
before, meanwhile, and meanwhile without standing back.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from benchmarks._game import ROOT, Game, game, make_players, quantiles
from benchmarks.keystroke import measure
from retrieval_engine.frames import key_frames, pixels
from retrieval_engine.serving import Bundle

STICKERS = ROOT / "starter_pack" / "pack" / "stickers"
STARTER = ROOT / "starter_pack" / "clip"
BATCH = 16

# --- the towers ---


def towers(folders: Sequence[Path], n: int) -> None:
    files = random.Random(0).sample(sorted(STICKERS.iterdir()), n)
    for folder in folders:
        spec = Bundle.open(folder, verify=False).manifest.image
        prepared = [pixels(key_frames(file), spec.size, spec.mean, spec.std) for file in files]
        told(f"{folder.name}: decoding to {spec.size} px", partial(_decoded, files, spec), n)
        for threads in (1, 2):
            bundle = Bundle.open(folder, verify=False, threads=threads)
            bundle.encode_stickers(files[:1])
            told(f"{folder.name}: ONNX, {threads} threads, tower alone", partial(_tower, bundle.run_image, prepared), n)
            told(f"{folder.name}: ONNX, {threads} threads, all", partial(_all, bundle.encode_stickers, files), n)
            _torch(folder, threads, files, prepared)


def _torch(folder: Path, threads: int, files: Sequence[Path], prepared: Sequence[Any]) -> None:
    import torch

    from retrieval_engine.encoder import load

    torch.set_num_threads(threads)
    clip = load(str(folder))

    @torch.inference_mode()
    def tower(batch: Any) -> Any:
        return clip.model.encode_image(torch.from_numpy(batch)).numpy()  # type: ignore[operator]

    def stickers(batch: Sequence[Path]) -> None:
        tower(np.concatenate([pixels(key_frames(file), *_spec(clip.image)) for file in batch]))

    told(f"{folder.name}: torch, {threads} threads, tower alone", partial(_tower, tower, prepared), len(files))
    told(f"{folder.name}: torch, {threads} threads, all", partial(_all, stickers, files), len(files))


def _spec(image: Any) -> tuple[int, Any, Any]:
    return image.size, image.mean, image.std


def _decoded(files: Sequence[Path], spec: Any) -> None:
    for file in files:
        pixels(key_frames(file), *_spec(spec))


def _tower(run: Callable[[Any], Any], prepared: Sequence[Any]) -> None:
    for start in range(0, len(prepared), BATCH):
        run(np.concatenate(prepared[start : start + BATCH]))


def _all(run: Callable[[Any], Any], files: Sequence[Path]) -> None:
    for start in range(0, len(files), BATCH):
        run(files[start : start + BATCH])


def told(name: str, work: Callable[[], None], n: int) -> None:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(
        f"{name:44} {n / clock:7.1f} stickers/s by the clock, {processor / n * 1e3:6.1f} ms of processor each",
        flush=True,
    )


# --- beside the game ---


def changed(source: Path, seed: int) -> Image.Image:
    """A drawing turned, recoloured and mirrored as the seed has it."""
    dice = random.Random(seed)
    with Image.open(source) as opened:
        picture = opened.convert("RGBA")
    picture = ImageEnhance.Color(picture).enhance(dice.uniform(0.2, 1.8)).rotate(dice.uniform(-40, 40), expand=False)
    return ImageOps.mirror(picture) if dice.random() < 0.5 else picture


def fill(n: int) -> None:
    """Stickers with files of their own and no vectors."""
    from django.conf import settings

    from sticktionary.models import Pack, Sticker

    sources, folder = sorted(STICKERS.iterdir()), Path(settings.MEDIA_ROOT) / "many"
    folder.mkdir(parents=True, exist_ok=True)
    pack = Pack.objects.create(slug="many", title="Many", licence="CC0")
    stickers = []
    for number in range(n):
        file = folder / f"{number}.webp"
        changed(sources[number % len(sources)], number).save(file, quality=60, method=0)
        digest, place = hashlib.sha256(file.read_bytes()).hexdigest(), f"many/{number}.webp"
        stickers.append(
            Sticker(pack=pack, name=file.name, sha256=digest, image=place, poster=place, width=512, height=512)
        )
    Sticker.objects.bulk_create(stickers, batch_size=1_000)


EMBED = """
import os, sys, time, django
django.setup()
from sticktionary.domain.lab import embedding
embedding.NICENESS = int(sys.argv[1])
began, n = time.perf_counter(), 0
while some := embedding.keep_up(18):
    n += some
    print(n, time.perf_counter() - began, time.process_time(), flush=True)
"""


def while_embedding(running: Game, cookie: str, niceness: int, keys: int) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", EMBED, str(niceness)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    whole, _inside = asyncio.run(measure(running, cookie, "en", keys))
    how = "at it to the end" if worker.poll() is None else "done before the end"
    print(f"keystrokes meanwhile (niceness {niceness}): {quantiles(whole[20:])}; the worker was {how}", flush=True)
    output, _ = worker.communicate()
    n, clock, processor = output.splitlines()[-1].split()
    print(
        f"  {n} embedded in {float(clock):.0f} s, {float(processor):.0f} s of processor: {int(n) / float(clock):.0f}/s"
    )


def beside_the_game(n: int, keys: int) -> None:
    with game() as running:
        from sticktionary.models import Embedding

        fill(n)
        players = [cookie for _, cookie in make_players(3)]
        whole, _inside = asyncio.run(measure(running, players[0], "en", keys))
        print(f"keystrokes before: {quantiles(whole[20:])}", flush=True)
        from sticktionary.domain.lab.embedding import NICENESS

        for cookie, niceness in zip(players[1:], (NICENESS, 0), strict=True):
            while_embedding(running, cookie, niceness, keys)
            Embedding.objects.filter(sticker__pack__slug="many").delete()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["towers", "game"])
    parser.add_argument("--vit", type=Path, help="a bundle of ViT-B-32")
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--keys", type=int, default=300)
    options = parser.parse_args()
    if options.what == "towers":
        towers([STARTER, *([options.vit] if options.vit else [])], options.pictures)
    else:
        beside_the_game(options.files, options.keys)


if __name__ == "__main__":
    main()

"""Pictures a second in training, beside open_clip's own trainer: python -m benchmarks clip_training [--device cuda]

The same model, pictures, texts, batch and device, in turns in one run. Ours decodes every picture once, before the
first step, then maps the frames. open_clip's loop (`open_clip_train.train.train_one_epoch`) is fed as its CSV reader
does, by as many worker processes as there are cores. Both do a first pass that is not counted. Ours is timed with the
whole batch at once and in parts by gradient caching.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import open_clip
import torch
from open_clip_train.train import train_one_epoch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from retrieval_engine.encoder import Clip
from retrieval_engine.frames import key_frames
from retrieval_engine.stickerclip.batches import Batches
from retrieval_engine.stickerclip.encoding import Towers
from retrieval_engine.stickerclip.learner import ClipLearner
from retrieval_engine.stickerclip.pictures import Frames, decode
from retrieval_engine.stickerclip.recipe import ClipSettings
from retrieval_engine.training.devices import choose, describe, precision
from retrieval_engine.training.loop import Plan, fit
from retrieval_engine.training.release import Query, Sticker
from retrieval_engine.training.run import Reporter, read_events
from retrieval_engine.untrained import small_clip

STICKERS: Final = Path(__file__).parent.parent / "starter_pack" / "pack" / "stickers"
SMALL: Final[dict[str, Any]] = {
    "embed_dim": 256,
    "vision_cfg": {"layers": 6, "width": 384, "head_width": 64, "patch_size": 32, "image_size": 224},
    "text_cfg": {"context_length": 32, "vocab_size": 2_000, "width": 256, "heads": 4, "layers": 4},
}
LARGE: Final[dict[str, Any]] = open_clip.get_model_config("ViT-B-32") | {"text_cfg": {
    "context_length": 77, "vocab_size": 2_000, "width": 512, "heads": 8, "layers": 12,
}}  # fmt: skip
PEAK: Final = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
"""Operations a second in bf16, as their maker states them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clip_training", description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--pictures", type=int, default=512, help="in a pass (%(default)s)")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="ViT-B/32 instead of a smaller one")
    args = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        _compare(args, Path(folder))
    return 0


def _compare(args: argparse.Namespace, folder: Path) -> None:
    device = choose(args.device)
    dtype = precision(device)
    stickers = _stickers(folder / "pictures", args.pictures)
    architecture = LARGE if args.large else SMALL
    ours = {name: _Ours(stickers, architecture, device, args.batch, part, folder / name) for name, part in (
        ("whole batch", args.batch), ("in four parts", args.batch // 4),
    )}  # fmt: skip
    theirs = _Theirs(stickers, architecture, device, args.batch)
    ways: dict[str, Callable[[], float]] = {
        "open_clip": theirs.a_pass,
        **{name: of.a_pass for name, of in ours.items()},
    }
    for a_pass in ways.values():
        a_pass()
    rates = {name: list[float]() for name in ways}
    for _ in range(args.turns):
        for name, a_pass in ways.items():
            rates[name].append(a_pass())
    print(f"{describe(device, dtype)}, {torch.get_num_threads()} threads, batches of {args.batch} of {args.pictures}")
    flops, base = _operations(ours["whole batch"]), statistics.median(rates["open_clip"])
    for name, measured in rates.items():
        rate = statistics.median(measured)
        waited = f", {ours[name].waited:.1%} of it waiting for input" if name in ours else ""
        share = _share_of_peak(device, rate * flops)
        spread = f"({min(measured):.1f} to {max(measured):.1f})"
        print(f"  {name:14} {rate:7.1f} a second {spread}, {rate / base:.2f} x{waited}{share}")
    print(f"  decoding, once: {ours['whole batch'].decoded_per_s:.0f} a second")


def _share_of_peak(device: torch.device, operations: float) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    peak = next((peak for known, peak in PEAK.items() if known in name), None)
    return (
        f", {operations / peak:.1%} of the device's peak" if peak else f", {operations / 1e9:.0f} billion operations/s"
    )


def _stickers(folder: Path, n: int) -> list[Sticker]:
    """Stills of the starter pack, 224 px, as PNG files; the same again under other names when there are too few."""
    folder.mkdir(parents=True)
    files = sorted(STICKERS.iterdir())
    made = []
    for number in range(n):
        file = files[number % len(files)]
        path = folder / f"{number}.png"
        key_frames(file)[0].resize((224, 224)).save(path)
        text = f"{file.stem.replace('_', ' ')} {number}"
        made.append(Sticker(str(number), path, "train", str(number), (Query(number, text, "en", 1.0, "", 0),)))
    return made


def _clip(stickers: Sequence[Sticker], architecture: dict[str, Any], device: torch.device) -> Clip:
    clip = small_clip("bench", architecture, [sticker.queries[0].text for sticker in stickers])
    clip.model.to(device)
    return clip


class _Ours:
    def __init__(
        self,
        stickers: list[Sticker],
        architecture: dict[str, Any],
        device: torch.device,
        batch: int,
        part: int,
        folder: Path,
    ) -> None:
        folder.mkdir()
        self._folder, self._part = folder, part
        self._settings = ClipSettings(steps=10**6, batch=batch, part=part, from_fields=0.0)
        self.towers = Towers(_clip(stickers, architecture, device), precision(device))
        began = time.perf_counter()
        decode([sticker.picture for sticker in stickers], self.towers.clip.image.size, folder / "frames")
        self.decoded_per_s = len(stickers) / (time.perf_counter() - began)
        frames = Frames.open(folder / "frames", self.towers.clip.image.size)
        self._n = len(stickers)
        self.batches = Batches(stickers, self._settings, 0)
        self.learner = ClipLearner(self.towers, self.batches, frames, range(len(stickers)), self._settings)
        self._n_passes = 0
        self.waited = 0.0

    def a_pass(self) -> float:
        """Pictures a second over one pass through all pictures, by the loop that runs train with."""
        self._n_passes += 1
        name = f"pass-{self._n_passes}"
        steps = self._n // self.batches.size
        plan = Plan(n_steps=steps, batch=self.batches.size, part=self._part, learning_rate=2e-5, save_every=10**9)
        (self._folder / name).mkdir()
        began = time.perf_counter()
        with Reporter(self._folder / name) as report:
            fit(_Unsaved(self.learner), plan, report)
            if self.towers.device.type == "cuda":
                torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        waited = [event.values["waited"] for _, event in read_events(self._folder / name) if event.kind == "step"]
        self.waited = statistics.mean(waited)
        return steps * self.batches.size / seconds


class _Unsaved:
    """A learner whose weights are not written to disk: open_clip's loop does not write its own either."""

    def __init__(self, learner: ClipLearner) -> None:
        self._learner = learner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)

    def learned(self) -> dict[str, torch.Tensor]:
        return {}


class _Pairs(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """A picture and its text, read when they are asked for."""

    def __init__(self, stickers: list[Sticker], preprocess: Callable[..., torch.Tensor], tokenise: Any) -> None:
        self._stickers, self._preprocess, self._tokenise = stickers, preprocess, tokenise

    def __len__(self) -> int:
        return len(self._stickers)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        sticker = self._stickers[at]
        return self._preprocess(Image.open(sticker.picture)), self._tokenise([sticker.queries[0].text])[0]


class _Theirs:
    def __init__(self, stickers: list[Sticker], architecture: dict[str, Any], device: torch.device, batch: int) -> None:
        clip = _clip(stickers, architecture, device)
        self._model: Any = clip.model
        self._model.output_dict = True
        self._args = SimpleNamespace(
            batch_size=batch, device=str(device), accum_freq=1, distill=False, skip_scheduler=True, horovod=False,
            precision="amp_bf16" if precision(device) == torch.bfloat16 else "fp32", grad_clip_norm=1.0,
            rank=0, local_rank=0, world_size=1, log_every_n_steps=10**9, wandb=False,
        )  # fmt: skip
        preprocess = open_clip.image_transform(clip.image.size, is_train=True, mean=clip.image.mean, std=clip.image.std)
        loader: Any = DataLoader(
            _Pairs(stickers, preprocess, clip.tokenise), batch, shuffle=True, num_workers=os.cpu_count() or 1,
            pin_memory=device.type == "cuda", drop_last=True,
        )  # fmt: skip
        loader.num_samples, loader.num_batches = len(stickers), len(loader)
        self._data = {"train": SimpleNamespace(dataloader=loader, set_epoch=lambda epoch: None)}
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=2e-5, weight_decay=1e-2)

    def a_pass(self) -> float:
        began = time.perf_counter()
        train_one_epoch(self._model, self._data, open_clip.ClipLoss(), 0, self._optimizer, None, None, None, self._args)
        if self._args.device.startswith("cuda"):
            torch.cuda.synchronize()
        n = self._data["train"].dataloader.num_batches * self._args.batch_size
        return n / (time.perf_counter() - began)


def _operations(ours: _Ours) -> float:
    """Floating point operations of training on one picture and its text, forward and back, counted once."""
    counter = FlopCounterMode(display=False)
    with counter:
        ours.learner.learn(0, ours.batches.size)
    return counter.get_total_flops() / ours.batches.size


if __name__ == "__main__":
    raise SystemExit(main())

"""How fast each recipe of conversations learns at its real size: python -m benchmarks.dialogue_sizes [--real]

Towers of the shapes of the default models (Chinese CLIP ViT-B/16, XLM-RoBERTa base, Qwen3 0.6B) with random weights, so
that nothing is downloaded, on made-up conversations: what a step takes and how much memory, and nothing of what is
learned. Without CUDA the same command takes the tiny configuration and says so; with --real it does not.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from retrieval_engine.dialogue import worlds
from retrieval_engine.dialogue.bases.pretrained import Channels, PretrainedEncoder, PretrainedJoint
from retrieval_engine.dialogue.bases.towers import Encoder, Joint, Spec, build, build_encoder, build_language_model
from retrieval_engine.dialogue.data.gallery import Gallery
from retrieval_engine.dialogue.models.emotions import EmotionTeacher, anchors_of
from retrieval_engine.dialogue.models.igsr import Igsr
from retrieval_engine.dialogue.models.int_ra import IntRa
from retrieval_engine.dialogue.models.learning import DialogueLearner, DialogueModel
from retrieval_engine.dialogue.models.mmbert import Mmbert
from retrieval_engine.dialogue.models.pbr import Pbr
from retrieval_engine.dialogue.models.phsm import feeling
from retrieval_engine.dialogue.models.srs import Srs
from retrieval_engine.dialogue.models.stickerllm import StickerLlm
from retrieval_engine.dialogue.settings import (
    IgsrSettings,
    IntRaSettings,
    MmbertSettings,
    PbrSettings,
    SrsSettings,
    StickerLlmSettings,
    Training,
)
from retrieval_engine.dialogue.telling.providers import Provided
from retrieval_engine.dialogue.worlds import World
from retrieval_engine.stickerclip.pictures import Frames
from retrieval_engine.training.devices import choose, describe, forget_freed, peak_memory
from retrieval_engine.training.loop import Plan, fit
from retrieval_engine.training.run import Reporter

WARM_UP: Final = 2
"""Steps that are not counted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialogue_sizes", description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"of {', '.join(RECIPES)}; else all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=0, help="conversations of a step; else the recipe's own")
    parser.add_argument("--real", action="store_true", help="the real size without CUDA, too")
    args = parser.parse_args(argv)
    if unknown := set(args.recipes) - set(RECIPES):
        parser.error(f"no recipe {', '.join(sorted(unknown))}; there are {', '.join(RECIPES)}")
    logging.disable(logging.WARNING)
    device = choose(args.device)
    is_real = args.real or device.type == "cuda"
    towers: _Towers = _Real(device) if is_real else _Tiny(device)
    shape = "the real size, random weights" if is_real else "no CUDA here: the tiny configuration"
    print(f"{describe(device, torch.float32)}; {shape}\n")
    print("| recipe | weights | trained | batch | at once | samples/s | peak memory, GB |\n|" + " --- |" * 7)
    for name in args.recipes or RECIPES:
        print(_measured(name, towers, device, args.steps, args.batch), flush=True)
        forget_freed(device)
    return 0


def _measured(name: str, towers: _Towers, device: torch.device, n_steps: int, batch: int) -> str:
    """A row of the table. On the processor the memory is the most that the process has held so far."""
    recipe = RECIPES[name]
    told = recipe.settings(**({"batch": batch} if batch else {}) | ({} if towers.is_real else {"length": 48}))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    model = recipe.make(towers, told).to(device)
    learner = _Timed(model, model.gallery.conversations.of("train"), told)
    plan = Plan(n_steps + WARM_UP, learner.batch, told.part, 1e-5, save_every=1_000_000)
    with tempfile.TemporaryDirectory() as folder, Reporter(Path(folder)) as report:
        part = fit(learner, plan, report).part
    n_all, n_trained = (sum(p.numel() for p in ps) for ps in (model.parameters(), learner.trained()))
    speed, memory = learner.batch * n_steps / learner.seconds, peak_memory(device) / 1e9
    cells = [name, f"{n_all / 1e6:,.1f} M", f"{n_trained / 1e6:,.1f} M", learner.batch, part, f"{speed:,.1f}"]
    return f"| {' | '.join(map(str, cells))} | {memory:.1f} |"


class _Timed(DialogueLearner):
    """Counts the seconds of its steps after the first few; whoever saves it is given nothing."""

    seconds, _began = 0.0, 0.0

    def learn(self, step: int, part: int) -> dict[str, float]:
        if step >= WARM_UP:
            self._began = self._now()
        return super().learn(step, part)

    def moved(self) -> None:
        super().moved()
        if self._began:
            self.seconds += self._now() - self._began

    def learned(self) -> dict[str, torch.Tensor]:
        return {}

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


# --- towers ---


class _Tiny:
    """What every test uses."""

    is_real = False

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.world: World = worlds.replies(n_train=64, n_test=2)

    @property
    def gallery(self) -> Gallery:
        return self.world.gallery

    def joint(self) -> Joint:
        return build(Spec("tiny"), self.world.texts).to(self.device)

    def encoder(self) -> Encoder:
        return build_encoder(Spec("tiny"), self.world.texts).to(self.device)

    def language(self) -> tuple[Any, Any]:
        model, tokenizer = build_language_model(Spec("tiny"), self.world.texts)
        return model.to(self.device), tokenizer


class _Real(_Tiny):
    """Of the default models' shapes, with random weights, pictures of noise and a tokenizer of the world's words."""

    is_real = True

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        held = self.world.gallery
        rng, n = np.random.default_rng(0), len(held)
        pixels = rng.integers(0, 256, (n, 224, 224, 3), dtype=np.uint8)
        self._gallery = Gallery(held.conversations, Frames(pixels, np.arange(n), np.ones(n, dtype=np.int64), {}))

    @property
    def gallery(self) -> Gallery:
        return self._gallery

    def joint(self) -> Joint:
        import transformers

        config = transformers.ChineseCLIPConfig(
            text_config={"vocab_size": 21_128, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12},
            vision_config={"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "patch_size": 16},
            projection_dim=512,
        )
        half = Channels((0.5,) * 3, (0.25,) * 3)
        return PretrainedJoint(transformers.ChineseCLIPModel(config), self._tokenizer(), half).to(self.device)

    def encoder(self) -> Encoder:
        import transformers

        config = transformers.XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514)
        return PretrainedEncoder(transformers.XLMRobertaModel(config), self._tokenizer()).to(self.device)

    def language(self) -> tuple[Any, Any]:
        import transformers

        config = transformers.Qwen3Config(
            vocab_size=151_936, hidden_size=1_024, intermediate_size=3_072, num_hidden_layers=28,
            num_attention_heads=16, num_key_value_heads=8, head_dim=128, tie_word_embeddings=True,
        )  # fmt: skip
        return transformers.Qwen3ForCausalLM(config).eval().to(self.device), self._tokenizer()

    def _tokenizer(self) -> Any:
        from transformers import PreTrainedTokenizerFast

        words = dict.fromkeys(word for text in self.world.texts for word in text.split())
        ids = {word: at for at, word in enumerate(("[PAD]", "[UNK]", "[SEP]", *words))}
        tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))  # noqa: S106  # of no password
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "sep_token": "[SEP]", "eos_token": "[SEP]"}
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


_Towers = _Tiny


# --- recipes ---


class _Recipe(NamedTuple):
    settings: Callable[..., Training]
    make: Callable[[_Towers, Any], DialogueModel]


def _pbr(towers: _Towers, settings: PbrSettings) -> DialogueModel:
    """With all of its losses. The anchors are of a teacher that knows nothing, which costs as much."""
    gallery = towers.gallery
    known = range(0, len(gallery), 4)
    anchors = anchors_of(EmotionTeacher(gallery, towers.joint()), known, settings.anchors, settings.teacher_temperature)
    return Pbr(gallery, towers.joint(), settings, anchors, feeling(lambda texts, language: [], settings.n_turns))


RECIPES: Final = {
    "int_ra": _Recipe(
        IntRaSettings,
        lambda towers, settings: IntRa(towers.gallery, towers.joint(), settings, Provided("knowledge")),
    ),
    "igsr": _Recipe(
        IgsrSettings, lambda towers, settings: Igsr(towers.gallery, towers.joint(), settings, Provided("summary"))
    ),
    "pbr": _Recipe(PbrSettings, _pbr),
    "stickerllm": _Recipe(
        StickerLlmSettings,
        lambda towers, settings: StickerLlm(towers.gallery, towers.joint(), towers.language(), settings),
    ),
    "srs": _Recipe(SrsSettings, lambda towers, settings: Srs(towers.gallery, towers.joint(), settings)),
    "mmbert": _Recipe(
        MmbertSettings,
        lambda towers, settings: Mmbert(towers.gallery, towers.encoder(), towers.joint(), settings),
    ),
}


if __name__ == "__main__":
    raise SystemExit(main())

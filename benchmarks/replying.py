"""Conversations answered with the starter pack's stickers on ONNX Runtime, without torch, on one machine.

`python -m benchmarks.replying [--questions 200] [--sizes tiny base] [--threads 1 2] [--show]`

"tiny" is the tower that is made without weights, "base" one of Chinese CLIP's shape (ViT-B/16 and RoBERTa-base) with
random weights, which cost what trained ones cost; both as Int-RA's conversation side with 128 tokens. A conversation is
six turns of queries of the pack. "base" is given random vectors for the stickers unless --show has its picture tower
look at all of them, which takes minutes and changes nothing of what a question costs.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._game import ROOT, quantiles
from benchmarks.encoding import phrases
from retrieval_engine.dialogue.data.conversations import Conversations, Sticker, Turn, Use
from retrieval_engine.dialogue.inference.onnx_replier import GRAPH_INT8, ConversationSide, OnnxReplier, WordsReplier
from retrieval_engine.dialogue.inference.replying import Replier, question

PACK = ROOT / "starter_pack" / "pack"
INTENTS = ("comfort", "greet", "joke", "thank", "worry")
N_TURNS, LENGTH, BATCH, K = 6, 128, 32, 20


def conversations(n: int) -> list[Use]:
    dice, said = random.Random(0), phrases()
    return [
        question(
            [Turn(f"User_{i % 2 + 1}", dice.choice(said)) for i in range(N_TURNS)], language="en", speaker="User_1"
        )
        for _ in range(n)
    ]


def export(size: str, folder: Path) -> Any:
    """Int-RA of that size in `folder`; the model."""
    import torch

    from retrieval_engine.dialogue.data.gallery import Gallery
    from retrieval_engine.dialogue.inference.exporting import export_conversation_side
    from retrieval_engine.dialogue.models.int_ra import IntRa
    from retrieval_engine.dialogue.settings import IntRaSettings
    from retrieval_engine.dialogue.telling.providers import Provided
    from retrieval_engine.stickerclip.pictures import Frames

    torch.manual_seed(0)
    joint = tiny() if size == "tiny" else base(folder)
    nothing = np.zeros(0, dtype=np.int64)
    empty = Frames(np.zeros((0, joint.size, joint.size, 3), dtype=np.uint8), nothing, nothing, {})
    gallery = Gallery(Conversations((), (), intents=INTENTS), empty)
    model = IntRa(gallery, joint, IntRaSettings(length=LENGTH), Provided("knowledge")).eval()
    began, used = time.perf_counter(), time.process_time()
    export_conversation_side(model, folder)
    print(f"{size}: exported in {time.perf_counter() - began:.0f} s, processor {time.process_time() - used:.0f} s")
    return model


def tiny() -> Any:
    from retrieval_engine.dialogue.bases.towers import Spec, build

    return build(Spec("tiny"), phrases())


def base(folder: Path) -> Any:
    """Its vocabulary is learned here: as many words as Chinese CLIP has, most of which nobody says."""
    from transformers import BertTokenizerFast, ChineseCLIPConfig, ChineseCLIPImageProcessor, ChineseCLIPModel

    from retrieval_engine.dialogue.bases.pretrained import PretrainedJoint

    characters = sorted({character for text in phrases() for character in text.lower() if not character.isspace()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{character}" for character in characters)]
    config = ChineseCLIPConfig(projection_dim=512)
    config.text_config.vocab_size = max(21_128, len(words))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    return PretrainedJoint(ChineseCLIPModel(config).eval(), tokenizer, ChineseCLIPImageProcessor())


def vectors_of(model: Any, size: str, pictures: Sequence[Path], *, show: bool) -> tuple[Any, Any]:
    from retrieval_engine.dialogue.inference.lines import StickerLine
    from retrieval_engine.dialogue.inference.showing import show_lines

    if size == "base" and not show:
        vectors = np.random.default_rng(0).standard_normal((len(pictures), model.joint.width)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), None
    used = time.process_time()
    lines = list(show_lines(model, (StickerLine(at, str(path)) for at, path in enumerate(pictures))))
    each = 1_000 * (time.process_time() - used) / len(lines)
    print(f"{size}: {len(lines)} stickers shown, processor {each:.0f} ms each")
    return np.stack([line.numbers for line in lines]), np.array([line.heat for line in lines])


def told(name: str, replier: Replier, asked: Sequence[Use]) -> None:
    timed(f"{name}, single", [lambda use=use: replier.answer([use], K) for use in asked], 1)  # type: ignore[misc]
    batches = [asked[start : start + BATCH] for start in range(0, len(asked) - BATCH + 1, BATCH)]
    timed(f"{name}, of {BATCH} each", [lambda some=some: replier.answer(some, K) for some in batches], BATCH)  # type: ignore[misc]


def timed(name: str, calls: Sequence[Callable[[], Any]], n: int) -> None:
    """The first tenth warms up."""
    clock, processor = list[float](), list[float]()
    for call in calls:
        began, used = time.perf_counter(), time.process_time()
        call()
        clock.append((time.perf_counter() - began) / n)
        processor.append((time.process_time() - used) / n)
    warm = max(1, len(calls) // 10)
    print(f"{name:44} {quantiles(clock[warm:])}; processor {quantiles(processor[warm:])}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--sizes", nargs="*", choices=["tiny", "base"], default=["tiny", "base"])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of ONNX Runtime, for one call")
    parser.add_argument("--show", action="store_true", help="have the large picture tower look at all stickers, too")
    options = parser.parse_args()
    asked, pictures = conversations(options.questions), sorted(PACK.glob("*/*.webp")) or sorted(PACK.glob("*.webp"))
    ids = range(len(pictures))
    print(f"{len(asked)} conversations, {len(pictures)} stickers; times are of one question")
    documents = [Sticker(str(at), str(at), "", queries=tuple(phrases()[at :: len(pictures)])) for at in ids]
    told("words alone (BM25)", WordsReplier(ids, documents), asked)
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as place:
            model = export(size, Path(place))
            vectors, heat = vectors_of(model, size, pictures, show=options.show)
            del model
            precisions = ["float32", *(["int8"] if (Path(place) / GRAPH_INT8).exists() else [])]
            for precision in precisions:
                for threads in options.threads:
                    side = ConversationSide.open(place, threads=threads, precision=precision)  # type: ignore[arg-type]
                    n_tokens = np.mean([len(side._read(use, Conversations((), ())).ids) for use in asked])
                    name = f"{size} {precision}, {threads} threads, {n_tokens:.0f} tokens"
                    told(name, OnnxReplier(side, ids, vectors, heat), asked)


if __name__ == "__main__":
    main()

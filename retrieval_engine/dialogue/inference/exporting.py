"""Write the conversation's side of a model to ONNX, compared with torch before anybody is answered by it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from msgspec.structs import replace
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...bundle import LEAST_COSINE_INT8, TOKENIZER, Precision
from ...graphs import ExportError, to_onnx
from ...probes import probe_queries
from ...quantising import LARGE, quantise
from ..bases.towers import Joint, Tokens
from ..data.conversations import Session, Turn, Use
from ..models.clip import ContextClip
from ..models.igsr import Igsr
from ..models.int_ra import IntRa
from ..models.learning import DialogueModel
from ..models.pbr import Pbr
from .onnx_replier import GRAPH, GRAPH_INT8, HEADS, SPEC, ConversationSide, Spec

LEAST_COSINE: Final = 0.9999
"""Of the conversations' vectors with torch's, in float32."""
MOST_APART: Final = 1e-3
"""Of the intents' probabilities with torch's, in float32."""
N_COMPARED: Final = 200
"""Conversations of the release that are compared, and fewer that are made up, for what a small release lacks."""
AT_ONCE: Final = 16
OUTPUTS: Final = ("vector", "intents")
TwoSided = ContextClip | IntRa | Igsr | Pbr
RECIPES: Final = {ContextClip: "clip", IntRa: "int_ra", Igsr: "igsr", Pbr: "pbr"}


def has_sides(model: DialogueModel) -> bool:
    """Whether conversations and stickers meet in a product of vectors alone, at least in a first stage."""
    return isinstance(model, TwoSided)


def export_conversation_side(model: DialogueModel, folder: Path | str, *, int8: bool | None = None) -> None:
    """Write conversation.onnx, tokenizer.json and serving.json into `folder`, beside what is there.

    Vectors of the release's own conversations must have a cosine of at least 0.9999 with torch's, and the intents'
    probabilities must be within 0.001; else `ExportError`, and `folder` stays as it was. A large graph (`int8` says so
    of any) comes with one of 8 bit weights beside it, which is taken when its cosines are at least 0.998. Raises
    `Refused` where the tokenizer cannot do without torch, `ExportError` for a model without sides.
    """
    if not isinstance(model, TwoSided):
        raise ExportError(f"{type(model).__name__} reads conversation and sticker together: it has no side to export")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary, _at_rest(model):
        built = Path(temporary)
        reading = model.joint.reading()
        reading.tokenizer.save(str(built / TOKENIZER))
        _write_graphs(model, built)
        if int8 or (int8 is None and sum(file.stat().st_size for file in built.glob(f"{GRAPH}*")) >= LARGE):
            quantise(built / GRAPH, built / GRAPH_INT8)
        _settle(model, _spec(model), built)
        for file in built.iterdir():
            os.replace(file, folder / file.name)


def heard(model: TwoSided, uses: Sequence[Use]) -> tuple[Tensor, Tensor | None]:
    """What torch makes of conversations: vectors [n, d] of length 1, and logits of intents [n, intents] if any."""
    if isinstance(model, IntRa | Igsr):
        logits, wanted = model.intended(uses)
        return wanted, logits if model.intents else None
    return model.heard(uses), None


def _spec(model: TwoSided) -> Spec:
    settings, joint, reading = model.settings, model.joint, model.joint.reading()
    spec = Spec(
        recipe=RECIPES[type(model)],
        n_turns=settings.n_turns,
        length=min(settings.length, reading.most),
        separator=joint.separator,
        cleaning=reading.cleaning,
        pad_id=reading.pad_id,
        dim=joint.width,
        languages=tuple(sorted({use.language for use in model.gallery.conversations.of("train")})),
        first_stage=isinstance(model, Pbr),
    )
    if isinstance(model, IntRa):
        return replace(spec, intents=tuple(model.intents), knowledge=model.settings.knowledge)
    if isinstance(model, Igsr):
        return replace(
            spec, intents=tuple(model.intents), memory=model.settings.memory, n_memories=model.settings.n_memories,
            memory_length=min(model.settings.memory_length, reading.most), seed=model.memory.seed,
        )  # fmt: skip
    return spec


# --- the graph ---


class _Vectors(nn.Module):
    """Token ids and mask to the text's vector, of length 1."""

    def __init__(self, joint: Joint) -> None:
        super().__init__()
        self.joint = joint

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (F.normalize(self.joint.read(Tokens(ids, mask)).vector, dim=-1),)


class _Intention(nn.Module):
    """Int-RA's: what is looked for, and what is intended."""

    def __init__(self, model: IntRa) -> None:
        super().__init__()
        self.joint, self.intention = model.joint, model.intention

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        logits, wanted = self.intention(self.joint.read(Tokens(ids, mask)).vector)
        return F.normalize(wanted, dim=-1), logits


class _Heads(nn.Module):
    """IGSR's: vectors of what is remembered and of the conversation to what is looked for, and what is intended."""

    def __init__(self, model: Igsr) -> None:
        super().__init__()
        self.model = model

    def forward(self, recalled: Tensor, context: Tensor) -> tuple[Tensor, ...]:
        logits, wanted = self.model.combine(recalled, context)
        return wanted, logits


def _write_graphs(model: TwoSided, folder: Path) -> None:
    n = torch.export.Dim("n", min=1, max=4096)
    length = torch.export.Dim("length", min=1, max=model.joint.reading().most)
    tokens = model.joint.tokenise(["a b c", "d"], 8)
    side = _Intention(model) if isinstance(model, IntRa) else _Vectors(model.joint)
    with torch.no_grad():
        outputs = OUTPUTS[: len(side(*tokens))]
        to_onnx(side, tokens._asdict(), [{0: n, 1: length}] * 2, outputs, folder / GRAPH)
        if isinstance(model, Igsr):
            some = torch.ones(2, model.joint.width)
            examples = {"recalled": some, "context": some.clone()}
            to_onnx(_Heads(model), examples, [{0: n}] * 2, OUTPUTS, folder / HEADS)


@contextmanager
def _at_rest(model: DialogueModel) -> Iterator[None]:
    """On the processor, in evaluation, every layer computed as it is written: torch has a shortcut through layers of
    attention that has no name in ONNX."""
    device, was_training = next(model.parameters()).device, model.training
    was_short = torch.backends.mha.get_fastpath_enabled()
    model.eval().cpu()
    model.in_parts(0)
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was_short)
        model.to(device).train(was_training)


# --- comparing ---


def _settle(model: TwoSided, draft: Spec, folder: Path) -> None:
    """Compare, and write the spec with what came of it."""
    uses = _compared(model)
    (folder / SPEC).write_bytes(msgspec.json.encode(draft))
    cosine, apart = _closeness(model, _open(model, folder, "float32"), uses)
    if not (cosine >= LEAST_COSINE and apart <= MOST_APART):
        raise ExportError(
            f"conversations have other vectors than torch's: cosine {cosine:.6f} at least, intents {apart:.6f} apart"
        )
    precision: Precision = "float32"
    if (folder / GRAPH_INT8).exists():
        if _closeness(model, _open(model, folder, "int8"), uses)[0] >= LEAST_COSINE_INT8:
            precision = "int8"
        else:
            (folder / GRAPH_INT8).unlink()
    touchstone = tuple(round(float(number), 5) for number in _open(model, folder, "float32").touchstone)
    settled = replace(draft, precision=precision, touchstone=touchstone)
    (folder / SPEC).write_bytes(msgspec.json.format(msgspec.json.encode(settled), indent=1) + b"\n")


def _open(model: TwoSided, folder: Path, precision: Precision) -> ConversationSide:
    """With the providers that the model itself asks."""
    told = model.knowledge if isinstance(model, IntRa) else None
    summaries = model.memory.summaries if isinstance(model, Igsr) else None
    return ConversationSide.open(folder, precision=precision, told=told, summaries=summaries)


def _closeness(model: TwoSided, side: ConversationSide, uses: Sequence[Use]) -> tuple[float, float]:
    """The least cosine with torch's vectors, and how far a probability of an intent is from torch's at most."""
    vectors, shares = _of_torch(model, uses)
    found = side.heard(uses, model.gallery.conversations)
    cosine = float((np.stack([one.vector for one in found]) * vectors).sum(-1).min())
    if shares is None:
        return cosine, 0.0
    told = np.array([[dict(one.intents)[name] for name in side.spec.intents] for one in found])
    return cosine, float(np.abs(told - shares).max())


@torch.inference_mode()
def _of_torch(model: TwoSided, uses: Sequence[Use]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    found = [heard(model, uses[start : start + AT_ONCE]) for start in range(0, len(uses), AT_ONCE)]
    vectors = torch.cat([vectors for vectors, _ in found]).numpy()
    logits = [logits for _, logits in found if logits is not None]
    return vectors, torch.cat(logits).softmax(-1).numpy() if logits else None


def _compared(model: TwoSided) -> list[Use]:
    """Conversations of the release, those that come last in its parts among them, and some that are made up."""
    uses = model.gallery.conversations.uses
    own = list(uses)[:: max(1, len(uses) // N_COMPARED)][:N_COMPARED]
    said = probe_queries(N_COMPARED // 4)
    pairs = [*zip(said, reversed(said), strict=True), (" ".join(said), said[0])]
    return [*own, *(_made_up(f"probe_{number}", *pair) for number, pair in enumerate(pairs))]


def _made_up(id: str, first: str, second: str) -> Use:
    turns = (Turn("User_2", first), Turn("User_1", second))
    earlier = Session("ses_1", "", 1, (), second), Session("ses_2", "", 2, turns)
    return Use(id, "", "", "en", "test", "User_1", turns, "", earlier=earlier)

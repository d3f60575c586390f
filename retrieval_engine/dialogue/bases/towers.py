"""What every model here stands on: a picture tower and a text tower with one space, a text encoder, a language model.

They come from one factory in three modes: by the name of a model on the hub, by the path of a folder, or tiny, made
here from a configuration with random weights. No model's module loads anything by itself.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ...bundle import Cleaning
from ...training.bases import TINY
from ...training.devices import autocast
from ...training.run import Refused

MAX_LOG_SCALE: Final = 4.6052
"""ln 100: a temperature below 1/100 only amplifies noise. (Radford et al. 2021)"""
Mode = Literal["hub", "path", "tiny"]
Fields = TypeVar("Fields", bound="tuple[Tensor, ...]")


class Tokens(NamedTuple):
    """Texts as a tower reads them: `ids` int64 [n, L], and `mask` bool [n, L], true where there is a token."""

    ids: Tensor
    mask: Tensor


class Reading(NamedTuple):
    """How texts become tokens without torch: what is done to a text first (`serving.CLEANINGS`), the tokenizer, the
    id that pads, and the most tokens there can be."""

    cleaning: Cleaning
    tokenizer: Tokenizer
    pad_id: int
    most: int


class Seen(NamedTuple):
    """Pictures: `pooled` [n, Dv] before projection, `vector` [n, d] in the shared space, not yet of length 1, and
    `tokens` [n, P, Dv], a place of the picture each."""

    pooled: Tensor
    vector: Tensor
    tokens: Tensor


class Read(NamedTuple):
    """Texts: `pooled` [n, Dt] before projection, `vector` [n, d] in the shared space, `tokens` [n, L, Dt]."""

    pooled: Tensor
    vector: Tensor
    tokens: Tensor


@dataclass(frozen=True, slots=True)
class Spec:
    """What to build. A checkpoint keeps it, so that a model made in one mode is not taken for another."""

    mode: Mode
    name: str = ""
    freeze_image: bool = False
    freeze_text: bool = False
    seed: int = 0

    @classmethod
    def of(cls, base: str, **freeze: bool) -> Spec:
        """By a run's base: "tiny", the path of a folder, or a name on the hub."""
        mode: Mode = "tiny" if base == TINY else "path" if Path(base).is_dir() else "hub"
        return cls(mode, base, **freeze)


class Joint(nn.Module, ABC):
    """Both towers. `part` is the most pictures or texts that go through at once while training; more are taken in
    parts that are computed again on the way back, for the same gradient and less memory. They compute in `dtype`; what
    comes out of them is float32, so that neither a loss nor an order of stickers hangs on eight bits."""

    width: int
    image_width: int
    text_width: int
    size: int
    separator: str
    is_pretrained = True
    """Whether its weights know something already, and are to be moved with care."""

    def __init__(self) -> None:
        super().__init__()
        self.part, self.dtype = 0, torch.float32
        self._frozen = list[nn.Module]()

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    @abstractmethod
    def scale(self) -> nn.Parameter:
        """The logarithm of 1 / temperature, a scalar."""

    @abstractmethod
    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        """`texts` cut to their last `length` tokens: of a conversation the end counts most."""

    @abstractmethod
    def reading(self) -> Reading:
        """How `tokenise` does it. Raises `Refused` where it cannot be had without torch."""

    @abstractmethod
    def write_shape(self, folder: Path) -> None:
        """Write what `rebuilt` makes it from anew, without its weights, into `folder`, which is there."""

    @abstractmethod
    def halves(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """The picture tower and its projection, if it has one; and the text tower and its own."""

    @abstractmethod
    def _see(self, frames: Tensor) -> Seen: ...

    @abstractmethod
    def _read(self, ids: Tensor, mask: Tensor) -> Read: ...

    def see(self, frames: Tensor) -> Seen:
        """Frames uint8 [n, size, size, 3]."""
        with autocast(self.device, self.dtype):
            found = in_parts(self._see, self.part, frames.to(self.device))
        return Seen(*(field.float() for field in found))

    def read(self, tokens: Tokens) -> Read:
        """Tokens as `tokenise` gives them."""
        with autocast(self.device, self.dtype):
            found = in_parts(self._read, self.part, tokens.ids.to(self.device), tokens.mask.to(self.device))
        return Read(*(field.float() for field in found))

    def vectors_of(self, texts: Sequence[str], length: int) -> Tensor:
        """[n, d], of length 1."""
        return F.normalize(self.read(self.tokenise(texts, length)).vector, dim=-1)

    def freeze(self, *, image: bool, text: bool) -> None:
        """Keep a tower as it is, to the bit; it stays in evaluation mode whatever the rest does."""
        pictures, texts = self.halves()
        self._frozen = [*(pictures if image else ()), *(texts if text else ())]
        for module in self._frozen:
            module.requires_grad_(False).eval()
        if image and text:
            self.scale.requires_grad_(False)

    def leave_out(self, *, image_projection: bool = False, text_projection: bool = False, scale: bool = False) -> None:
        """What a model makes no use of is not trained, either."""
        for (_tower, *projections), is_left_out in zip(self.halves(), (image_projection, text_projection), strict=True):
            for module in projections if is_left_out else ():
                module.requires_grad_(False)
        if scale:
            self.scale.requires_grad_(False)

    def train(self, mode: bool = True) -> Joint:
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self


class Encoder(nn.Module, ABC):
    """A bidirectional text encoder that can be fed embeddings of other things than words."""

    width: int
    is_pretrained = True
    """As of `Joint`."""

    @abstractmethod
    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        """`texts` cut to their last `length` tokens."""

    @property
    @abstractmethod
    def words(self) -> nn.Embedding:
        """The embeddings of its vocabulary, without positions."""

    @abstractmethod
    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """States [n, L, D] of input embeddings [n, L, D]; positions are added here."""

    @abstractmethod
    def write_shape(self, folder: Path) -> None:
        """As of `Joint`."""


def in_parts(run: Callable[..., tuple[Tensor, ...]], part: int, *inputs: Tensor) -> tuple[Tensor, ...]:
    """`run(*inputs)` in parts of `part` rows (0 for all at once), each computed again when its gradient is due."""
    if not part or len(inputs[0]) <= part:
        return run(*inputs)
    pieces = zip(*(torch.split(tensor, part) for tensor in inputs), strict=True)
    found = [checkpoint(run, *piece, use_reentrant=False) for piece in pieces]
    return tuple(torch.cat(column) for column in zip(*found, strict=True))


def by_sticker(seen: Seen, of: Tensor, n: int) -> Seen:
    """The mean over each sticker's frames, before anything is scaled to length 1 (Sticker820K, section 4); `of` [m]
    says which of the `n` stickers a frame is of."""
    counts = torch.bincount(of, minlength=n).to(seen.vector)

    def mean(values: Tensor) -> Tensor:
        sums = values.new_zeros(n, *values.shape[1:]).index_add(0, of, values)
        return sums / counts.view(-1, *[1] * (values.ndim - 1))

    return Seen(*(mean(values) for values in seen))


def build(spec: Spec, texts: Iterable[str] = ()) -> Joint:
    """The two towers that `spec` names. Tiny ones learn their tokenizer from `texts`. Raises `Refused`."""
    if spec.mode == "tiny":
        from .tiny import TinyJoint

        joint: Joint = TinyJoint(texts, spec.seed)
    else:
        from .pretrained import load_joint

        joint = load_joint(spec.name, is_path=spec.mode == "path")
    joint.freeze(image=spec.freeze_image, text=spec.freeze_text)
    return joint


def build_encoder(spec: Spec, texts: Iterable[str] = ()) -> Encoder:
    """The text encoder that `spec` names. Raises `Refused`."""
    if spec.mode == "tiny":
        from .tiny import TinyEncoder

        return TinyEncoder(texts, spec.seed)
    from .pretrained import load_encoder

    return load_encoder(spec.name, is_path=spec.mode == "path")


def build_language_model(spec: Spec, texts: Iterable[str] = ()) -> tuple[Any, Any]:
    """(model, tokenizer) of transformers, the model causal. Raises `Refused`."""
    if spec.mode == "tiny":
        from .tiny import language_model

        return language_model(texts, spec.seed)
    from .pretrained import load_language_model

    return load_language_model(spec.name, is_path=spec.mode == "path")


SHAPE: Final = "shape.json"
"""In a folder of a tower without weights: which kind it is, and what else it takes."""


def write_told(folder: Path, kind: str, **told: Any) -> None:
    """The file that says what kind of tower a folder is of."""
    (folder / SHAPE).write_text(json.dumps({"kind": kind, **told}, indent=2) + "\n", encoding="utf-8")


def rebuilt(folder: Path) -> Joint:
    """The towers whose shape was written into `folder`, with random weights."""
    return _module_of(folder).joint_from(folder)  # type: ignore[no-any-return]


def rebuilt_encoder(folder: Path) -> Encoder:
    """The same of an encoder."""
    return _module_of(folder).encoder_from(folder)  # type: ignore[no-any-return]


def _module_of(folder: Path) -> Any:
    kind = json.loads((folder / SHAPE).read_text(encoding="utf-8"))["kind"]
    if kind not in KINDS:
        raise ValueError(f"there are no towers of the kind {kind!r}")
    return import_module(f".{kind}", __package__)


KINDS: Final = ("tiny", "pretrained", "openclip")
"""Modules that know how to make towers anew."""

__all__ = [
    "Encoder", "Joint", "Read", "Reading", "Refused", "Seen", "Spec", "Tokens",
    "build", "build_encoder", "build_language_model", "by_sticker", "in_parts", "rebuilt", "rebuilt_encoder",
]  # fmt: skip

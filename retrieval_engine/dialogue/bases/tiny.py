"""Towers of some hundred thousand weights, made from a configuration, with a tokenizer learned from the data.

They know nothing and learn a planted world in seconds: everything but knowledge can be tried without weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ...text import normalise
from ...tokenizing import END, PAD, START, train_bpe
from .towers import Encoder, Joint, Read, Reading, Seen, Tokens, write_told

TOKENIZER: Final = "tokenizer.json"
VOCABULARY: Final = 3_000
WIDTH, HEADS, LAYERS = 64, 4, 2
LENGTH: Final = 192
"""Positions there are; the settings of a model say how many of them it uses."""
SIZE: Final = 32
MEAN, STD = 0.5, 0.2
SEPARATOR: Final = " / "
LANGUAGE_WIDTH: Final = 96


class _Tokenised(nn.Module):
    """A tokenizer learned from `texts`, or one that was learned before."""

    def __init__(self, texts: Iterable[str] | Tokenizer) -> None:
        super().__init__()
        if isinstance(texts, Tokenizer):
            self.tokenizer = texts
        else:
            self.tokenizer = train_bpe(map(normalise, [*texts, SEPARATOR]), VOCABULARY)

    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        return _tokens(self.tokenizer, [normalise(text) for text in texts], length)


def _tokens(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> Tokens:
    tokenizer.enable_truncation(length, direction="left")
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    longest = max(map(len, rows), default=1)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], dtype=torch.int64).view(len(rows), longest)
    return Tokens(ids, torch.arange(longest) < torch.tensor([len(row) for row in rows])[:, None])


class TinyEncoder(_Tokenised, Encoder):
    """Two layers of a transformer, normalised before attention, with learned positions."""

    width = WIDTH
    is_pretrained = False

    def __init__(self, texts: Iterable[str] | Tokenizer, seed: int = 0) -> None:
        super().__init__(texts)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(self.tokenizer.get_vocab_size(), WIDTH)
            self.places = nn.Parameter(0.02 * torch.randn(LENGTH, WIDTH))
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(LAYERS)
            )
            self.norm = nn.LayerNorm(WIDTH)

    @property
    def words(self) -> nn.Embedding:
        return self.embedding

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        states = embedded + self.places[: embedded.shape[1]]
        for layer in self.layers:
            states = layer(states, src_key_padding_mask=~mask)
        normed: Tensor = self.norm(states)
        return normed

    def write_shape(self, folder: Path) -> None:
        _write_shape(self.tokenizer, folder)


class TinyImages(nn.Module):
    """Three strided convolutions: 16 places of the picture, and the greatest of each channel before them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, 2, 1), nn.GELU(), nn.Conv2d(32, 64, 3, 2, 1), nn.GELU(), nn.Conv2d(64, WIDTH, 3, 2, 1)
        )
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        """uint8 [n, 32, 32, 3] to [n, 17, D], the whole picture first."""
        pixels = (frames.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD
        places = self.layers(pixels).flatten(2).transpose(1, 2)
        states: Tensor = self.norm(torch.cat([places.amax(1, keepdim=True), places], dim=1))
        return states


class TinyJoint(Joint):
    """`TinyImages` and a `TinyEncoder` whose masked mean is the text."""

    width = image_width = text_width = WIDTH
    size = SIZE
    separator = SEPARATOR
    is_pretrained = False

    def __init__(self, texts: Iterable[str] | Tokenizer, seed: int = 0) -> None:
        super().__init__()
        self.text = TinyEncoder(texts, seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            self.image = TinyImages()
            self.image_proj = nn.Linear(WIDTH, WIDTH, bias=False)
            self.text_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    @property
    def scale(self) -> nn.Parameter:
        return self.log_scale

    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        return self.text.tokenise(texts, min(length, LENGTH))

    def reading(self) -> Reading:
        return Reading("normalise", self.text.tokenizer, 0, LENGTH)

    def write_shape(self, folder: Path) -> None:
        _write_shape(self.text.tokenizer, folder)

    def halves(self) -> tuple[list[nn.Module], list[nn.Module]]:
        return [self.image, self.image_proj], [self.text, self.text_proj]

    def _see(self, frames: Tensor) -> Seen:
        tokens = self.image(frames)
        return Seen(tokens[:, 0], self.image_proj(tokens[:, 0]), tokens)

    def _read(self, ids: Tensor, mask: Tensor) -> Read:
        tokens = self.text.encode(self.text.words(ids), mask)
        pooled = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return Read(pooled, self.text_proj(pooled), tokens)


def _write_shape(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER))
    write_told(folder, "tiny")


def joint_from(folder: Path) -> TinyJoint:
    """What `TinyJoint.write_shape` left."""
    return TinyJoint(Tokenizer.from_file(str(folder / TOKENIZER)))


def encoder_from(folder: Path) -> TinyEncoder:
    """What `TinyEncoder.write_shape` left."""
    return TinyEncoder(Tokenizer.from_file(str(folder / TOKENIZER)))


def language_model(texts: Iterable[str], seed: int) -> tuple[Any, Any]:
    """A causal model of two layers and its tokenizer. Its weights are random and stay so: attention that is spread over
    the prompt, as a random model's is, carries the prompt on to the last token."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    learned = train_bpe(map(normalise, texts), VOCABULARY)
    named: dict[str, Any] = {"pad_token": PAD, "bos_token": START, "eos_token": END}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=learned, **named)  # type: ignore[no-untyped-call]
    configuration = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=LANGUAGE_WIDTH, intermediate_size=2 * LANGUAGE_WIDTH,
        num_hidden_layers=2, num_attention_heads=4, initializer_range=LANGUAGE_WIDTH**-0.5,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = LlamaForCausalLM(configuration)
    return model.eval(), tokenizer

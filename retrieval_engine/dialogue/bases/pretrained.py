"""Pretrained towers through transformers: CLIP, Chinese CLIP, SigLIP, BERT and its kin, causal language models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn

from ...tokenizing import from_hugging_face
from ...training.run import Refused
from .towers import SHAPE, Encoder, Joint, Read, Reading, Seen, Tokens, write_told

SEPARATOR: Final = " / "
SHOWN: Final = 200
"""Characters of a reason that a library gives."""


class Channels(NamedTuple):
    """The mean and standard deviation of each channel, in 0..1, as an image processor has them."""

    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]


class PretrainedJoint(Joint):
    """A model of transformers with a `vision_model` and a `text_model`, fed as its own processor says."""

    def __init__(self, model: Any, tokenizer: Any, channels: Channels) -> None:
        super().__init__()
        self.model = model
        self._tokenizer = tokenizer
        self._tokenizer.truncation_side = "left"
        vision, text = model.config.vision_config, model.config.text_config
        self.size = int(vision.image_size)
        self.image_width, self.text_width = int(vision.hidden_size), int(text.hidden_size)
        self.width = int(getattr(model.config, "projection_dim", None) or self.image_width)
        self.separator = f" {tokenizer.sep_token} " if tokenizer.sep_token else SEPARATOR
        self._most = int(text.max_position_embeddings)
        self._channels = Channels(tuple(channels.image_mean), tuple(channels.image_std))
        of_pixels = torch.tensor([channels.image_mean, channels.image_std])[:, None, None, :]
        self.register_buffer("channels", of_pixels, persistent=False)

    @property
    def scale(self) -> nn.Parameter:
        scale: nn.Parameter = self.model.logit_scale
        return scale

    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        most = min(length, self._most)
        fed = self._tokenizer(list(texts), padding=True, truncation=True, max_length=most, return_tensors="pt")
        return Tokens(fed["input_ids"], fed["attention_mask"].bool())

    def reading(self) -> Reading:
        try:
            return Reading("none", from_hugging_face(self._tokenizer), int(self._tokenizer.pad_token_id), self._most)
        except ValueError as error:
            raise Refused(f"{error}.") from error

    def write_shape(self, folder: Path) -> None:
        _write_shape(self.model, self._tokenizer, folder, **self._channels._asdict())

    def halves(self) -> tuple[list[nn.Module], list[nn.Module]]:
        def with_projection(*names: str) -> list[nn.Module]:
            return [getattr(self.model, name) for name in names if hasattr(self.model, name)]

        return with_projection("vision_model", "visual_projection"), with_projection("text_model", "text_projection")

    def _see(self, frames: Tensor) -> Seen:
        pixels = (frames.float() / 255 - self.channels[0]) / self.channels[1]  # type: ignore[index]
        told = self.model.vision_model(pixel_values=pixels.permute(0, 3, 1, 2))
        return Seen(*_projected(told, getattr(self.model, "visual_projection", None)))

    def _read(self, ids: Tensor, mask: Tensor) -> Read:
        told = self.model.text_model(input_ids=ids, attention_mask=mask.long())
        return Read(*_projected(told, getattr(self.model, "text_projection", None)))


def _projected(told: Any, projection: nn.Module | None) -> tuple[Tensor, Tensor, Tensor]:
    """(pooled, in the shared space, tokens); SigLIP pools into the shared space and projects no more, Chinese CLIP's
    text tower pools nothing and takes the first token."""
    tokens: Tensor = told.last_hidden_state
    pooled = tokens[:, 0] if told.pooler_output is None else told.pooler_output
    return pooled, pooled if projection is None else projection(pooled), tokens


class PretrainedEncoder(Encoder):
    """A text encoder of transformers that takes input embeddings."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__()
        self.model = model
        self._tokenizer = tokenizer
        self._tokenizer.truncation_side = "left"
        self.width = int(model.config.hidden_size)

    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        fed = self._tokenizer(list(texts), padding=True, truncation=True, max_length=length, return_tensors="pt")
        return Tokens(fed["input_ids"], fed["attention_mask"].bool())

    @property
    def words(self) -> nn.Embedding:
        embedding: nn.Embedding = self.model.get_input_embeddings()
        return embedding

    def encode(self, embedded: Tensor, mask: Tensor) -> Tensor:
        states: Tensor = self.model(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state
        return states

    def write_shape(self, folder: Path) -> None:
        _write_shape(self.model, self._tokenizer, folder)


def _write_shape(model: Any, tokenizer: Any, folder: Path, **told: Any) -> None:
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_told(folder, "pretrained", **told)


def joint_from(folder: Path) -> PretrainedJoint:
    """What `PretrainedJoint.write_shape` left."""
    from transformers import AutoModel

    told = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
    model, tokenizer = _from_shape(folder, AutoModel)
    return PretrainedJoint(model, tokenizer, Channels(tuple(told["image_mean"]), tuple(told["image_std"])))


def encoder_from(folder: Path) -> PretrainedEncoder:
    """What `PretrainedEncoder.write_shape` left."""
    from transformers import AutoModel

    return PretrainedEncoder(*_from_shape(folder, AutoModel))


def write_language_model(language: tuple[Any, Any], folder: Path) -> None:
    """The shape of a language model and its tokenizer."""
    _write_shape(*language, folder)


def language_model_from(folder: Path) -> tuple[Any, Any]:
    """What `write_language_model` left."""
    from transformers import AutoModelForCausalLM

    model, tokenizer = _from_shape(folder, AutoModelForCausalLM)
    return model.eval(), tokenizer


def _from_shape(folder: Path, kind: Any) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoTokenizer

    configuration = AutoConfig.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return kind.from_config(configuration, dtype=configuration.dtype), tokenizer


def load_joint(name: str, *, is_path: bool) -> Joint:
    """Two towers with one space. Raises `Refused`."""
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    model, tokenizer, processor = _loaded(name, is_path, AutoModel, AutoTokenizer, AutoImageProcessor)
    if not (hasattr(model, "vision_model") and hasattr(model, "text_model")):
        raise Refused(f"{name} is no model of pictures and texts: {type(model).__name__}.")
    return PretrainedJoint(model, tokenizer, processor)


def load_encoder(name: str, *, is_path: bool) -> Encoder:
    """A text encoder. Raises `Refused`."""
    from transformers import AutoModel, AutoTokenizer

    return PretrainedEncoder(*_loaded(name, is_path, AutoModel, AutoTokenizer))


def load_language_model(name: str, *, is_path: bool) -> tuple[Any, Any]:
    """(model, tokenizer). Raises `Refused`."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = _loaded(name, is_path, AutoModelForCausalLM, AutoTokenizer)
    return model, tokenizer


def _loaded(name: str, is_path: bool, *kinds: Any) -> tuple[Any, ...]:
    """What each kind of transformers loads from one place."""
    if is_path and not Path(name, "config.json").is_file():
        raise Refused(f"{name} holds no model of transformers: there is no config.json.")
    try:
        return tuple(kind.from_pretrained(name, local_files_only=is_path) for kind in kinds)
    except Exception as error:  # hub, file and configuration errors come in a dozen kinds
        reason = str(error).strip().partition("\n")[0][:SHOWN]
        raise Refused(f"{name} cannot be had: {reason or type(error).__name__}.") from error

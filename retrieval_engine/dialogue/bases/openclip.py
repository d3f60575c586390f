"""The towers of a published retrieval model: what knows how stickers are looked for can learn how they answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ...bundle import CONFIG, TOKENIZER, ImageSpec, TextSpec
from ...encoder import Clip, ModelUnavailable, load, open_clip_config, untrained
from ...serving import CLEANINGS
from ...towers import TextTower, text_part
from ...training.run import Refused
from .towers import SHAPE, Joint, Read, Reading, Seen, Tokens, write_told

SEPARATOR: Final = " / "


class OpenClipJoint(Joint):
    """An open_clip model. Texts longer than its context lose their beginning."""

    separator = SEPARATOR

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.model: Any = clip.model.float()
        self._clip, self._tokenizer = clip, Tokenizer.from_str(clip.tokenizer.to_str())
        self._texts = TextTower(self.model, clip.dropped_id)
        self.size = clip.image.size
        channels = torch.tensor([clip.image.mean, clip.image.std])[:, None, None, :]
        self.register_buffer("channels", channels, persistent=False)
        with torch.no_grad():
            seen, read = self._see(torch.zeros(1, self.size, self.size, 3)), self._read(*self.tokenise(["a"], 8))
        self.image_width, self.text_width = seen.tokens.shape[-1], read.tokens.shape[-1]
        self.width = seen.vector.shape[-1]

    @property
    def scale(self) -> nn.Parameter:
        scale: nn.Parameter = self.model.logit_scale
        return scale

    def tokenise(self, texts: Sequence[str], length: int) -> Tokens:
        told = self._clip.text
        clean = CLEANINGS[told.cleaning]
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(length, told.context_length), direction="left")
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch([clean(text) for text in texts])]
        longest = max(map(len, rows), default=1) if told.any_length else told.context_length
        ids = torch.tensor([row + [told.pad_id] * (longest - len(row)) for row in rows], dtype=torch.int64)
        ids = ids.view(len(rows), longest)
        return Tokens(ids, torch.arange(longest) < torch.tensor([[len(row)] for row in rows]))

    def reading(self) -> Reading:
        told = self._clip.text
        if not told.any_length:
            raise Refused("A text tower that sees its padding cannot be served for conversations without torch.")
        return Reading(told.cleaning, self._tokenizer, told.pad_id, told.context_length)

    def write_shape(self, folder: Path) -> None:
        tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        tokenizer.save(str(folder / TOKENIZER))
        config = json.dumps(open_clip_config(self._clip), indent=2, ensure_ascii=False)
        (folder / CONFIG).write_text(config + "\n", encoding="utf-8")
        write_told(folder, "openclip", image=asdict(self._clip.image), text=asdict(self._clip.text))

    def halves(self) -> tuple[list[nn.Module], list[nn.Module]]:
        return [self.model.visual], [text_part(self.model)]

    def _see(self, frames: Tensor) -> Seen:
        pixels = ((frames.float() / 255 - self.channels[0]) / self.channels[1]).permute(0, 3, 1, 2)  # type: ignore[index]
        told = self.model.visual.forward_intermediates(
            pixels, indices=1, output_fmt="NLC", normalize_intermediates=True
        )
        places: Tensor = told["image_intermediates"][-1]
        whole = places.mean(1)
        return Seen(whole, told["image_features"], torch.cat([whole[:, None], places], dim=1))

    def _read(self, ids: Tensor, mask: Tensor) -> Read:
        states, vectors = self._texts.read(ids)
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return Read(pooled, vectors, states)


def joint_of_bundle(folder: Path) -> OpenClipJoint:
    """The towers of a published retrieval model. Raises `Refused`."""
    try:
        return OpenClipJoint(load(str(folder)))
    except ModelUnavailable as error:
        raise Refused(f"The base model cannot be had: {error}.") from error


def joint_from(folder: Path) -> OpenClipJoint:
    """What `OpenClipJoint.write_shape` left."""
    told = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation()
    fed = told["image"]
    image = ImageSpec(int(fed["size"]), tuple(fed["mean"]), tuple(fed["std"]))
    return OpenClipJoint(untrained(folder, tokenizer, image, TextSpec(**told["text"])))

"""Both towers of a CLIP over texts and decoded frames, with and without gradients, in the device's numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..dense import Vectors
from ..encoder import Clip
from ..training.devices import autocast
from .pictures import Frames

BATCH: Final = 64


class Towers:
    """`clip` on its device. Vectors are rows of length 1."""

    def __init__(self, clip: Clip, dtype: torch.dtype = torch.float32) -> None:
        self.clip, self._dtype = clip, dtype
        self.model: Any = clip.model
        self._text_tower = clip.text_tower()
        channels = torch.tensor([clip.image.mean, clip.image.std], device=clip.device)
        self._mean, self._std = channels[:, :, None, None]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.clip.device

    def texts(self, ids: Tensor) -> Tensor:
        """ids int64 [n, length] to vectors [n, d]."""
        with autocast(self.device, self._dtype):
            vectors = self._text_tower(ids.to(self.device, non_blocking=True))
        return F.normalize(vectors.float(), dim=-1)

    def pictures(self, frames: Tensor, counts: Sequence[int], moves: Tensor | None = None) -> Tensor:
        """uint8 frames [sum of counts, size, size, 3] to vectors [len(counts), d] of stickers.

        A sticker's frames are averaged after projection, before normalisation (Sticker820K, section 4). `moves`
        [frames, 4] turns, scales and shifts each, 1 being up to 12 degrees, 15 % and 8 % of the side.
        """
        pixels = frames.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
        pixels = pixels if moves is None else _moved(pixels, moves.to(self.device))
        with autocast(self.device, self._dtype):
            outputs = self.model.encode_image((pixels - self._mean) / self._std).float()
        of = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)).to(self.device)
        return F.normalize(outputs.new_zeros(len(counts), outputs.shape[1]).index_add(0, of, outputs), dim=-1)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Vectors [len(texts), d]."""
        return self._joined([self.texts(self.clip.ids(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)])

    @torch.inference_mode()
    def encode_pictures(self, frames: Frames, stickers: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """Vectors [len(stickers), d] of the stickers at these places of `frames`."""
        parts = [np.asarray(stickers[i : i + BATCH]) for i in range(0, len(stickers), BATCH)]
        return self._joined(
            [self.pictures(torch.from_numpy(frames.of(part)), frames.counts[part].tolist()) for part in parts]
        )

    def _joined(self, parts: Sequence[Tensor]) -> Vectors:
        return torch.cat(list(parts)).cpu().numpy()


def _moved(pixels: Tensor, moves: Tensor) -> Tensor:
    """Each picture turned, scaled and shifted a little; the white around it goes on."""
    turn, zoom, right, down = moves.T
    angle, scale = turn * math.radians(12), 1 + 0.15 * zoom
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = torch.stack([cos, -sin, 0.16 * right, sin, cos, 0.16 * down], dim=1).view(-1, 2, 3)
    grid = F.affine_grid(rows, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)

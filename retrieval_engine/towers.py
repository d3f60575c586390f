"""The two halves of an open_clip model as modules of their own, the text tower for texts of any length."""

from __future__ import annotations

from typing import Any

import open_clip
import torch
from torch import Tensor


class UnsupportedTower(RuntimeError):
    """A text tower that cannot be taken out of its model."""


def text_part(model: torch.nn.Module) -> Any:
    """The text tower of a CLIP, which in open_clip's oldest class is spread over the model itself."""
    return getattr(model, "text", model)


def pooling(tower: torch.nn.Module) -> str:
    """Which token's state stands for the text: "argmax", "eos", "first" or "last"."""
    return str(getattr(tower, "pool_type", "") or getattr(tower, "text_pool_type", "argmax"))


def any_length(model: torch.nn.Module) -> bool:
    """Whether padding changes nothing, so that texts can go in as short as they are."""
    tower = text_part(model)
    if isinstance(tower, open_clip.hf_model.HFTextEncoder):
        return True
    return getattr(tower, "attn_mask", None) is not None and pooling(tower) in {"argmax", "eos"}


class TextTower(torch.nn.Module):
    """ids int64 [n, length] -> vectors [n, d], not scaled, for any length up to the context.

    open_clip's own `encode_text` takes the full context only. `dropped_id` is a token that counts as padding (0).
    """

    def __init__(self, model: torch.nn.Module, dropped_id: int | None = None) -> None:
        super().__init__()
        self.tower = text_part(model)
        self.dropped_id = dropped_id
        if getattr(self.tower, "cls_emb", None) is not None or getattr(self.tower, "use_pad_mask", False):
            raise UnsupportedTower("a text tower with an appended class token")

    def forward(self, ids: Tensor) -> Tensor:
        """See the class."""
        ids = self._kept(ids)
        if isinstance(self.tower, open_clip.hf_model.HFTextEncoder):
            return self.tower(ids)  # type: ignore[no-any-return]
        return self._project(self._pooled(self._states(ids), ids))

    def read(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(states [n, length, D] of the tokens, vectors [n, d], not scaled)."""
        ids, tower = self._kept(ids), self.tower
        if isinstance(tower, open_clip.hf_model.HFTextEncoder):
            mask = (ids != tower.config.pad_token_id).long()
            told = tower.transformer(input_ids=ids, attention_mask=mask)
            return told.last_hidden_state, tower.proj(tower.pooler(told, mask))
        states = self._states(ids)
        return states, self._project(self._pooled(states, ids))

    def _kept(self, ids: Tensor) -> Tensor:
        return ids if self.dropped_id is None else torch.where(ids == self.dropped_id, torch.zeros_like(ids), ids)

    def _states(self, ids: Tensor) -> Tensor:
        tower, length = self.tower, ids.shape[1]
        mask = getattr(tower, "attn_mask", None)
        x = tower.token_embedding(ids) + tower.positional_embedding[:length]
        return tower.ln_final(tower.transformer(x, attn_mask=None if mask is None else mask[:length, :length]))  # type: ignore[no-any-return]

    def _pooled(self, states: Tensor, ids: Tensor) -> Tensor:
        end = getattr(self.tower, "text_eos_id", getattr(self.tower, "eos_id", None))
        return open_clip.transformer.text_global_pool(  # type: ignore[no-any-return]
            states, ids, pool_type=pooling(self.tower), eos_token_id=end
        )

    def _project(self, pooled: Tensor) -> Tensor:
        projection = self.tower.text_projection
        if projection is None:
            return pooled
        return projection(pooled) if isinstance(projection, torch.nn.Linear) else pooled @ projection  # type: ignore[no-any-return]


class ImageTower(torch.nn.Module):
    """pixels float32 [n, 3, size, size] -> vectors [n, d], not scaled."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.visual: Any = model.visual

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.visual(pixels)  # type: ignore[no-any-return]

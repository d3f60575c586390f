"""A vision-language model with its processor: what is fed to it, and where it comes from.

`prompts` and `answered` are the only places where a batch is made, for training and for writing alike: a prompt is
padded on the left and its answer on the right, so that answers begin in one column.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ..training.devices import autocast
from .tiny import IMAGE
from .wording import PROMPTS

FALLBACK: Final = "USER: {image}\n{prompt} ASSISTANT:"
"""For processors without a chat template, in the manner of LLaVA 1.5."""
IGNORED: Final = -100
Batch = dict[str, Any]


@dataclass(slots=True)
class VisionLanguage:
    """A model of transformers' image-text-to-text classes, its processor, and what they were loaded from."""

    model: Any
    processor: Any
    base: str
    dtype: torch.dtype
    questions: Mapping[str, str] = field(default_factory=lambda: dict(PROMPTS))
    """The prompt by language: ours of today, or those that a bundle was made with."""

    @property
    def tokenizer(self) -> Any:
        """The processor's."""
        return self.processor.tokenizer

    def prompts(self, pictures: Sequence[Image.Image], prompts: Sequence[str]) -> Batch:
        """The question about each picture: int64 [n, length] `input_ids`, its mask, and the pixels."""
        texts = [self._asked(prompt) for prompt in prompts]
        start = self.tokenizer.bos_token
        fed = self.processor(
            text=texts,
            images=[[picture] for picture in pictures],
            add_special_tokens=start is None or not texts[0].startswith(start),
            padding=True,
            padding_side="left",
            return_tensors="pt",
        )
        return dict(fed)

    def labels(self, answers: Sequence[str], *, ended: bool) -> Tensor:
        """int64 [n, longest]: the answers' tokens, with the one that ends an answer where `ended`; `IGNORED` behind."""
        end = [self.tokenizer.eos_token_id] if ended else []
        rows = [self.tokenizer(text, add_special_tokens=False)["input_ids"] + end for text in answers]
        return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=IGNORED)

    def answered(self, fed: Batch, labels: Tensor) -> Batch:
        """The prompts with their answers behind them."""
        real = labels != IGNORED
        width = fed["input_ids"].shape
        tail = {"input_ids": labels.where(real, self.pad), "attention_mask": real.long()}
        empty = torch.zeros_like(labels)
        longer = {
            name: torch.cat([value, tail.get(name, empty)], dim=1)
            for name, value in fed.items()
            if getattr(value, "shape", None) == width
        }
        return fed | longer

    def log_probabilities(self, fed: Batch, labels: Tensor) -> Tensor:
        """float32 [n, longest]: log p of each token of the answers after their prompts, 0 where there is none."""
        length = labels.shape[1]
        sparing = {"logits_to_keep": length + 1} if self._keeps_logits() else {}
        with self.autocast():
            logits = self.model(**self.placed(self.answered(fed, labels)), use_cache=False, **sparing).logits
        return of_labels(logits[:, -length - 1 : -1], labels)

    def placed(self, fed: Batch) -> Batch:
        """The batch where the model is, pixels in its precision."""
        device, dtype = self.model.device, self.model.dtype
        return {
            name: value.to(device, dtype) if value.is_floating_point() else value.to(device)
            for name, value in fed.items()
            if hasattr(value, "is_floating_point")
        }

    def autocast(self) -> AbstractContextManager[object]:
        """What the model computes in: on CUDA bf16, its own trained weights staying float32."""
        return autocast(self.model.device, self.dtype)

    @property
    def pad(self) -> int:
        """The id that fills up; where a tokenizer has none, that of the end."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    def _asked(self, prompt: str) -> str:
        if getattr(self.processor, "chat_template", None) is None:
            image = getattr(self.processor, "image_token", IMAGE)
            return FALLBACK.format(image=image, prompt=prompt)
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        said = [{"role": "user", "content": content}]
        return str(self.processor.apply_chat_template(said, add_generation_prompt=True, tokenize=False))

    def _keeps_logits(self) -> bool:
        model = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        return "logits_to_keep" in inspect.signature(model.forward).parameters


def of_labels(logits: Tensor, labels: Tensor) -> Tensor:
    """float32 [n, length]: log p of `labels` [n, length] by `logits` [n, length, vocabulary], 0 where ignored."""
    wanted = labels.to(logits.device)
    return -F.cross_entropy(logits.float().transpose(1, 2), wanted, ignore_index=IGNORED, reduction="none")

"""What a captioning model says of pictures: the method of the paper that never saw a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from PIL import Image

from . import wording
from .loading import load

MAX_TOKENS: Final = 40


def captions(model: str, pictures: Sequence[Image.Image], device: torch.device, at_once: int) -> list[str]:
    """A sentence for each picture, in whatever language the model, a name or a folder, writes. Raises `Refused`."""
    held = load(model, device)
    found = list[str]()
    for start in range(0, len(pictures), at_once):
        some = list(pictures[start : start + at_once])
        if getattr(held.processor, "chat_template", None):
            fed = held.prompts(some, [wording.DESCRIBE] * len(some))
        else:
            fed = dict(held.processor(images=some, return_tensors="pt"))
        with torch.inference_mode(), held.autocast():
            ids = held.model.generate(**held.placed(fed), max_new_tokens=MAX_TOKENS, do_sample=False)
        length = fed["input_ids"].shape[1] if "input_ids" in fed else 0
        found += [text.strip() for text in held.tokenizer.batch_decode(ids[:, length:], skip_special_tokens=True)]
    return found

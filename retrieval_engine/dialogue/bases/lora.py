"""Small matrices beside the towers' own (Hu et al. 2022): what learns where data are few and the towers know much."""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from ...training.run import Refused
from ..settings import Training
from .towers import Joint


def add_lora(joint: Joint, settings: Training) -> None:
    """Let matrices of rank `settings.lora` learn beside the linear layers of the towers that are not frozen, which stay
    as they are. Raises `Refused` for towers that were made here and know nothing yet."""
    if not joint.is_pretrained:
        raise Refused("LoRA is for pretrained towers; tiny ones have nothing to keep. Set lora to 0.")
    from peft import LoraConfig, inject_adapter_in_model

    pictures, texts = joint.halves()
    learning = [*(() if settings.freeze_image else pictures[:1]), *(() if settings.freeze_text else texts[:1])]
    chosen = [
        name for name, module in joint.named_modules() if isinstance(module, nn.Linear) and _is_in(module, learning)
    ]
    if not chosen:
        raise Refused("LoRA has no linear layer to learn beside: both towers are frozen.")
    scale_learns, projections = joint.scale.requires_grad, [*pictures[1:], *texts[1:]]
    pattern = "|".join(map(re.escape, chosen))
    told = LoraConfig(r=settings.lora, lora_alpha=2 * settings.lora, lora_dropout=0.0, target_modules=f"^({pattern})$")
    inject_adapter_in_model(told, joint)
    joint.requires_grad_(False)
    for name, weights in joint.named_parameters():
        weights.requires_grad_("lora_" in name)
    joint.scale.requires_grad_(scale_learns)
    for module, is_frozen in zip(projections, _frozen_of(joint, settings), strict=True):
        module.requires_grad_(not is_frozen)


def _is_in(module: nn.Module, wholes: list[nn.Module]) -> bool:
    return any(module is part for whole in wholes for part in whole.modules())


def _frozen_of(joint: Joint, settings: Training) -> list[bool]:
    pictures, texts = joint.halves()
    return [settings.freeze_image] * len(pictures[1:]) + [settings.freeze_text] * len(texts[1:])


def merge_lora(model: nn.Module) -> None:
    """Add what was learned beside the layers to them, and take the small matrices away."""
    for name, layer in [(name, part) for name, part in model.named_modules() if hasattr(part, "lora_A")]:
        merged: Any = layer
        merged.merge()
        owner = model.get_submodule(name.rpartition(".")[0])
        setattr(owner, name.rpartition(".")[2], merged.get_base_layer())

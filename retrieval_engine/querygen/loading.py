"""Where a model comes from: a name on the hub, a folder, a bundle of ours, "tiny"; and which of its weights learn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import torch

from ..bundle import BundleError
from ..training.devices import precision
from ..training.run import Refused
from . import bundle, tiny
from .model import VisionLanguage
from .recipe import TINY, GeneratorSettings

FIRST: Final = 2**20
"""Bytes of each file's numbers that tell a model from another."""
SHOWN: Final = 200
"""Characters of a reason that a library gives."""


def load(
    base: str, device: torch.device, *, texts: Iterable[str] = (), seed: int = 0, four_bit: bool = False
) -> VisionLanguage:
    """The model that `base` names, frozen, on `device`; "tiny" learns its tokenizer from `texts`. Raises `Refused`."""
    _without_bars()
    if base == TINY:
        model, processor = tiny.build(texts, seed)
        return _placed(model, processor, base, device)
    if (Path(base) / bundle.MANIFEST).is_file():
        return load_bundle(Path(base), device, four_bit=four_bit)
    return _load(base, device, four_bit)


def load_bundle(folder: Path, device: torch.device, *, four_bit: bool = False) -> VisionLanguage:
    """The model of a bundle, whose checksums must hold. Raises `Refused`."""
    _without_bars()
    try:
        manifest = bundle.read_manifest(folder)
    except BundleError as error:
        raise Refused(str(error)) from error
    held = _load(manifest.base if manifest.is_adapter else str(folder / bundle.MODEL), device, four_bit)
    held.questions = {**held.questions, **manifest.prompts}
    if manifest.is_adapter:
        _put_on(held, folder, manifest)
    return held


def _put_on(held: VisionLanguage, folder: Path, manifest: bundle.Manifest) -> None:
    """The bundle's adapter, if the base is the one that it was made for."""
    if fingerprint(manifest.base) != manifest.base_fingerprint:
        raise Refused(f"{folder}: made for another {manifest.base} than the one that is here.")
    from peft import PeftModel

    held.model = PeftModel.from_pretrained(held.model, str(folder / bundle.ADAPTER), is_trainable=False)
    held.model.requires_grad_(False)


def _without_bars() -> None:
    """Bars of progress are for people at a terminal; here they would fill a log, and hide the sentence at its end."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _load(path: str, device: torch.device, four_bit: bool) -> VisionLanguage:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    if path.startswith(("/", "./", "../")) and not Path(path, "config.json").is_file():
        raise Refused(f"{path}: there is no model in this folder (no config.json).")
    options = _in_four_bits(device) if four_bit else {}
    try:
        processor = AutoProcessor.from_pretrained(path)  # type: ignore[no-untyped-call]
        model = AutoModelForImageTextToText.from_pretrained(
            path, dtype=precision(device), use_safetensors=True, **options
        )
    except (OSError, ValueError) as error:
        raise Refused(f"The model {path} cannot be opened: {_first_line(error)}") from error
    return _placed(model, processor, path, device, moved=not four_bit)


def _placed(model: Any, processor: Any, base: str, device: torch.device, *, moved: bool = True) -> VisionLanguage:
    model.requires_grad_(False).eval()
    return VisionLanguage(model.to(device) if moved else model, processor, base, precision(device))


def _in_four_bits(device: torch.device) -> dict[str, Any]:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise Refused("Four-bit weights need the package bitsandbytes, which is not installed here.") from error
    if device.type != "cuda":
        raise Refused("Four-bit weights need a CUDA device.")
    from transformers import BitsAndBytesConfig

    four_bit = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=precision(device),
    )
    return {"quantization_config": four_bit, "device_map": {"": device.index or 0}}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:SHOWN]


def fingerprint(base: str) -> str:
    """16 hexadecimal digits of what a model's files hold: their headers and the first of their numbers. Quick, the same
    however it is loaded, and enough to tell models apart."""
    from transformers.utils.hub import cached_file

    folder, content = Path(str(cached_file(base, "config.json"))).parent, hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            length = file.read(8)
            content.update(length + file.read(int.from_bytes(length, "little") + FIRST))
    return content.hexdigest()[:16]


# --- which weights learn ---


def adapt(held: VisionLanguage, settings: GeneratorSettings) -> None:
    """Make some of the model's weights learn: LoRA beside the linear layers of the language model, or everything.

    A bundle's adapter learns on as it is. The vision tower and the projector stay as they are with LoRA.
    """
    if settings.four_bit and learns_all(settings, held.base):
        raise Refused("Weights held in four bits cannot learn themselves; choose lora.")
    if settings.checkpointing:
        held.model.activation_checkpointing_enable({"use_reentrant": False})
    if learns_all(settings, held.base):
        held.model.float().requires_grad_(True)
    elif hasattr(held.model, "peft_config"):
        _learn_on(held.model)
    else:
        _add_lora(held, settings)


def learns_all(settings: GeneratorSettings, base: str) -> bool:
    """Whether all weights learn: what was made here has nothing that could stay as it is."""
    return settings.learns == "everything" or (settings.learns == "auto" and base == TINY)


def _learn_on(model: Any) -> None:
    for name, weights in model.named_parameters():
        weights.requires_grad_("lora_" in name)


def _add_lora(held: VisionLanguage, settings: GeneratorSettings) -> None:
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=linears(held.model),
        task_type="CAUSAL_LM",
    )
    held.model = get_peft_model(held.model, lora)


def linears(model: Any) -> str:
    """A pattern of the names of all linear layers of the language model, and of nothing else."""
    language = model.get_decoder()
    prefix = next(name for name, module in model.named_modules() if module is language)
    leaves = {name.rpartition(".")[2] for name, part in language.named_modules() if isinstance(part, torch.nn.Linear)}
    return rf"{re.escape(prefix)}\..*\.({'|'.join(sorted(leaves))})"

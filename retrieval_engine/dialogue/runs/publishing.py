"""Writing the bundle of a model of conversations."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ...graphs import ExportError
from ...training.figures import Report
from ...training.run import Refused
from ..inference.exporting import export_conversation_side, has_sides
from ..models.learning import DialogueModel
from ..settings import Training
from . import bundle, making
from .bundle import Manifest
from .making import Stand


def publish(
    model: DialogueModel,
    on: Stand,
    settings: Training,
    folder: Path,
    *,
    manifest: Manifest,
    metrics: Report,
) -> tuple[Manifest, str]:
    """Write the model into `folder`, whole or not at all; the manifest as it came to be, and why its conversation's
    side could not be written for serving without torch, if it could not. `manifest.files` is found here.

    Examples of the report quote people's chats, which can be taken back; they stay with the run.
    """
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(_weights(model, settings), partial / bundle.WEIGHTS)
    _write_shapes(on, partial)
    bundle.write_stickers(model.gallery.stickers, partial / bundle.STICKERS)
    problem = _write_side(model, partial)
    replace(metrics, examples=[]).write(partial / bundle.METRICS)
    whole = replace(manifest, settings=asdict(settings), files=bundle.file_hashes(partial))
    whole.write(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return whole, problem


def _weights(model: DialogueModel, settings: Training) -> dict[str, Tensor]:
    """All that an answer takes, each once where several names share it."""
    found, seen = dict[str, Tensor](), set[tuple[int, torch.Size]]()
    for name, values in model.state_dict().items():
        place = values.data_ptr(), values.shape
        if making.is_for_use(settings, name) and not (values.numel() and place in seen):
            seen.add(place)
            found[name] = values.detach().cpu().contiguous().clone()
    return found


def _write_shapes(on: Stand, folder: Path) -> None:
    (folder / bundle.TOWERS).mkdir()
    on.joint.write_shape(folder / bundle.TOWERS)
    if on.encoder is not None:
        (folder / bundle.ENCODER).mkdir()
        on.encoder.write_shape(folder / bundle.ENCODER)
    if on.language is not None:
        from ..bases.pretrained import write_language_model

        (folder / bundle.LANGUAGE).mkdir()
        write_language_model(on.language, folder / bundle.LANGUAGE)


def _write_side(model: DialogueModel, folder: Path) -> str:
    if not has_sides(model):
        return ""
    try:
        export_conversation_side(model, folder)
    except (ExportError, Refused) as error:
        return str(error)
    return ""

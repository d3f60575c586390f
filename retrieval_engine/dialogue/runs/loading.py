"""A published model of conversations, in torch: made anew from its shape and its weights. Nothing is unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ...bundle import BundleError
from ...training.recipes import SettingsError, recipes
from ...training.run import Refused
from ..bases import towers
from ..data.gallery import Gallery
from ..models.learning import DialogueModel
from ..settings import Training
from . import bundle, making
from .bundle import Manifest
from .making import Stand, Tellers

CPU = torch.device("cpu")


def load(folder: Path, gallery: Gallery, *, told: Tellers | None = None, device: torch.device = CPU) -> DialogueModel:
    """The model of a bundle over `gallery`, whose frames are of its towers' size (`opened(folder).size`), in evaluation
    mode. `told` are the providers it asks; without them it asks those that its settings name. Raises `BundleError`, and
    `Refused` for a provider that cannot be had."""
    return opened(folder).model(gallery, told=told, device=device)


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle whose checksums hold, with what its model stands on, still without weights."""

    folder: Path
    manifest: Manifest
    settings: Training
    stand: Stand

    @property
    def size(self) -> int:
        """Side of the pictures that its towers see, in pixels."""
        return self.stand.joint.size

    def with_weights(self) -> Stand:
        """What it stands on, as it was published. Raises `BundleError`."""
        self._fill()
        return self.stand

    def model(self, gallery: Gallery, *, told: Tellers | None = None, device: torch.device = CPU) -> DialogueModel:
        """See `load`."""
        if gallery.frames.pixels.shape[1] != self.size:
            side = gallery.frames.pixels.shape[1]
            raise ValueError(f"{self.folder}: its towers see {self.size} pixels, and the gallery has {side}")
        weights = self._fill()
        asked = making.tellers(self.settings) if told is None else told
        known = gallery.knowing(self.manifest.intents)
        model = making.make(known, self.stand.to(device), self.settings, asked).to(device)
        _take(model, weights, self.folder)
        return model.eval()

    def _fill(self) -> dict[str, Tensor]:
        """All weights; those of the towers are put in at once, since models look at stickers when they are made."""
        try:
            weights = load_file(self.folder / bundle.WEIGHTS)
        except Exception as error:  # whatever safetensors meets in a file that is none
            raise BundleError(f"{self.folder / bundle.WEIGHTS}: cannot be read ({error})") from error
        _take(self.stand.joint, _below("joint.", weights), self.folder)
        return weights


def opened(folder: Path) -> Opened:
    """The bundle in `folder`. Raises `BundleError` for one that is incomplete or was changed."""
    manifest = bundle.read_manifest(folder)
    recipe = recipes().get(manifest.recipe)
    if recipe is None or recipe.kind != "dialogue":
        raise BundleError(f"{folder}: made by a recipe {manifest.recipe!r} that is not known here")
    try:
        settings: Training = making.for_use(recipe.checked(manifest.settings))
        return Opened(folder, manifest, settings, _shape(folder))
    except (SettingsError, Refused, OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder}: cannot be made anew ({error})") from error


def _shape(folder: Path) -> Stand:
    joint = towers.rebuilt(folder / bundle.TOWERS)
    encoder = towers.rebuilt_encoder(folder / bundle.ENCODER) if (folder / bundle.ENCODER).is_dir() else None
    if not (folder / bundle.LANGUAGE).is_dir():
        return Stand(joint, encoder)
    from ..bases.pretrained import language_model_from

    return Stand(joint, encoder, language_model_from(folder / bundle.LANGUAGE))


def _below(prefix: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}


def _take(module: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Put weights in; each place must get its own, or share its memory with one that does."""
    try:
        missing, unexpected = module.load_state_dict(dict(weights), strict=False)
    except RuntimeError as error:  # a shape that does not fit
        raise BundleError(f"{folder}: weights that are not of this model ({error})") from error
    held = module.state_dict()
    there = {values.data_ptr() for name, values in held.items() if name in weights and values.numel()}
    lost = [name for name in missing if held[name].numel() and held[name].data_ptr() not in there]
    if lost or unexpected:
        raise BundleError(f"{folder}: weights that are not of this model ({', '.join([*lost, *unexpected][:5])})")

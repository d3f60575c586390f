"""From what a run is told to a model: what it stands on, by name, folder or bundle, and the model on top of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from ...bundle import MANIFEST as RETRIEVAL
from ...training.bases import TINY
from ...training.run import Refused
from ..bases import towers
from ..bases.lora import add_lora
from ..bases.towers import Encoder, Joint, Spec
from ..data.gallery import Gallery
from ..models.emotions import Anchors
from ..models.igsr import Igsr
from ..models.int_ra import IntRa
from ..models.learning import DialogueModel
from ..models.mmbert import Mmbert
from ..models.pbr import Pbr
from ..models.phsm import Feel, feeling
from ..models.srs import Srs
from ..models.stickerllm import StickerLlm
from ..recipes import BASE, LANGUAGE_MODEL, TEXT_ENCODER
from ..settings import (
    IgsrSettings,
    IntRaSettings,
    MmbertSettings,
    PbrSettings,
    SrsSettings,
    StickerLlmSettings,
    Training,
)
from ..telling import knowing, sources
from ..telling.providers import Kind, Provided
from . import bundle

Tellers = Mapping[Kind, Provided]
"""Who says what the release does not, by kind."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What a model stands on: the two towers, and the encoder or the language model of those that have one."""

    joint: Joint
    encoder: Encoder | None = None
    language: tuple[Any, Any] | None = None

    def to(self, device: torch.device) -> Stand:
        """All of it on `device`."""
        for part in (self.joint, self.encoder, self.language and self.language[0]):
            if part is not None:
                part.to(device)
        return self


def stand(base: str, settings: Training, texts: Iterable[str], seed: int) -> Stand:
    """What a recipe of these settings stands on, by the run's base. What is tiny learns its tokenizer from `texts` and
    is random by `seed`. Raises `Refused`."""
    base, known = base or BASE, list(texts)
    joint = _joint(base, known, seed)
    joint.freeze(image=settings.freeze_image, text=settings.freeze_text)
    if settings.lora:
        add_lora(joint, settings)
    encoder = language = None
    if isinstance(settings, MmbertSettings):
        encoder = towers.build_encoder(_spec(settings.text_encoder or _beside(base, TEXT_ENCODER), seed), known)
    if isinstance(settings, StickerLlmSettings):
        spec = _spec(settings.language_model or _beside(base, LANGUAGE_MODEL), seed)
        language = towers.build_language_model(spec, known)
    return Stand(joint, encoder, language)


def _joint(base: str, texts: list[str], seed: int) -> Joint:
    folder = Path(base)
    if (folder / bundle.MANIFEST).is_file():
        from .loading import opened

        return opened(folder).with_weights().joint
    if (folder / RETRIEVAL).is_file():
        from ..bases.openclip import joint_of_bundle

        return joint_of_bundle(folder)
    return towers.build(_spec(base, seed), texts)


def _spec(base: str, seed: int) -> Spec:
    if base.startswith(("/", "./", "../")) and not Path(base).is_dir():
        raise Refused(f"{base}: there is no such folder.")
    return replace(Spec.of(base), seed=seed)


def _beside(base: str, usual: str) -> str:
    return TINY if base == TINY else usual


# --- who says what the release does not ---


def tellers(
    settings: Training, *, cache: Path | None = None, device: str = "auto", files: Mapping[str, Path] | None = None
) -> dict[Kind, Provided]:
    """The providers that a model of these settings asks. Raises `Refused` for one that is named and cannot be had."""
    named: dict[Kind, str] = {}
    if isinstance(settings, IntRaSettings):
        named |= {"knowledge": settings.knowledge_model} if settings.knowledge else {}
        named |= {"attributes": settings.attribute_model} if settings.attribute_model else {}
    if isinstance(settings, IgsrSettings) and settings.memory != "none":
        named["summary"] = settings.summary_model
    if isinstance(settings, PbrSettings) and settings.negatives == "sentiment":
        named["sentiment"] = settings.sentiment_model
    return {
        kind: sources.provider(kind, spec, pictures=files, cache=cache, device=device) for kind, spec in named.items()
    }


def _feel(told: Tellers, settings: PbrSettings) -> Feel:
    provided = told.get("sentiment") or sources.provider("sentiment")
    return feeling(
        lambda texts, language: [knowing.polarity(value.text) for value in provided(texts, language)], settings.n_turns
    )


# --- the model ---


def make(
    gallery: Gallery, on: Stand, settings: Training, told: Tellers, *, anchors: Anchors | None = None, seed: int = 0
) -> DialogueModel:
    """The model of a recipe's settings; what is random in it is so by `seed`. Raises `Refused`."""
    torch.manual_seed(seed)
    try:
        return _MAKERS[type(settings)](gallery, on, settings, told, anchors, seed)
    except ValueError as error:  # numbers that do not go with these towers
        raise Refused(f"{error}.") from error


def _int_ra(gallery: Gallery, on: Stand, settings: Any, told: Tellers, _anchors: object, _seed: int) -> DialogueModel:
    return IntRa(gallery, on.joint, settings, told.get("knowledge") or sources.provider("knowledge"))


def _igsr(gallery: Gallery, on: Stand, settings: Any, told: Tellers, _anchors: object, seed: int) -> DialogueModel:
    return Igsr(gallery, on.joint, settings, told.get("summary") or sources.provider("summary"), seed)


def _pbr(
    gallery: Gallery, on: Stand, settings: Any, told: Tellers, anchors: Anchors | None, _seed: int
) -> DialogueModel:
    return Pbr(gallery, on.joint, settings, anchors, _feel(told, settings))


def _stickerllm(gallery: Gallery, on: Stand, settings: Any, *_rest: object) -> DialogueModel:
    assert on.language is not None
    return StickerLlm(gallery, on.joint, on.language, settings)


def _srs(gallery: Gallery, on: Stand, settings: Any, *_rest: object) -> DialogueModel:
    return Srs(gallery, on.joint, settings)


def _mmbert(gallery: Gallery, on: Stand, settings: Any, *_rest: object) -> DialogueModel:
    assert on.encoder is not None
    return Mmbert(gallery, on.encoder, on.joint, settings)


_MAKERS: Final[dict[type[Training], Callable[..., DialogueModel]]] = {
    IntRaSettings: _int_ra,
    IgsrSettings: _igsr,
    PbrSettings: _pbr,
    StickerLlmSettings: _stickerllm,
    SrsSettings: _srs,
    MmbertSettings: _mmbert,
}

WITHOUT_TRAINING: Final[Mapping[type[Training], Mapping[str, Any]]] = {
    IgsrSettings: {"queue": 0},
    PbrSettings: {"emotions": 0.0, "intra": 0.0, "inter": 0.0, "negatives": "semantic"},
    SrsSettings: {"emotion_weight": 0.0},
    MmbertSettings: {"printed_weight": 0.0, "intent_weight": 0.0, "words_weight": 0.0},
}
"""What settings become where nothing is trained any more."""
TRAINING_ONLY: Final[Mapping[type[Training], tuple[str, ...]]] = {
    IgsrSettings: ("queue.",),
    PbrSettings: ("emotion.", "contrast."),
    SrsSettings: ("classify.",),
    MmbertSettings: ("guess.", "mask", "intend."),
}
"""The weights that go with it, by how their names begin."""


def for_use(settings: Training) -> Training:
    """Settings of a model that only answers: without what training alone needs."""
    return replace(settings, lora=0, **WITHOUT_TRAINING.get(type(settings), {}))


def is_for_use(settings: Training, name: str) -> bool:
    """Whether an answer takes the weights of that name."""
    return not name.startswith(TRAINING_ONLY.get(type(settings), ("\0",)))

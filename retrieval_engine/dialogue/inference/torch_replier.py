"""Answer conversations with any model, in torch: those that read conversation and sticker together among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ..data import wording
from ..data.conversations import Use
from ..data.gallery import Places
from ..models.clip import ContextClip, cosines, seen
from ..models.igsr import Igsr
from ..models.int_ra import IntRa
from ..models.learning import DialogueModel, scores_of
from ..models.mmbert import SEPARATOR, Mmbert
from ..models.pbr import Pbr
from ..models.srs import Srs
from ..models.stickerllm import StickerLlm
from .onnx_replier import notes_on, top
from .replying import Answer, Note, Remembered, Reply

SHORTLIST: Final = 200
"""Stickers that a model that reads them beside the conversation looks at; which, say the vectors of its towers."""
FIRST_LENGTH: Final = 64
"""Tokens of a conversation by which these are chosen."""


@dataclass(slots=True)
class _Drove:
    """What drove an answer, beside the scores."""

    intents: tuple[tuple[str, float], ...] = ()
    memories: tuple[Remembered, ...] = ()
    knowledge: str = ""
    query: str = ""
    searches: bool | None = None
    notes: list[str] = field(default_factory=list)


class TorchReplier:
    """A model over the stickers of its gallery, whose numbers are `ids` in the same order."""

    def __init__(self, model: DialogueModel, ids: Sequence[int], *, name: str, languages: Collection[str] = ()) -> None:
        if len(ids) != len(model.gallery):
            raise ValueError(f"{len(ids)} numbers for {len(model.gallery)} stickers")
        self.model, self._name, self._languages = model.eval(), name, languages
        self._ids = np.asarray(ids, dtype=np.int64)

    @property
    def name(self) -> str:
        """The model's."""
        return self._name

    def answer(self, asked: Sequence[Use], k: int, *, allow: Collection[int] | None = None) -> list[Answer]:
        """See `Replier`."""
        places = np.arange(len(self._ids))
        if allow is not None:
            places = np.flatnonzero(np.isin(self._ids, np.fromiter(allow, np.int64, len(allow))))
        with torch.inference_mode():
            return [self._answer(use, k, places) for use in asked]

    def _answer(self, use: Use, k: int, places: Places) -> Answer:
        drove = self._drove(use)
        chosen = self._shortlist(use, places)
        if len(chosen) < len(places):
            drove.notes.append(Note.SHORTLIST)
        scores = scores_of(self.model, [use], chosen[None])[0] if len(chosen) else np.zeros(0)
        best = top(scores, k, np.arange(len(chosen)))
        matches = self._matches(use, chosen, scores)
        replies = tuple(Reply(int(self._ids[chosen[at]]), float(scores[at]), match=matches.get(at)) for at in best)
        if isinstance(self.model, Pbr) and len(chosen) > self.model.settings.shortlist:
            drove.notes.append(Note.SHORTLIST)
        return Answer(
            replies, drove.intents, drove.memories, drove.knowledge, drove.query, drove.searches, tuple(drove.notes)
        )

    def _matches(self, use: Use, chosen: Places, scores: NDArray[np.float64]) -> dict[int, float]:
        """What PBR's matcher said of those it looked at, whose scores are 1 + cosine + its probability; of the others
        they are the cosine - 3."""
        if not isinstance(self.model, Pbr) or not len(chosen):
            return {}
        first = self.model.aligned([use], chosen[None])[0].float().cpu().numpy()
        return {int(at): float(scores[at] - 1 - first[at]) for at in np.flatnonzero(scores > -1)}

    def _shortlist(self, use: Use, places: Places) -> Places:
        if not isinstance(self.model, Srs | Mmbert) or len(places) <= SHORTLIST:
            return places
        model = self.model
        looks = model.once("first", lambda: F.normalize(seen(model.joint, model.gallery).vector, dim=-1))
        said = wording.context(use, model.gallery.conversations, model.settings.n_turns, model.joint.separator)
        found = cosines(model.joint.vectors_of([said], FIRST_LENGTH), looks, places[None])[0]
        return np.sort(np.asarray(top(found.float().cpu().numpy(), SHORTLIST, places), dtype=np.int64))

    # --- what drove it ---

    def _drove(self, use: Use) -> _Drove:
        model, told = self.model, self.model.gallery.conversations
        n_turns: int = model.settings.n_turns  # type: ignore[union-attr,assignment]  # every model has settings
        remembers = isinstance(model, Igsr) and model.settings.memory != "none"
        drove = _Drove(notes=notes_on(use, told, n_turns=n_turns, languages=self._languages, remembers=remembers))
        said = wording.context(use, told, n_turns, SEPARATOR)
        if not said:
            drove.notes.append(Note.NOTHING)
        if isinstance(model, IntRa | Igsr) and model.intents:
            drove.intents = _named(model.intents, model.intended([use])[0][0].softmax(-1).float().cpu().numpy())
        if isinstance(model, IntRa) and model.settings.knowledge:
            value = model.knowledge([wording.context(use, told, n_turns, model.joint.separator)], use.language)[0]
            drove.knowledge = value.text
            drove.notes += [Note.KNOWLEDGE] if value.by == "stub" else []
        if isinstance(model, Igsr):
            drove.memories = tuple(model.memory(use, wording.context(use, told, n_turns, model.joint.separator)))
            held = [model.memory.summary(use.earlier[one.ordinal], use.language) for one in drove.memories]
            drove.notes += [Note.SUMMARY] if any(value.by == "stub" for value in held) else []
        if isinstance(model, StickerLlm):
            drove.query = wording.spoken(use.turns(n_turns), told, SEPARATOR, speakers=n_turns > 1)
            drove.searches = model.searches([drove.query], prefix=False)[0]
        if isinstance(model, ContextClip | IntRa | Igsr | Pbr) and self._is_cut(model, said):
            drove.notes.append(Note.LENGTH)
        return drove

    @staticmethod
    def _is_cut(model: ContextClip | IntRa | Igsr | Pbr, said: str) -> bool:
        length = model.settings.length
        return model.joint.tokenise([said], length + 1).ids.shape[1] > length


def _named(names: Sequence[str], shares: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-shares, kind="stable")
    return tuple((names[at], float(shares[at])) for at in order)

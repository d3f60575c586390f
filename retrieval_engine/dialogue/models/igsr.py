"""IGSR: the sticker that answers a chat with a history. What is remembered of earlier sessions helps to say what is
meant. (MultiChat)

This is the model the paper means: the released code maps three copies of the text to the picture's width with weights
that are random at every call, leaves the intent's loss out, and compares one pair at a time, which is no comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...losses import info_nce
from ..bases.towers import Joint, Seen
from ..data import wording
from ..data.conversations import Sticker, Use
from ..data.gallery import Gallery, Places
from ..settings import IgsrSettings
from ..telling.providers import Provided
from .clip import cosines, seen
from .int_ra import IGNORED
from .learning import DialogueModel
from .remembering import MemoryBank


class Igsr(DialogueModel):
    """score = cos(W_r [memory; context], picture)."""

    def __init__(
        self, gallery: Gallery, joint: Joint, settings: IgsrSettings, summaries: Provided, seed: int = 0
    ) -> None:
        super().__init__(gallery)
        self.joint, self.settings = joint, settings
        self.memory = MemoryBank(settings, summaries, self._vector_of, seed)
        self.intents = gallery.conversations.intents
        self.classify = nn.Linear(2 * joint.width, len(self.intents))
        self.carry = nn.Linear(2 * joint.width, joint.width)
        with torch.no_grad():
            names = joint.vectors_of(self.intents, 16) if self.intents else torch.zeros(0, joint.width)
        self.register_buffer("labels", names)
        self.queue = Queue(settings.queue, joint.width)

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """L = L_contrast + weight x L_intent: symmetric InfoNCE over the batch and the queue, and the cross entropy of
        the intent. Near duplicates and what answers as well are no negatives, nor is, with `mask_intent`, what is used
        for the same."""
        golds = self.gallery.conversations.golds(uses)
        logits, wanted = self.intended(uses)
        images = F.normalize(self.joint.see(self.gallery.drawn(golds, rng)).vector, dim=-1)
        past, past_places = self.queue.held()
        rows = torch.cat([images, past.to(images)])
        places = [*golds, *past_places]
        same = self.gallery.same(places, golds, intent=self.settings.mask_intent)
        same = (same | self.gallery.answers(uses, places).T).to(images.device)
        positive = torch.eye(len(rows), len(uses), dtype=torch.bool, device=images.device)
        contrast = info_nce(rows, wanted, self.joint.scale.exp(), positive, ignored=same)
        self.queue.came(images, golds)
        intents = self._intents_of(uses)
        if not self.settings.intent_weight or bool((intents == IGNORED).all()):
            return {"loss": contrast, "contrast": contrast}
        intent = F.cross_entropy(logits, intents, ignore_index=IGNORED)
        return {"loss": contrast + self.settings.intent_weight * intent, "contrast": contrast, "intent": intent}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """Cosines."""
        looks = self.once("looks", lambda: self.show(seen(self.joint, self.gallery), self.gallery.stickers))
        return cosines(self.intended(uses)[1], looks, candidates)

    def show(self, looks: Seen, stickers: Sequence[Sticker]) -> Tensor:
        """[n, d] of length 1: stickers, of which their looks alone count."""
        return F.normalize(looks.vector, dim=-1)

    def moved(self) -> None:
        """The step's stickers join the queue."""
        super().moved()
        self.queue.take_in()

    def intended(self, uses: Sequence[Use]) -> tuple[Tensor, Tensor]:
        """(logits of the intent [n, intents], z [n, d] of length 1)."""
        settings, told = self.settings, self.gallery.conversations
        said = [wording.context(use, told, settings.n_turns, self.joint.separator) for use in uses]
        context = self.joint.vectors_of(said, settings.length)
        memories = [self.memory(use, text) for use, text in zip(uses, said, strict=True)]
        recalled = [self.joint.separator.join(memory.summary for memory in own) for own in memories]
        return self.combine(self._recalled(recalled, context), context)

    def combine(self, recalled: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """(logits of the intent, z of length 1) from R_I = [R_m; R_c], both [n, d]."""
        both = torch.cat([recalled, context], dim=1)
        logits: Tensor = self.classify(both)
        wanted = self.carry(both)
        if self.settings.with_label and self.settings.intent_weight:
            wanted = wanted + logits.softmax(-1) @ self.labels  # type: ignore[operator]
        return logits, F.normalize(wanted, dim=-1)

    def _recalled(self, texts: Sequence[str], like: Tensor) -> Tensor:
        """R_m, [n, d]: zero where nothing is remembered."""
        there = [at for at, text in enumerate(texts) if text]
        rows = torch.zeros_like(like)
        if not there:
            return rows
        vectors = self.joint.vectors_of([texts[at] for at in there], self.settings.memory_length)
        return rows.index_copy(0, torch.tensor(there, device=rows.device), vectors)

    def _vector_of(self, text: str) -> NDArray[np.float32]:
        with torch.no_grad():
            return self.joint.vectors_of([text], self.settings.memory_length)[0].float().cpu().numpy()

    def _intents_of(self, uses: Sequence[Use]) -> Tensor:
        number = {name: at for at, name in enumerate(self.intents)}
        return torch.tensor([number.get(use.intent or "", IGNORED) for use in uses], device=self.joint.device)


class Queue(nn.Module):
    """The pictures of past stickers as further negatives (He et al. 2020, "Momentum contrast"): exact while the picture
    tower is frozen, a little stale while it learns. It changes when a step is taken, not when its loss is computed, so
    that a step can be computed again."""

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(size, width))
        self.register_buffer("places", torch.full((size,), -1, dtype=torch.int64))
        self._new: tuple[Tensor, Tensor] | None = None

    def held(self) -> tuple[Tensor, list[int]]:
        """Vectors [m, d] and the stickers they are of."""
        vectors, places = self.vectors, self.places
        assert isinstance(vectors, Tensor)
        assert isinstance(places, Tensor)
        there = places >= 0
        return vectors[there], places[there].tolist()

    def came(self, vectors: Tensor, places: Sequence[int]) -> None:
        """What a step saw."""
        self._new = vectors.detach(), torch.tensor(places, device=vectors.device)

    def take_in(self) -> None:
        """The newest come first and the oldest go."""
        if self._new is None:
            return
        for name, new in zip(("vectors", "places"), self._new, strict=True):
            held: Tensor = getattr(self, name)
            held.copy_(torch.cat([new.to(held), held])[: len(held)])
        self._new = None

"""MMBERT: one encoder reads the conversation, the words on a sticker and its picture together, and says whether they go
together. (Zhang et al. 2022, "Selecting stickers in open-domain dialogue through multitask learning")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...training.devices import autocast
from ..bases.towers import Encoder, Joint, Tokens
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..data.wording import context
from ..settings import MmbertSettings
from .clip import seen
from .learning import DialogueModel
from .sampling import Negatives

SEPARATOR: Final = " / "
PRINTED_LENGTH: Final = 11
"""Tokens of the words on a sticker: ten, and one where they begin."""
MASKED: Final = 0.15
IGNORED: Final = -100
AT_ONCE: Final = 256


class _Pair(NamedTuple):
    """What the encoder said of n pairs: `match` [n, 2], `picture` [n, D] at the picture's slot, and the `states` of
    the conversation [n, L, D] and of the words on the sticker [n, O, D]."""

    match: Tensor
    picture: Tensor
    said: Tensor
    printed: Tensor


class Mmbert(DialogueModel):
    """score = P(they go together | [conversation; words on the sticker; picture])."""

    def __init__(self, gallery: Gallery, encoder: Encoder, joint: Joint, settings: MmbertSettings) -> None:
        super().__init__(gallery)
        joint.freeze(image=True, text=True)
        self.encoder, self.joint, self.settings = encoder, joint, settings
        self._negatives = Negatives(gallery)
        train = {gallery.conversations.place[use.gold] for use in gallery.conversations.of("train")}
        self._learned_from = np.array(sorted(train), dtype=np.int64)
        self.intents = gallery.conversations.intents
        width = encoder.width
        self.picture, self.side = nn.Linear(joint.width, width), nn.Parameter(0.02 * torch.randn(width))
        self.decide = nn.Linear(width, 2)
        self.intend = nn.Linear(width, len(self.intents)) if settings.intent_weight and self.intents else None
        guesses = settings.printed_weight or settings.words_weight
        self.mask = nn.Parameter(0.02 * torch.randn(width)) if guesses else None
        self.guess = nn.Linear(width, width) if guesses else None
        if not encoder.words.weight.requires_grad:
            raise ValueError("the encoder is frozen: MMBERT trains it")

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """(CE of the right pair + CE of one with a wrong sticker) / 2, and the three further tasks by their weights."""
        golds = self.gallery.conversations.golds(uses)
        answers = self.gallery.answers(uses, self._learned_from).numpy()
        wrong = [
            int(self._negatives.anywhere(gold, 1, rng, self._learned_from[~own])[0])
            for gold, own in zip(golds, answers, strict=True)
        ]
        said = self._said(uses)
        right, other = self._read(said, golds), self._read(said, wrong)
        yes = torch.ones(len(uses), dtype=torch.int64, device=said.ids.device)
        match = (F.cross_entropy(right.match, yes) + F.cross_entropy(other.match, 0 * yes)) / 2
        terms = {"match": match}
        if self.intend is not None:
            terms["intent"] = self._intent(right.picture, uses)
        if self.guess is not None:
            terms |= self._guesses(said, golds, rng)
        loss = match + sum(getattr(self.settings, f"{name}_weight") * terms[name] for name in terms if name != "match")
        return {"loss": loss, **terms}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """The logarithm of the odds; each pair goes through the encoder."""
        said, rows = self._said(uses), []
        for number, own in enumerate(candidates):
            told = Tokens(said.ids[number : number + 1], said.mask[number : number + 1])
            found = [self._read(told, own[start : start + AT_ONCE]).match for start in range(0, len(own), AT_ONCE)]
            logits = torch.cat(found)
            rows.append(logits[:, 1] - logits[:, 0])
        return torch.stack(rows)

    # --- the further tasks ---

    def _intent(self, states: Tensor, uses: Sequence[Use]) -> Tensor:
        assert self.intend is not None
        number = {name: at for at, name in enumerate(self.intents)}
        labels = torch.tensor([number.get(use.intent or "", IGNORED) for use in uses], device=states.device)
        return _entropy(self.intend(states), labels)

    def _guesses(self, said: Tokens, golds: Sequence[int], rng: np.random.Generator) -> dict[str, Tensor]:
        """Some words of the conversation and all on the sticker are hidden, and guessed."""
        printed = self._printed(golds)
        hidden = torch.from_numpy(rng.random(said.ids.shape) < MASKED).to(said.mask.device) & said.mask
        read = self._read(said, golds, hidden=(hidden, printed.mask))
        return {
            "words": self._guessed(read.said, said.ids.masked_fill(~hidden, IGNORED)),
            "printed": self._guessed(read.printed, printed.ids.masked_fill(~printed.mask, IGNORED)),
        }

    def _guessed(self, states: Tensor, wanted: Tensor) -> Tensor:
        assert self.guess is not None
        chosen = wanted != IGNORED
        return _entropy(self.guess(states[chosen]) @ self.encoder.words.weight.T, wanted[chosen])

    # --- the stream ---

    def _said(self, uses: Sequence[Use]) -> Tokens:
        told, device = self.gallery.conversations, self.side.device
        texts = [context(use, told, self.settings.n_turns, SEPARATOR) for use in uses]
        return Tokens(*(field.to(device) for field in self.encoder.tokenise(texts, self.settings.length)))

    def _printed(self, places: Sequence[int] | Places) -> Tokens:
        texts = [sticker.printed_text for sticker in self.gallery.of(places)]
        return Tokens(*(field.to(self.side.device) for field in self.encoder.tokenise(texts, PRINTED_LENGTH)))

    def _read(
        self, said: Tokens, places: Sequence[int] | Places, *, hidden: tuple[Tensor, Tensor] | None = None
    ) -> _Pair:
        """Conversations [n or 1] with stickers at `places` [n]; one learned vector stands for `hidden` words."""
        looks, printed, n = self._looks(), self._printed(places), len(places)
        words, on_sticker = self.encoder.words(said.ids), self.encoder.words(printed.ids)
        if hidden is not None and self.mask is not None:
            words = torch.where(hidden[0][..., None], self.mask, words)
            on_sticker = torch.where(hidden[1][..., None], self.mask, on_sticker)
        picture = self.picture(looks[torch.as_tensor(np.asarray(places), device=looks.device)])[:, None]
        stream = torch.cat([words.expand(n, -1, -1), on_sticker + self.side, picture + self.side], dim=1)
        mask = torch.cat([said.mask.expand(n, -1), printed.mask, printed.mask.new_ones(n, 1)], dim=1)
        length = said.ids.shape[1]
        with autocast(self.device, self.dtype):
            states = self.encoder.encode(stream, mask)
        states = states.float()
        return _Pair(self.decide(states[:, 0]), states[:, -1], states[:, :length], states[:, length:-1])

    def _looks(self) -> Tensor:
        """[G, d] of the frozen CLIP: the same for ever."""
        if not hasattr(self, "_seen"):
            self._seen = F.normalize(seen(self.joint, self.gallery).vector, dim=-1)
        return self._seen


def _entropy(logits: Tensor, wanted: Tensor) -> Tensor:
    """The mean cross entropy over what is wanted; zero where nothing is."""
    if not bool((wanted != IGNORED).any()):
        return logits.sum() * 0
    return F.cross_entropy(logits, wanted, ignore_index=IGNORED)

"""Int-RA: the sticker that answers a group chat, by what its sender means to do and by what stickers show. (StickerInt)

Knowledge about the speaker is read with the conversation and both say what the speaker intends; what a sticker's
attributes say is looked for in its picture; the two meet in one space. This is the model the paper means: in the
released code the attention is made anew, with random weights, at every call, and the picture is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..bases.towers import Joint, Seen
from ..data import wording
from ..data.conversations import ATTRIBUTES, Sticker, Use
from ..data.gallery import Gallery, Places
from ..settings import IntRaSettings
from ..telling.providers import Provided
from .clip import cosines, seen
from .learning import DialogueModel

ATTRIBUTE_LENGTH: Final = 16
"""Tokens of one attribute."""
IGNORED: Final = -100


class IntRa(DialogueModel):
    """score = cos(intention(conversation, knowledge), relation(attributes, picture))."""

    def __init__(self, gallery: Gallery, joint: Joint, settings: IntRaSettings, knowledge: Provided) -> None:
        super().__init__(gallery)
        joint.leave_out(image_projection=True, scale=True)
        self.joint, self.settings, self.knowledge = joint, settings, knowledge
        self.intents = gallery.conversations.intents
        self.intention = Intention(joint, self.intents)
        self.look = nn.Linear(joint.image_width, joint.width)
        self.describe = nn.Linear(joint.text_width, joint.width) if settings.attributes else None
        self.missing = nn.Parameter(0.02 * torch.randn(len(ATTRIBUTES), joint.width)) if settings.attributes else None
        self.relation = RELATIONS[settings.relation](joint.width, settings.heads) if settings.attributes else None

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """L = L_retrieval + weight x L_intent. (Sections 6.1, 6.2)"""
        golds = self.gallery.conversations.golds(uses)
        intents = self._intents_of(uses)
        logits, wanted = self.intended(uses, told=self._told(intents, rng))
        shown = self.show(self.joint.see(self.gallery.drawn(golds, rng)), self.gallery.of(golds))
        same = (self.gallery.same(golds, golds, intent=True) | self.gallery.answers(uses, golds)).to(shown.device)
        retrieval = margin_loss(wanted @ shown.T, same, self.settings.margin, hardest=self.settings.hardest)
        if not self.settings.intent_weight or bool((intents == IGNORED).all()):
            return {"loss": retrieval, "retrieval": retrieval}
        intent = F.cross_entropy(logits, intents, ignore_index=IGNORED)
        return {"loss": retrieval + self.settings.intent_weight * intent, "retrieval": retrieval, "intent": intent}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """Cosines; a sticker's side hangs on nothing else and is kept."""
        _, wanted = self.intended(uses)
        return cosines(wanted, self.once("shown", self._show_all), candidates)

    def intent_logits(self, uses: Sequence[Use]) -> Tensor:
        """[n, intents] of what the senders mean, in the order of `intents`."""
        return self.intended(uses)[0]

    # --- the conversation's side ---

    def intended(self, uses: Sequence[Use], told: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(logits of the intent [n, intents], y [n, d] of length 1); `told` gives some their intent."""
        heard = self.joint.read(self.joint.tokenise(self._texts(uses), self.settings.length)).vector
        logits, wanted = self.intention(heard, told)
        return logits, F.normalize(wanted, dim=-1)

    def _texts(self, uses: Sequence[Use]) -> list[str]:
        told, separator = self.gallery.conversations, self.joint.separator
        said = [wording.context(use, told, self.settings.n_turns, separator) for use in uses]
        if not self.settings.knowledge:
            return said
        asked = [wording.asked(use, told, self.settings.n_turns) for use in uses]
        known = [self.knowledge([text], use.language)[0].text for text, use in zip(asked, uses, strict=True)]
        return [wording.with_knowledge(text, more, separator) for text, more in zip(said, known, strict=True)]

    def _intents_of(self, uses: Sequence[Use]) -> Tensor:
        number = {name: at for at, name in enumerate(self.intents)}
        return torch.tensor([number.get(use.intent or "", IGNORED) for use in uses], device=self.joint.device)

    def _told(self, intents: Tensor, rng: np.random.Generator) -> Tensor:
        """Of each conversation its intent where it is to be told, else `IGNORED`."""
        is_told = torch.from_numpy(rng.random(len(intents)) < self.settings.teacher_forcing).to(intents.device)
        return torch.where(is_told, intents, IGNORED)

    # --- the stickers' side ---

    def _show_all(self) -> Tensor:
        places = np.arange(len(self.gallery))
        looks = seen(self.joint, self.gallery)
        parts = [
            self.show(Seen(*(field[some] for field in looks)), self.gallery.of(some))
            for some in np.array_split(places, 8)
            if len(some)
        ]
        return torch.cat(parts)

    def show(self, looks: Seen, stickers: Sequence[Sticker]) -> Tensor:
        """H_R of stickers, [n, d] of length 1."""
        if self.relation is None:
            return F.normalize(self.look(looks.pooled), dim=-1)
        attributes = self._attributes(stickers)
        return F.normalize(self.relation(attributes, self.look(looks.pooled), self.look(looks.tokens)), dim=-1)

    def heat(self, looks: Seen, stickers: Sequence[Sticker]) -> Tensor | None:
        """[n, P]: how much attributes look at each place of the picture; none without attributes."""
        if self.relation is None:
            return None
        weights: Tensor = self.relation.attention(self._attributes(stickers), self.look(looks.tokens))
        return weights.mean(1).amax(1)

    def _attributes(self, stickers: Sequence[Sticker]) -> Tensor:
        """A_k, [n, 4, d]: a learned vector for one that is absent, never an empty text through the tower."""
        assert self.describe is not None
        assert self.missing is not None
        told = [text for sticker in stickers for text in wording.attributes(sticker)]
        there = [at for at, text in enumerate(told) if text]
        rows = self.missing.repeat(len(stickers), 1)
        if there:
            tokens = self.joint.tokenise([told[at] or "" for at in there], ATTRIBUTE_LENGTH)
            at = torch.tensor(there, device=rows.device)
            rows = rows.index_copy(0, at, self.describe(self.joint.read(tokens).pooled))
        return rows.view(len(stickers), len(ATTRIBUTES), -1)


class Intention(nn.Module):
    """What the speaker intends, and the vector by which a sticker is looked for.

    p = softmax(W_i h + b); y = W_y h + p . lab, with `lab` the text vectors of the intents' names as the tower reads
    them to begin with. The paper looks up the most likely label alone, through which no gradient passes, and after
    which all conversations of one intent would find the same stickers. (Section 6.1)
    """

    def __init__(self, joint: Joint, intents: Sequence[str]) -> None:
        super().__init__()
        self.classify = nn.Linear(joint.width, len(intents))
        self.carry = nn.Linear(joint.width, joint.width)
        with torch.no_grad():
            names = joint.vectors_of(list(intents), ATTRIBUTE_LENGTH) if intents else torch.zeros(0, joint.width)
        self.register_buffer("labels", names)

    def forward(self, heard: Tensor, told: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(logits [n, intents], y [n, d]) of text vectors [n, d]; `told` int64 [n] gives some their intent."""
        logits: Tensor = self.classify(heard)
        believed = logits.softmax(-1)
        if told is not None and logits.shape[1]:
            right = F.one_hot(told.clamp(min=0), logits.shape[1]).to(believed)
            believed = torch.where((told != IGNORED)[:, None], right, believed)
        return logits, self.carry(heard) + believed @ self.labels  # type: ignore[operator]


class _Attention(nn.Module):
    """Where in a picture each attribute looks, by head: softmax((h_k W_Q)(h_I W_K)^T / sqrt(d_h))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not share {width} numbers evenly")
        self.heads = heads
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)

    def split(self, states: Tensor) -> Tensor:
        """[n, m, d] to [n, heads, m, d / heads]."""
        return states.view(*states.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, attributes: Tensor, places: Tensor) -> Tensor:
        """[n, heads, 4, P]."""
        queries, keys = self.split(self.query(attributes)), self.split(self.key(places))
        logits: Tensor = queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5
        return logits.softmax(-1)


class ResidualRelation(nn.Module):
    """H_R = h + max over k of M_k + max over k of h_k, with M_k what attribute k finds in the picture."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention, self.value = _Attention(width, heads), nn.Linear(width, width, bias=False)

    def forward(self, attributes: Tensor, whole: Tensor, places: Tensor) -> Tensor:
        """[n, d] of attributes [n, 4, d], the picture [n, d] and its places [n, P, d]."""
        found = self.attention(attributes, places) @ self.attention.split(self.value(places))
        shown: Tensor = whole + found.transpose(1, 2).flatten(2).amax(1) + attributes.amax(1)
        return shown


class ScalarRelation(nn.Module):
    """H_R = sum over p of m_p h_p / sum of m, with m_p = max over k of the mean of the heads' attention, times P: a
    heat map over the picture, as the paper's equation 12 and its figure have it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = _Attention(width, heads)

    def forward(self, attributes: Tensor, whole: Tensor, places: Tensor) -> Tensor:
        """[n, d]; `whole` is not used."""
        heat: Tensor = self.attention(attributes, places).mean(1).amax(1) * places.shape[1]
        return (heat[..., None] * places).sum(1) / heat.sum(1, keepdim=True)


RELATIONS: Final[dict[str, type[ResidualRelation | ScalarRelation]]] = {
    "residual": ResidualRelation,
    "scalar": ScalarRelation,
}


def margin_loss(cosines: Tensor, same: Tensor, margin: float, *, hardest: bool = True) -> Tensor:
    """Mean over i of [m - s_ii + max over j of s_ij]+ + [m - s_ii + max over j of s_ji]+, j not the same as i; the sum
    over j instead of the max without `hardest`. `cosines` [n, n] with the right pairs on the diagonal, `same` bool.

    Equation 14 of the paper, with the sign that cosines need: as printed it grows with the right pair's similarity.
    """
    right = cosines.diagonal()
    terms = []
    for wrong, skipped in ((cosines, same), (cosines.T, same.T)):
        gaps = (margin - right[:, None] + wrong).masked_fill(skipped, -torch.inf).clamp(min=0)
        terms.append(gaps.amax(1) if hardest else gaps.sum(1))
    return (terms[0] + terms[1]).mean()

"""PBR, Perceive before Respond: the sticker of a pack that answers a dialogue, by a model that has learned to see what
stickers feel.

Two towers align dialogues and stickers, and a layer of attention between them says whether a pair matches. While it
learns, anchors of a teacher of emotions are distilled into the picture tower (EKD), stickers are told apart within and
between packs (TSCL), and wrong stickers for the matcher may be drawn by their sentiment (PHSM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..bases.towers import Joint, Seen
from ..data.conversations import Sticker, Use
from ..data.gallery import Gallery, Places
from ..data.wording import context
from ..settings import PbrSettings
from .clip import cosines, seen
from .emotions import Anchors, by_emotion, polarity_of
from .learning import DialogueModel
from .phsm import Feel, distance, one_of_each, weights_by_row, wrong_weights
from .sampling import Negatives
from .tscl import Contrast, contrasts

TEACHER_UNTIL: Final = 0.2
"""Share of the training in which polarities come from the teacher; then from the student."""


class Pbr(DialogueModel):
    """Stage 1: cos(dialogue, sticker). Stage 2, for the best of these: the matcher. (Sections 8.1, 8.7)"""

    def __init__(
        self, gallery: Gallery, joint: Joint, settings: PbrSettings, anchors: Anchors | None, feel: Feel
    ) -> None:
        super().__init__(gallery)
        self.joint, self.settings, self._feel = joint, settings, feel
        self._negatives = Negatives(gallery)
        self.matcher = Matcher(joint, settings.layers)
        self.anchors = anchors
        if settings.emotions:
            if anchors is None:
                raise ValueError("to distil emotions there must be anchors of a teacher")
            self.emotion = nn.Linear(joint.image_width, len(anchors.centres))
        self.contrast = Contrast(joint.image_width) if settings.intra or settings.inter else None

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """L = L_ITA + L_SDM + alpha L_EKD + beta L_intra + gamma L_inter."""
        settings = self.settings
        beside = self._beside(uses, rng)
        looks = self.joint.see(self.gallery.drawn(beside.flat, rng))
        words = self._read(uses)
        images, texts = F.normalize(looks.vector, dim=-1), F.normalize(words.vector, dim=-1)
        answers = self.gallery.answers(uses, beside.flat).to(images.device)
        terms = {
            "align": self._align(images, texts, beside, answers),
            "match": self._match(uses, looks, words, beside, answers, progress),
        }
        loss = terms["align"] + terms["match"]
        if settings.emotions:
            terms["emotions"] = self._distil(looks, beside.flat)
            loss = loss + settings.emotions * terms["emotions"]
        if self.contrast is not None:
            other = self.joint.see(self.gallery.drawn(beside.flat, rng))
            packs = torch.from_numpy(self.gallery.packs[beside.flat])
            views = self.contrast(looks.pooled), self.contrast(other.pooled)
            terms |= contrasts(*views, beside.of, packs.to(images.device), self._same(beside.flat, beside.flat))
            loss = loss + sum(getattr(settings, name) * terms[name] for name in ("intra", "inter"))
        return {"loss": loss, **terms}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """1 + cosine + the matcher's probability for the `shortlist` best by their vectors; below, the others by
        cosine. Both stages have a say, as in BLIP (Li et al. 2022): vectors are learned long before the matcher is."""
        looks = self.once("looks", lambda: seen(self.joint, self.gallery))
        words = self._read(uses)
        first = cosines(F.normalize(words.vector, dim=-1), F.normalize(looks.vector, dim=-1), candidates)
        best = first.topk(min(self.settings.shortlist, candidates.shape[1]), dim=1).indices
        places = torch.from_numpy(candidates).to(best.device).gather(1, best)
        found = torch.stack([self._matched(words.of(row), looks, own) for row, own in enumerate(places)])
        return (first - 3).scatter(1, best, 1 + found + first.gather(1, best))

    def aligned(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """The cosines of the first stage alone."""
        looks = self.once("looks", lambda: seen(self.joint, self.gallery))
        return cosines(self.heard(uses), self.show(looks, self.gallery.stickers), candidates)

    def heard(self, uses: Sequence[Use]) -> Tensor:
        """[n, d] of length 1: the dialogues, as the first stage has them."""
        return F.normalize(self._read(uses).vector, dim=-1)

    def show(self, looks: Seen, stickers: Sequence[Sticker]) -> Tensor:
        """[n, d] of length 1: stickers, of which their looks alone count."""
        return F.normalize(looks.vector, dim=-1)

    def _matched(self, words: Words, looks: Seen, places: Tensor) -> Tensor:
        """[m]: how likely each of the stickers at `places` matches one dialogue."""
        logits: Tensor = self.matcher(words.repeated(len(places)), looks.tokens[places])
        return logits.softmax(-1)[:, 1]

    # --- what stands beside each other ---

    def _read(self, uses: Sequence[Use]) -> Words:
        told = self.gallery.conversations
        said = [context(use, told, self.settings.n_turns, self.joint.separator) for use in uses]
        tokens = self.joint.tokenise(said, self.settings.length)
        read = self.joint.read(tokens)
        return Words(read.vector, read.tokens, tokens.mask.to(read.vector.device))

    def _beside(self, uses: Sequence[Use], rng: np.random.Generator) -> Beside:
        """Each dialogue's right sticker, and others of its pack."""
        flat, of, right = list[int](), list[int](), list[int]()
        for number, gold in enumerate(self.gallery.conversations.golds(uses)):
            right.append(len(flat))
            others = self._negatives.in_pack(gold, self.settings.candidates - 1, rng)
            flat += [gold, *others.tolist()]
            of += [number] * (1 + len(others))
        device = self.joint.device
        return Beside(flat, torch.tensor(of, device=device), torch.tensor(right, device=device))

    def _same(self, rows: Sequence[int], columns: Sequence[int]) -> Tensor:
        return self.gallery.same(rows, columns).to(self.joint.device)

    # --- the losses ---

    def _align(self, images: Tensor, texts: Tensor, beside: Beside, answers: Tensor) -> Tensor:
        """L_ITA = (L_I2T + L_T2I) / 2: the right sticker among the dialogues of the batch, and the dialogue among the
        stickers of its own pack. (Equations 3 and 4; the temperature they lack is learned.) `answers` [B, M] are pairs
        that are not wrong."""
        numbers = torch.arange(len(texts), device=texts.device)
        logits = self.joint.scale.exp() * texts @ images.T
        skipped = answers.index_put((numbers, beside.right), torch.tensor(False, device=answers.device))
        own = beside.of[None] == numbers[:, None]
        to_image = F.cross_entropy(logits.masked_fill(~own | skipped, -torch.inf), beside.right)
        to_text = logits.masked_fill(skipped, -torch.inf)[:, beside.right].T
        return (F.cross_entropy(to_text, numbers) + to_image) / 2

    def _match(
        self, uses: Sequence[Use], looks: Seen, words: Words, beside: Beside, answers: Tensor, progress: float
    ) -> Tensor:
        """L_SDM: the cross entropy of right pairs, of dialogues with a wrong sticker of the whole batch, and of right
        stickers with a wrong dialogue."""
        stickers, dialogues = self.draw_wrong(uses, looks, words, beside, answers, progress)
        right, numbers = beside.right, torch.arange(len(uses), device=beside.right.device)
        yes, no = torch.ones_like(right), torch.zeros_like(right)
        pairs = ((numbers, right, yes), (numbers, stickers, no), (dialogues, right, no))
        text, image, target = (torch.cat(side) for side in zip(*pairs, strict=True))
        there = (text >= 0) & (image >= 0)
        return F.cross_entropy(self.matcher(words.of(text[there]), looks.tokens[image[there]]), target[there])

    def draw_wrong(
        self, uses: Sequence[Use], looks: Seen, words: Words, beside: Beside, answers: Tensor, progress: float
    ) -> tuple[Tensor, Tensor]:
        """int64 [B] each: for every dialogue a wrong sticker, as a place in `beside.flat`, and for every right sticker
        a wrong dialogue; -1 where there is none. Nothing of it has a gradient.

        What people said answers as well is never wrong (`answers` [B, M]): the better the likeness by which wrong ones
        are drawn, the more often it would be drawn."""
        settings = self.settings
        with torch.no_grad():
            likeness = F.normalize(words.vector, dim=-1) @ F.normalize(looks.vector, dim=-1).T
            apart = None
            if (kappa := self.kappa(progress)) > 0:
                apart = distance([self._feel(use) for use in uses], self.polarities(looks, beside.flat, progress))
            logits = likeness / settings.sampling_temperature if settings.negatives != "random" else 0 * likeness
            weights = wrong_weights(logits, apart, answers, kappa)
            back = weights_by_row(weights.log()[:, beside.right].T)
        return one_of_each(weights), one_of_each(back)

    def kappa(self, progress: float) -> float:
        """How much sentiment counts at this share of the training: a straight ramp from 0 to `kappa`."""
        settings = self.settings
        if settings.negatives != "sentiment":
            return 0.0
        done = (progress - settings.ramp_from) / max(settings.ramp_to - settings.ramp_from, 1e-9)
        return settings.kappa * min(1.0, max(0.0, done))

    def polarities(self, looks: Seen, places: Sequence[int], progress: float) -> Tensor:
        """[M]: how positive stickers are, by the teacher to begin with, then by the student."""
        assert self.anchors is not None
        if progress < TEACHER_UNTIL or not self.settings.emotions:
            logits = self.anchors.targets[torch.tensor(places)].clamp(min=1e-12).log()
        else:
            logits = self.emotion(looks.pooled)
        return polarity_of(by_emotion(logits, self.anchors.emotion)).to(looks.pooled.device)

    def _distil(self, looks: Seen, places: Sequence[int]) -> Tensor:
        """L_EKD = KL(teacher || student) over the anchors, of every sticker."""
        assert self.anchors is not None
        wanted = self.anchors.targets[torch.tensor(places)].to(looks.pooled)
        return F.kl_div(self.emotion(looks.pooled).log_softmax(-1), wanted, reduction="batchmean")


@dataclass(frozen=True, slots=True)
class Beside:
    """The stickers of a batch: `flat` [M] places in the gallery, `of` [M] the dialogue that each stands beside, `right`
    [B] where in `flat` each dialogue's right one is."""

    flat: list[int]
    of: Tensor
    right: Tensor


@dataclass(frozen=True, slots=True)
class Words:
    """Dialogues: `vector` [n, d], `tokens` [n, L, Dt], `mask` bool [n, L]."""

    vector: Tensor
    tokens: Tensor
    mask: Tensor

    def of(self, rows: Tensor | int) -> Words:
        """Some of them."""
        chosen = torch.as_tensor(rows, device=self.mask.device).reshape(-1)
        return Words(self.vector[chosen], self.tokens[chosen], self.mask[chosen])

    def repeated(self, n: int) -> Words:
        """The only one, `n` times."""
        return self.of(torch.zeros(n, dtype=torch.int64))


class Matcher(nn.Module):
    """Whether a dialogue and a sticker match: the dialogue's words look at the sticker's places, layer by layer."""

    def __init__(self, joint: Joint, layers: int) -> None:
        super().__init__()
        width = joint.text_width
        self.carry = nn.Linear(joint.image_width, width)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(
                width, max(4, width // 64), 2 * width, dropout=0.0,
                activation="gelu", batch_first=True, norm_first=True,
            )
            for _ in range(layers)
        )  # fmt: skip
        self.norm, self.decide = nn.LayerNorm(width), nn.Linear(width, 2)

    def forward(self, words: Words, places: Tensor) -> Tensor:
        """[n, 2]: no and yes, of n pairs; `places` [n, P, Dv]."""
        states, memory, padded = words.tokens, self.carry(places), ~words.mask
        for layer in self.layers:
            states = layer(states, memory, tgt_key_padding_mask=padded)
        held = words.mask[..., None]
        mean = (self.norm(states) * held).sum(1) / held.sum(1).clamp(min=1)
        logits: Tensor = self.decide(mean)
        return logits

"""SRS: the sticker of a pack that answers, by how each utterance meets each place of the picture. (Gao et al. 2020,
"Learning to respond with stickers")

Its Inception tower and word embeddings are the two towers that all models here share; what makes it SRS, the meeting of
words and places and the two readings of the turns, is as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..bases.towers import Joint, Seen
from ..data.conversations import EMOTIONS, Use
from ..data.gallery import Gallery, Places
from ..data.wording import spoken
from ..settings import SrsSettings
from .clip import seen
from .learning import DialogueModel
from .sampling import Negatives

AT_ONCE = 64


class Srs(DialogueModel):
    """score = reader(turns as each of them meets the sticker)."""

    def __init__(self, gallery: Gallery, joint: Joint, settings: SrsSettings) -> None:
        super().__init__(gallery)
        width = joint.width
        self.joint, self.settings = joint, settings
        joint.leave_out(image_projection=True, text_projection=True, scale=True)
        self._negatives = Negatives(gallery)
        self.words, self.places = nn.Linear(joint.text_width, width), nn.Linear(joint.image_width, width)
        self.meet = nn.Sequential(nn.Linear(5 * width, width), nn.GELU())
        self.reader = TurnReader(width)
        self.classify = nn.Linear(joint.image_width, len(EMOTIONS)) if settings.emotion_weight else None

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """The mean over wrong stickers of max(0, 1 - (s_right - s_wrong)), and the cross entropy of the emotion."""
        golds = self.gallery.conversations.golds(uses)
        wrong = [self._negatives.in_pack(gold, self.settings.candidates - 1, rng) for gold in golds]
        longest = max(map(len, wrong))
        rows = [[gold, *own.tolist(), *[gold] * (longest - len(own))] for gold, own in zip(golds, wrong, strict=True)]
        is_wrong = torch.tensor([[at < len(own) for at in range(longest)] for own in wrong], device=self.joint.device)
        looks = self.joint.see(self.gallery.drawn([place for row in rows for place in row], rng))
        scores = self._meet(uses, Seen(*(_rows(field, len(uses)) for field in looks)))
        gaps = (1 - scores[:, :1] + scores[:, 1:]).clamp(min=0)
        rank = (gaps * is_wrong).sum() / is_wrong.sum().clamp(min=1)
        if self.classify is None:
            return {"loss": rank, "rank": rank}
        emotion = self._emotion(looks.pooled[:: longest + 1], golds)
        return {"loss": rank + self.settings.emotion_weight * emotion, "rank": rank, "emotion": emotion}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """One score for each candidate, none of which is seen apart from the conversation."""
        looks = self.once("looks", lambda: seen(self.joint, self.gallery))
        places = torch.from_numpy(candidates).to(self.joint.device)
        parts = [
            self._meet(uses, Seen(*(field[some] for field in looks))) for some in torch.split(places, AT_ONCE, dim=1)
        ]
        return torch.cat(parts, dim=1)

    def _emotion(self, pooled: Tensor, golds: Sequence[int]) -> Tensor:
        assert self.classify is not None
        known = [at for at, gold in enumerate(golds) if self.gallery.stickers[gold].emotion]
        if not known:
            nothing: Tensor = self.classify(pooled).sum() * 0
            return nothing
        labels = [EMOTIONS.index(self.gallery.stickers[golds[at]].emotion or "") for at in known]
        return F.cross_entropy(self.classify(pooled[known]), torch.tensor(labels, device=pooled.device))

    def _meet(self, uses: Sequence[Use], looks: Seen) -> Tensor:
        """[n, m] for stickers [n, m, ...]."""
        words, mask = self._utterances(uses)
        places, whole = self.places(looks.tokens), self.places(looks.pooled)
        affinity = torch.einsum("nmpd,ntld->nmtpl", places, words) / words.shape[-1] ** 0.5
        affinity = affinity.masked_fill(~mask[:, None, :, None, :], -1e4)
        to_words, to_places = (
            affinity.softmax(-1).amax(-2),
            affinity.softmax(-2).masked_fill(~mask[:, None, :, None], 0).amax(-1),
        )
        said = torch.einsum("nmtl,ntld->nmtd", _shares(to_words * mask[:, None]), words)
        shown = torch.einsum("nmtp,nmpd->nmtd", _shares(to_places), places)
        whole = whole[:, :, None].expand_as(said)
        met = self.meet(torch.cat([said + shown, said * shown, said, shown, whole], dim=-1))
        scores: Tensor = self.reader(met.flatten(0, 1), mask.any(-1).repeat_interleave(met.shape[1], 0))
        return scores.view(met.shape[:2])

    def _utterances(self, uses: Sequence[Use]) -> tuple[Tensor, Tensor]:
        """(words [n, T, L, d], mask bool [n, T, L]) of the last turns that say something, missing ones after them."""
        told, most = self.gallery.conversations, self.settings.n_turns
        said = [[spoken([turn], told, "", speakers=False) for turn in use.turns(most)] for use in uses]
        rows = [[text for text in row if text] for row in said]
        longest = max(1, *map(len, rows))
        texts = [text for row in rows for text in [*row, *[""] * (longest - len(row))]]
        tokens = self.joint.tokenise(texts, self.settings.length)
        states = self.words(self.joint.read(tokens).tokens)
        is_said = torch.tensor([bool(text) for text in texts], device=states.device)[:, None]
        return _rows(states, len(uses)), _rows(tokens.mask.to(states.device) & is_said, len(uses))


class TurnReader(nn.Module):
    """Two readings of the turns, one in order (a GRU) and one all at once (two layers of self-attention), which look at
    each other before a last GRU gives one score."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_order = nn.GRU(width, width, batch_first=True)
        self.at_once = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.merge = nn.Sequential(nn.Linear(6 * width, width), nn.GELU())
        self.last, self.score = nn.GRU(width, width, batch_first=True), nn.Linear(width, 1)

    def forward(self, turns: Tensor, there: Tensor) -> Tensor:
        """[n] of turns [n, T, d], the first of which always count: `there` bool [n, T] is false after the last."""
        last = (there.sum(1) - 1).clamp(min=0)
        there = torch.arange(turns.shape[1], device=there.device) <= last[:, None]
        first, second = self.in_order(turns)[0], turns
        for layer in self.at_once:
            second = layer(second, src_key_padding_mask=~there)
        affinity = (first @ second.transpose(1, 2) / turns.shape[-1] ** 0.5).masked_fill(~there[:, None], -1e4)
        back = (second @ first.transpose(1, 2) / turns.shape[-1] ** 0.5).masked_fill(~there[:, None], -1e4)
        seconds, firsts = affinity.softmax(-1) @ second, back.softmax(-1) @ first
        both = [first, first * seconds, first - seconds, second, second * firsts, second - firsts]
        read = self.last(self.merge(torch.cat(both, dim=-1)))[0]
        scores: Tensor = self.score(read[torch.arange(len(read)), last])
        return scores[:, 0]


def _rows(values: Tensor, n: int) -> Tensor:
    """[n * m, ...] to [n, m, ...]."""
    return values.view(n, -1, *values.shape[1:])


def _shares(weights: Tensor) -> Tensor:
    """Scaled to add up to 1."""
    return weights / weights.sum(-1, keepdim=True).clamp(min=1e-9)

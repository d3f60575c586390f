"""StickerLLM: a frozen language model that learns when to look for a sticker, and what for. (Sticker820K, section 5)

Five tokens are new: where a search is written down (RET) and ends, where a picture begins and ends in the prompt, and a
prefix that asks for a search. Their rows, a projection of pictures into the prompt and one of RET's state into the
space of stickers are all that is learned. Every weight of the language model and of both towers stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...losses import info_nce
from ...training.devices import autocast
from ..bases.towers import MAX_LOG_SCALE, Joint
from ..data.conversations import Use
from ..data.gallery import Gallery, Places
from ..data.wording import spoken
from ..settings import StickerLlmSettings
from .clip import cosines, seen
from .learning import DialogueModel

RET, RET_END, IMG, IMG_END, PRET = range(5)
N_NEW: Final = 5
SLOT: Final = N_NEW
"""Where a picture's vector stands in the prompt."""
Ask = Literal["text", "picture", "both"]
SHARES: Final[dict[Ask, float]] = {"text": 0.5, "picture": 0.25, "both": 0.25}
SEARCHES: Final = 0.5
"""The probability of RET from which on it is a search."""
PREFIXED: Final = 0.5
"""Share of the searches in training that the prefix asks for."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """How a search is asked for, and answered; "{}" is where the words stand. `ordinary` are (prompt, answer) of talk
    in which no sticker is looked for."""

    text: tuple[str, ...] = (
        "Find a sticker for this: {}", "Which sticker says {}?", "Show me a sticker: {}", "I need a sticker. {}",
        "帮我找一个表情：{}",
    )  # fmt: skip
    picture: tuple[str, ...] = ("Find one like this", "More of these", "Something similar", "找一个类似的表情")
    both: tuple[str, ...] = ("Not this one, but: {}", "Instead of this: {}", "Like this, only {}", "不要这个，要：{}")
    answers: tuple[str, ...] = ("Here it is", "How about this", "This may fit", "给你")
    ordinary: tuple[tuple[str, str], ...] = (
        ("How are you?", "Fine, thank you."),
        ("What is the weather like?", "I cannot see outside from here."),
        ("Tell me a joke", "I would, but it is still in training."),
        ("今天几号？", "我看不到日历。"),
    )


class _Row(NamedTuple):
    """A prompt with its answer: ids, of which those from `base` on are new tokens; where the answer begins; the place
    of the frame in its slot, or -1."""

    ids: list[int]
    answer: int
    frame: int = -1


@dataclass(slots=True)
class _Batch:
    rows: list[_Row] = field(default_factory=list)
    wanted: list[tuple[int, int]] = field(default_factory=list)
    """(row, sticker) of those that end with a search."""


class StickerLlm(DialogueModel):
    """score = cos(W_t state of RET, picture) + beta cos(W_t state of RET, words on it)."""

    def __init__(
        self, gallery: Gallery, joint: Joint, language: tuple[Any, Any], settings: StickerLlmSettings,
        prompts: Prompts | None = None,
    ) -> None:  # fmt: skip
        super().__init__(gallery)
        joint.freeze(image=True, text=True)
        self.model, self._tokenizer = language
        self.model.requires_grad_(False).eval()
        self.joint, self.settings, self.prompts = joint, settings, prompts or Prompts()
        self.base, width = self.model.get_input_embeddings().num_embeddings, int(self.model.config.hidden_size)
        rows = self.model.get_input_embeddings().weight
        spread = float(rows.std())
        self.read_rows = nn.Parameter(spread * torch.randn(N_NEW, width), requires_grad=settings.new_rows)
        self.write_rows = nn.Parameter(0.02 * torch.randn(N_NEW, width), requires_grad=settings.new_rows)
        self.to_prompt = nn.Linear(joint.image_width, width)
        self.to_space = nn.Linear(width, joint.width, bias=False)
        self.log_scale = nn.Parameter(joint.scale.detach().clone())
        pooled, vectors = self._look_at_all()
        self.frame_pooled: Tensor
        self.frame_vectors: Tensor
        self.register_buffer("frame_pooled", pooled, persistent=False)
        self.register_buffer("frame_vectors", vectors, persistent=False)

    def train(self, mode: bool = True) -> StickerLlm:
        super().train(mode)
        self.model.eval()
        return self

    def moved(self) -> None:
        """The temperature stays above 1/100."""
        with torch.no_grad():
            self.log_scale.clamp_(0, MAX_LOG_SCALE)

    def losses(self, uses: Sequence[Use], rng: np.random.Generator, progress: float) -> dict[str, Tensor]:
        """L = L_words + weight x InfoNCE(W_t h_RET, picture). Words count in the answer alone; RET_END is not learned,
        because it always follows RET."""
        batch = self._drawn(uses, rng)
        states, ids, mask = self._run(batch.rows)
        words = self._words(states, ids, mask, batch.rows)
        if not batch.wanted:
            return {"loss": words, "words": words}
        rows, golds = (list(column) for column in zip(*batch.wanted, strict=True))
        found = F.normalize(self.to_space(states[rows, self._last(mask)[rows]]), dim=-1)
        frames = torch.tensor([self._any_frame(gold, rng) for gold in golds], device=ids.device)
        images = F.normalize(self.frame_vectors[frames], dim=-1)
        positive = torch.eye(len(golds), dtype=torch.bool, device=ids.device)
        same = self.gallery.same(golds, golds).to(ids.device)
        contrast = info_nce(images, found, self.log_scale.exp(), positive, ignored=same)
        return {"loss": words + self.settings.retrieval_weight * contrast, "words": words, "contrast": contrast}

    def scores(self, uses: Sequence[Use], candidates: Places) -> Tensor:
        """With RET given: whatever the model would have said, it is taken to have searched."""
        rows = [self._search("text", self._words_of(use), answer=0, template=0, prefix=False) for use in uses]
        return self.scores_of_rows(rows, candidates)

    def scores_of_rows(self, rows: Sequence[_Row], candidates: Places) -> Tensor:
        """The same of prompts that are put together already. (`printed` weighs .3 to .5 in the released demo, where a
        sticker without words counts by its picture twice.)"""
        states, _ids, mask = self._run(rows)
        found = F.normalize(self.to_space(states[torch.arange(len(rows)), self._last(mask)]), dim=-1)
        looks = self.once("looks", lambda: F.normalize(seen(self.joint, self.gallery).vector, dim=-1))
        printed = self.once("printed", self._printed)
        return cosines(found, looks, candidates) + self.settings.printed * cosines(found, printed, candidates)

    def like(self, frames: Sequence[int], candidates: Places) -> Tensor:
        """[n, m]: searched for by a picture alone, at places `frames` among the gallery's frames; RET is given."""
        return self.scores_of_rows(
            [self._search("picture", "", 0, 0, prefix=False, frame=at) for at in frames], candidates
        )

    @torch.inference_mode()
    def searches(self, prompts: Sequence[str], *, prefix: bool, most: int = 12) -> list[bool]:
        """Whether the model, left to itself, begins a search in its likeliest answer of up to `most` tokens. The prefix
        is put before the prompt, and is never written.

        It searches where RET is likelier than everything else together. To be the likeliest token is not enough: among
        thousands of words of which none is likely it is that with a few in a hundred. (The released demo draws from
        what is likeliest, in which RET then comes as seldom.)
        """
        rows = [_Row(self._prompt(text, prefix), 0) for text in prompts]
        found, ended = [False] * len(rows), [False] * len(rows)
        for _ in range(most):
            states, _ids, mask = self._run(rows)
            logits = self._logits(states[torch.arange(len(rows)), self._last(mask)])
            logits[:, [self.base + at for at in (RET_END, IMG, IMG_END, PRET)]] = -torch.inf
            is_search = (logits.softmax(-1)[:, self.base + RET] > SEARCHES).tolist()
            written = logits[:, : self.base].argmax(-1).tolist()
            for at, id in enumerate(written):
                found[at] |= not ended[at] and is_search[at]
                ended[at] |= is_search[at] or id == self._tokenizer.eos_token_id
            if all(ended):
                break
            rows = [_Row([*row.ids, id], 0) for row, id in zip(rows, written, strict=True)]
        return found

    # --- prompts ---

    def _words_of(self, use: Use) -> str:
        told = self.gallery.conversations
        return spoken(use.turns(self.settings.n_turns), told, " / ", speakers=self.settings.n_turns > 1)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _prompt(self, text: str, prefix: bool, frame: bool = False) -> list[int]:
        start = [] if self._tokenizer.bos_token_id is None else [self._tokenizer.bos_token_id]
        slot = [self.base + at for at in (IMG, SLOT, IMG_END)] if frame else []
        room = self.settings.length - len(start) - len(slot) - 1
        return [*start, *([self.base + PRET] if prefix else []), *slot, *self._ids(text)[-room:]]

    def _search(self, ask: Ask, words: str, answer: int, template: int, *, prefix: bool, frame: int = -1) -> _Row:
        """A prompt that asks for a sticker, with its answer, which ends with RET."""
        templates: tuple[str, ...] = getattr(self.prompts, ask)
        prompt = self._prompt(templates[template % len(templates)].replace("{}", words), prefix, frame >= 0)
        said = self.prompts.answers[answer % len(self.prompts.answers)] if self.prompts.answers else ""
        return _Row([*prompt, *self._ids(said), self.base + RET], len(prompt), frame)

    def _ordinary(self, rng: np.random.Generator) -> _Row:
        prompt, answer = self.prompts.ordinary[rng.integers(len(self.prompts.ordinary))]
        ids = self._prompt(prompt, prefix=False)
        return _Row([*ids, *self._ids(answer), self._tokenizer.eos_token_id], len(ids))

    def _drawn(self, uses: Sequence[Use], rng: np.random.Generator) -> _Batch:
        """Half of the searches by words, a quarter by a picture, a quarter by both, where the picture is of any sticker
        and words must win; ordinary prompts among them."""
        batch, asks = _Batch(), list(SHARES)
        for use, gold in zip(uses, self.gallery.conversations.golds(uses), strict=True):
            if self.prompts.ordinary and rng.random() < self.settings.ordinary:
                batch.rows.append(self._ordinary(rng))
                continue
            ask = asks[int(rng.choice(len(asks), p=list(SHARES.values())))]
            of = gold if ask == "picture" else int(rng.integers(len(self.gallery)))
            frame = -1 if ask == "text" else self._any_frame(of, rng)
            prefix, (answer, template) = bool(rng.random() < PREFIXED), rng.integers(1_000, size=2).tolist()
            batch.wanted.append((len(batch.rows), gold))
            batch.rows.append(self._search(ask, self._words_of(use), answer, template, prefix=prefix, frame=frame))
        return batch

    # --- the model ---

    def _run(self, rows: Sequence[_Row]) -> tuple[Tensor, Tensor, Tensor]:
        """(last states [n, L, D], ids [n, L], mask bool [n, L]) of prompts, padded at their end."""
        longest, device = max(len(row.ids) for row in rows), self.read_rows.device
        ids = torch.tensor([row.ids + [0] * (longest - len(row.ids)) for row in rows], device=device)
        mask = torch.arange(longest, device=device) < torch.tensor([[len(row.ids)] for row in rows], device=device)
        known = self.model.get_input_embeddings()(ids.clamp(max=self.base - 1))
        pictures = self.to_prompt(self.frame_pooled[[max(0, row.frame) for row in rows]])
        new = torch.cat([self.read_rows, torch.zeros_like(self.read_rows[:1])])[(ids - self.base).clamp(min=0)]
        embedded = torch.where((ids >= self.base)[..., None], new.to(known), known)
        embedded = torch.where((ids == self.base + SLOT)[..., None], pictures[:, None].to(known), embedded)
        with autocast(device, self.dtype):
            told = self.model(inputs_embeds=embedded, attention_mask=mask.long(), output_hidden_states=True)
        return told.hidden_states[-1].to(known), ids, mask

    def _logits(self, states: Tensor) -> Tensor:
        """Of the model's own words and, after them, of the new ones, whose rows are held apart: weight decay and the
        optimiser never touch the others, tied to their inputs or not."""
        return torch.cat([self.model.get_output_embeddings()(states), states @ self.write_rows.T.to(states)], dim=-1)

    def _words(self, states: Tensor, ids: Tensor, mask: Tensor, rows: Sequence[_Row]) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        answers = torch.tensor([[row.answer] for row in rows], device=ids.device)
        counted = (mask & (places >= answers))[:, 1:]
        return F.cross_entropy(self._logits(states[:, :-1][counted]), ids[:, 1:][counted])

    def _last(self, mask: Tensor) -> Tensor:
        return mask.sum(1) - 1

    def _any_frame(self, sticker: int, rng: np.random.Generator) -> int:
        frames = self.gallery.frames
        return int(frames.starts[sticker] + rng.integers(frames.counts[sticker]))

    def _look_at_all(self) -> tuple[Tensor, Tensor]:
        """(pooled, in the shared space) of every frame, by its place: the towers are frozen, so once is enough."""
        parts = []
        with torch.no_grad():
            for start in range(0, len(self.gallery.frames.pixels), 128):
                part = self.gallery.frames.pixels[start : start + 128]
                parts.append(self.joint.see(torch.from_numpy(np.ascontiguousarray(part)))[:2])
        return torch.cat([pooled for pooled, _ in parts]), torch.cat([vector for _, vector in parts])

    def _printed(self) -> Tensor:
        """[G, d]: the words on each sticker, or its picture where there are none."""
        looks = F.normalize(seen(self.joint, self.gallery).vector, dim=-1)
        there = [at for at, sticker in enumerate(self.gallery.stickers) if sticker.printed_text]
        if not there:
            return looks
        texts = [self.gallery.stickers[at].printed_text for at in there]
        at = torch.tensor(there, device=looks.device)
        return looks.index_copy(0, at, self.joint.vectors_of(texts, self.settings.length))

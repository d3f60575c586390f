"""The baselines: BM25 over what was said last, SRS, MMBERT; CLIP learns requests, the others to tell a pack apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from retrieval_engine.dialogue.bases.towers import Spec, build, build_encoder
from retrieval_engine.dialogue.data.conversations import Turn
from retrieval_engine.dialogue.models.bm25 import LastUtteranceBm25
from retrieval_engine.dialogue.models.mmbert import Mmbert
from retrieval_engine.dialogue.models.srs import Srs
from retrieval_engine.dialogue.runs import measures
from retrieval_engine.dialogue.settings import MmbertSettings, SrsSettings
from tests.dialogue.test_conversations import gallery, sticker, use
from tests.dialogue.test_models import little_world

CANDIDATES = np.array([[0, 1, 2]])


def test_bm25_searches_what_was_said_last_and_ties_what_has_no_word_of_it() -> None:
    asked = use("a", "so angry", "so tired")
    stickers = [sticker("a", queries=("very tired", "sleepy")), sticker("b", printed_text="angry"), sticker("c")]
    others = [sticker(f"d{at}", queries=("cat",)) for at in range(5)]
    held = gallery(*stickers, *others, uses=[asked])
    assert np.isfinite(LastUtteranceBm25(held).scores([asked], CANDIDATES)).tolist() == [[True, False, False]]
    own = replace(asked, own_text="angry now")
    assert np.isfinite(LastUtteranceBm25(held).scores([own], CANDIDATES)).tolist() == [[False, True, False]]
    written = LastUtteranceBm25(held, lambda use: "cat")  # what a language model would search for
    assert np.isfinite(written.scores([asked], np.array([[0, 3]]))).tolist() == [[False, True]]
    silent = replace(asked, context=(Turn("User_1", sticker="a"),))
    assert (LastUtteranceBm25(held).scores([silent], CANDIDATES) == -np.inf).all()


def test_bm25_over_stickers_without_words_is_exactly_chance() -> None:
    asked = use("s3", "so tired")
    held = gallery(*(sticker(f"s{at}") for at in range(8)), uses=[asked])
    scores = LastUtteranceBm25(held).scores([asked], np.arange(8)[None])
    right = np.arange(8)[None] == 3
    assert [float(measures.hit_at(scores, right, k)[0]) for k in (1, 3, 8)] == [1 / 8, 3 / 8, 1]


def overfitted(model: Srs | Mmbert, n_steps: int = 60) -> tuple[float, float]:
    """The loss of one batch, before and after it was learned by heart."""
    uses, optimizer = (
        model.gallery.conversations.uses[:6],
        torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3),
    )
    values = []
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = model.losses(uses, np.random.default_rng(0), 0.0)["loss"]
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        values.append(float(loss.detach()))
    return values[0], values[-1]


@pytest.mark.parametrize("name", ["srs", "mmbert"])
def test_a_cross_encoder_can_learn_a_few_pairs_by_heart(name: str) -> None:
    held, texts = little_world(), ["mita vola"]
    torch.manual_seed(0)
    joint = build(Spec("tiny"), texts)
    if name == "srs":
        model: Srs | Mmbert = Srs(held, joint, SrsSettings(candidates=4, n_turns=3, emotion_weight=0.0))
    else:
        settings = MmbertSettings(printed_weight=0.0, intent_weight=0.0, words_weight=0.0)
        model = Mmbert(held, build_encoder(Spec("tiny"), texts), joint, settings)
    before, after = overfitted(model)
    assert after < before / 3


def test_srs_reads_turns_in_their_order_and_missing_ones_say_nothing() -> None:
    held = little_world()
    torch.manual_seed(0)
    model = Srs(held, build(Spec("tiny"), ["mita vola"]), SrsSettings(n_turns=3)).eval()
    asked = held.conversations.uses[0]
    said = (Turn("a", "mita"), Turn("b", "vola"))

    def score(*turns: Turn) -> list[float]:
        with torch.no_grad():
            found: list[float] = model.scores([replace(asked, context=turns)], CANDIDATES)[0].tolist()
        return found

    assert score(*said) != pytest.approx(score(*reversed(said)), abs=1e-6)
    longer = replace(asked, context=(*said, *said))
    with torch.no_grad():
        beside = model.scores([replace(asked, context=said), longer], CANDIDATES.repeat(2, 0))[0].tolist()
    assert beside == pytest.approx(score(*said), abs=1e-4)


def test_mmbert_hides_words_and_reads_what_is_printed() -> None:
    held = little_world()
    torch.manual_seed(0)
    model = Mmbert(held, build_encoder(Spec("tiny"), ["mita vola"]), build(Spec("tiny"), ["mita"]), MmbertSettings())
    with torch.no_grad():
        said = model._said(held.conversations.uses[:2])
        plain = model._read(said, [1, 3])
        nothing = torch.zeros_like(said.mask)
        unseen = model._read(said, [1, 3], hidden=(nothing, model._printed([1, 3]).mask))
    assert not torch.allclose(plain.match, unseen.match)
    assert plain.printed.shape[1] == model._printed([1, 3]).ids.shape[1]
    assert plain.said.shape[:2] == said.ids.shape
    frozen = build_encoder(Spec("tiny"), ["mita"]).requires_grad_(False)
    with pytest.raises(ValueError, match="the encoder is frozen"):
        Mmbert(held, frozen, build(Spec("tiny"), ["mita"]), MmbertSettings())  # type: ignore[arg-type]

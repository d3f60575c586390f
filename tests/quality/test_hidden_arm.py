"""The effect of the live results: against play in which it is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from sticktionary.domain.quality import hidden_arm
from sticktionary.domain.quality.hidden_arm import Page, effect
from sticktionary.models import Round, Sticker
from tests.quality.conftest import answered, make_round, somebody
from tests.rules import hold


def played(seed: int, true: float, n_players: int = 40, share: float = 0.15) -> list[Page]:
    """Players who differ much, play much or little, and are all moved by the same amount."""
    dice = np.random.default_rng(seed)
    pages = []
    for player in range(n_players):
        usual = dice.normal(10, 5)
        for _ in range(int(dice.integers(10, 60))):
            is_hidden = bool(dice.random() < share)
            pages.append(Page(player, is_hidden, {"length": float(usual + true * is_hidden + dice.normal(0, 2))}))
    return pages


def test_it_finds_the_effect_within_players() -> None:
    found = effect("length", played(3, 1.5))
    assert found.difference == pytest.approx(1.5, abs=0.3)
    assert found.low is not None
    assert found.low < 1.5 < (found.high or 0)
    assert (found.verdict, found.n_players) == ("more", 40)


def test_it_is_the_fixed_effects_estimate() -> None:
    """Of a regression with one constant per player."""
    pages = played(5, -0.8)
    y = np.array([page.values["length"] for page in pages])
    design = np.zeros((len(pages), 41))
    design[:, 40] = [page.is_hidden for page in pages]
    design[np.arange(len(pages)), [page.player for page in pages]] = 1
    slope = np.linalg.lstsq(design, y, rcond=None)[0][40]
    assert effect("length", pages).difference == pytest.approx(slope, abs=1e-9)


def test_intervals_hold_the_effect_as_often_as_they_say() -> None:
    found = [effect("length", played(seed, 0.5)) for seed in range(80)]
    inside = [held.low < 0.5 < held.high for held in found if held.low is not None and held.high is not None]
    assert len(inside) == 80
    assert 0.88 <= np.mean(inside) <= 1.0


def test_where_there_is_none_none_is_seen() -> None:
    verdicts = [effect("length", played(seed, 0.0)).verdict for seed in range(40)]
    assert verdicts.count("unseen") >= 34


@pytest.mark.parametrize("pages", [
    [], played(1, 2.0, n_players=9), played(1, 2.0, share=0.01),
    [Page(n, n % 2 == 0, {"length": 1.0}) for n in range(200)],
])  # fmt: skip
def test_of_too_few_nothing_is_said(pages: list[Page]) -> None:
    found = effect("length", pages)
    assert (found.verdict, found.difference, found.shown) == ("too_few", None, None)
    assert found.n_shown + found.n_hidden == len(pages)


def test_who_played_more_with_results_does_not_move_it() -> None:
    """Long writers who hardly ever had them hidden, and short ones who often had: no effect within anybody."""
    pages = [
        Page(player, page < (3 if player % 2 else 12), {"length": 20.0 if player % 2 else 4.0})
        for player in range(20)
        for page in range(24)
    ]
    found = effect("length", pages)
    assert (found.difference, found.verdict) == (0.0, "unseen")
    assert (found.shown or 0) - (found.hidden or 0) > 2


def test_pages_are_read_with_all_that_is_measured(stickers: list[Sticker]) -> None:
    hold(hidden_after=1)
    now = timezone.now()
    known = make_round(None, stickers[5], submitted_at=now - timedelta(days=1))
    known.queries.update(text="send help", normalised="send help")
    ben = somebody()
    first = make_round(ben, stickers[0], state=Round.State.FOUND)  # one of the first pages: never hidden, left out
    second = make_round(
        ben, stickers[1], results_hidden=True, dealt_at=now - timedelta(seconds=42), submitted_at=now,
    )  # fmt: skip
    second.queries.create(text="send help", normalised="send help", position=2, added_at=now, novelty=1.0)
    answered(second, 1)
    answered(second, 0)
    answered(second, 0, target_absent=True)
    make_round(somebody("zh"), stickers[2], language="zh")
    (page,) = hidden_arm._pages("en")
    text = f"words {second.pk}"
    assert page == Page(ben.pk, True, {
        "seconds": 42.0, "n_queries": 2.0, "length": (len(text) + 9) / 2, "known": 0.5, "novelty": 1.25, "found": 0.5,
    })  # fmt: skip
    assert first.pk < second.pk
    told: dict[str, Any] = {held.measure: held.verdict for held in hidden_arm.effects("en")}
    assert told == dict.fromkeys(hidden_arm.MEASURES, "too_few")

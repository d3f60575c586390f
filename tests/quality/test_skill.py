"""The model against fits of another kind, and its intervals against what is true in simulated play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm

from sticktionary.domain.quality import skill
from sticktionary.domain.quality.skill import Answers, Belief

N_PLAYERS, N_STICKERS, N_ANSWERS = 40, 50, 4_000
FLOOR = 2 / 24


@dataclass
class Play:
    """Answers of players to each other's rounds, and what was true of them."""

    finder: NDArray[np.int64]
    writer: NDArray[np.int64]
    sticker: NDArray[np.int64]
    found: NDArray[np.bool_]
    truth: NDArray[np.float64]  # finders, writers, stickers


def simulate(seed: int, n_answers: int = N_ANSWERS) -> Play:
    dice = np.random.default_rng(seed)
    truth = dice.normal(size=2 * N_PLAYERS + N_STICKERS)
    finder = dice.integers(N_PLAYERS, size=n_answers)
    writer = (finder + 1 + dice.integers(N_PLAYERS - 1, size=n_answers)) % N_PLAYERS
    sticker = dice.integers(N_STICKERS, size=n_answers)
    ease = truth[finder] + truth[N_PLAYERS + writer] - truth[2 * N_PLAYERS + sticker]
    found = dice.random(n_answers) < FLOOR + (1 - FLOOR) / (1 + np.exp(-skill.BASE - ease))
    return Play(finder, writer, sticker, found, truth)


def online(play: Play) -> list[Belief]:
    finders, writers = [Belief()] * N_PLAYERS, [Belief()] * N_PLAYERS
    stickers = [Belief()] * N_STICKERS
    for f, w, s, found in zip(play.finder, play.writer, play.sticker, play.found, strict=True):
        finders[f], writers[w], stickers[s] = skill.update(
            finders[f], writers[w], stickers[s], found=bool(found), floor=FLOOR
        )
    return [*finders, *writers, *stickers]


def batch(play: Play) -> NDArray[np.float64]:
    """The most likely values of all at once, given all answers and the same priors."""

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        a, b, c = x[:N_PLAYERS], x[N_PLAYERS : 2 * N_PLAYERS], x[2 * N_PLAYERS :]
        hit = 1 / (1 + np.exp(-(skill.BASE + a[play.finder] + b[play.writer] - c[play.sticker])))
        p = FLOOR + (1 - FLOOR) * hit
        slope = -np.where(play.found, 1 / p, -1 / (1 - p)) * (1 - FLOOR) * hit * (1 - hit)
        parts = [
            np.bincount(play.finder, slope, N_PLAYERS),
            np.bincount(play.writer, slope, N_PLAYERS),
            -np.bincount(play.sticker, slope, N_STICKERS),
        ]
        loss = -np.log(np.where(play.found, p, 1 - p)).sum() + (x**2).sum() / 2
        return float(loss), np.concatenate(parts) + x

    fitted = minimize(loss, np.zeros(2 * N_PLAYERS + N_STICKERS), jac=True, method="L-BFGS-B")
    assert fitted.success
    return np.asarray(fitted.x)


def test_one_answer_at_a_time_comes_to_what_a_fit_of_all_answers_does() -> None:
    play = simulate(7)
    beliefs, fitted = online(play), batch(play)
    means, sds = np.array([b.mean for b in beliefs]), np.array([b.sd for b in beliefs])
    assert np.corrcoef(means, fitted)[0, 1] > 0.995
    assert np.abs((means - fitted) / sds).max() < 1.0
    assert np.sqrt(np.mean(((means - fitted) / sds) ** 2)) < 0.35


@pytest.mark.parametrize("n_answers", [400, 4_000])
def test_intervals_hold_what_is_true(n_answers: int) -> None:
    """Of 95 % intervals over three worlds, drawn from a fixed seed."""
    inside = []
    for seed in (1, 2, 3):
        play = simulate(seed, n_answers)
        inside += [belief.low < true < belief.high for belief, true in zip(online(play), play.truth, strict=True)]
    assert 0.91 < np.mean(inside) < 0.98


def test_what_is_said_to_be_found_so_often_is() -> None:
    """Each answer foretold from those before it: where it says 60 %, about 60 % are found."""
    play = simulate(11, 6_000)
    beliefs = [Belief()] * (2 * N_PLAYERS + N_STICKERS)
    foretold = []
    for f, w, s, found in zip(
        play.finder, play.writer + N_PLAYERS, play.sticker + 2 * N_PLAYERS, play.found, strict=True
    ):
        mean = beliefs[f].mean + beliefs[w].mean - beliefs[s].mean
        spread = sum(beliefs[id].sd ** 2 for id in (f, w, s))
        foretold.append(skill.p_find((skill.BASE + mean) / np.sqrt(1 + np.pi * spread / 8) - skill.BASE, FLOOR))
        beliefs[f], beliefs[w], beliefs[s] = skill.update(
            beliefs[f], beliefs[w], beliefs[s], found=bool(found), floor=FLOOR
        )
    said, came = np.array(foretold[1_000:]), play.found[1_000:]
    for low in (0.2, 0.4, 0.6, 0.8):
        among = (said >= low) & (said < low + 0.2)
        assert among.sum() > 100
        assert abs(came[among].mean() - said[among].mean()) < 0.05


def test_an_update_is_the_exact_posterior_in_its_moments() -> None:
    before = (Belief(0.4, 0.7), Belief(-0.3, 1.0), Belief(0.5, 0.6))
    axes = [np.linspace(belief.mean - 7 * belief.sd, belief.mean + 7 * belief.sd, 141) for belief in before]
    a, b, c = np.meshgrid(*axes, indexing="ij")
    find = FLOOR + (1 - FLOOR) / (1 + np.exp(-(skill.BASE + a + b - c)))
    priors = [norm.pdf(at, *belief) for at, belief in zip((a, b, c), before, strict=True)]
    mass = (1 - find) * priors[0] * priors[1] * priors[2]
    after = skill.update(*before, found=False, floor=FLOOR)
    for at, belief in zip((a, b, c), after, strict=True):
        mean = np.average(at, weights=mass)
        assert belief.mean == pytest.approx(mean, abs=1e-4)
        assert belief.sd == pytest.approx(np.sqrt(np.average((at - mean) ** 2, weights=mass)), abs=1e-4)


beliefs = st.builds(Belief, st.floats(-4, 4), st.floats(0.05, 1.5))


@given(beliefs, beliefs, beliefs, st.floats(0, 0.5), st.booleans())
def test_a_find_lifts_both_players_and_eases_the_sticker(
    finder: Belief, writer: Belief, sticker: Belief, floor: float, found: bool
) -> None:
    after = skill.update(finder, writer, sticker, found=found, floor=floor)
    sign = 1 if found else -1
    assert sign * (after[0].mean - finder.mean) >= 0
    assert sign * (after[1].mean - writer.mean) >= 0
    assert sign * (after[2].mean - sticker.mean) <= 0
    assert all(belief.sd > 0 for belief in after)
    if floor == 0:  # where luck cannot help, every answer teaches something
        assert all(new.sd < old.sd for new, old in zip(after, (finder, writer, sticker), strict=True))


@given(st.floats(-5, 5), st.floats(0, 0.9))
def test_nobody_finds_less_than_blind_luck(ease: float, floor: float) -> None:
    assert floor <= skill.p_find(ease, floor) <= 1


# --- P(find) of a round ---


def naive(answers: list[tuple[bool, float, float, float, float]]) -> float:
    """The mean of P(find) on a grid so fine that it might be an integral.

    An answer is found, floor, skill, sd, weight."""
    ease = np.linspace(skill.BASE - 7.5, skill.BASE + 7.5, 4_001)
    mass = norm.pdf(ease, skill.BASE, np.sqrt(2))
    for found, floor, finder, sd, weight in answers:
        p = floor + (1 - floor) / (1 + np.exp(-(ease + finder) / np.sqrt(1 + np.pi * sd**2 / 8)))
        mass = mass * (p if found else 1 - p) ** weight
    return float(np.average(skill.PLAIN_FLOOR + (1 - skill.PLAIN_FLOOR) / (1 + np.exp(-ease)), weights=mass))


def finds(rounds: list[list[tuple[bool, float, float, float, float]]], at_once: int = 8_192) -> skill.Finds:
    rows = [(number, *answer) for number, answers in enumerate(rounds) for answer in answers]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    kinds = (np.int64, np.bool_, *[np.float64] * 4)
    arrays: list[Any] = [np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
    return skill.finds(Answers(*arrays), len(rounds), at_once)


answer = st.tuples(st.booleans(), st.floats(0.02, 0.2), st.floats(-2, 2), st.floats(0.1, 1), st.floats(0, 1))


@given(st.lists(st.lists(answer, max_size=4), min_size=1, max_size=5), st.integers(1, 3))
def test_p_find_is_the_posterior_mean_whatever_is_worked_out_at_once(
    rounds: list[list[tuple[bool, float, float, float, float]]], at_once: int
) -> None:
    found = finds(rounds, at_once)
    assert found.p == pytest.approx([naive(answers) for answers in rounds], abs=1e-3)
    assert (found.low < found.p).all()
    assert (found.p < found.high).all()
    assert np.array_equal(found.p, finds(rounds).p)


def test_a_poor_players_find_says_more_and_an_answer_without_weight_nothing() -> None:
    plain = (True, 1 / 24, 0.0, 0.3, 1.0)
    poor, good, mute = (True, 1 / 24, -1.5, 0.3, 1.0), (True, 1 / 24, 1.5, 0.3, 1.0), (True, 1 / 24, 0.0, 0.3, 0.0)
    missed = (False, 1 / 24, 0.0, 0.3, 1.0)
    p = finds([[], [mute], [good], [plain], [poor], [plain, plain], [plain, missed], [missed, missed]]).p
    assert p[0] == p[1] == pytest.approx(0.71, abs=0.02)
    assert p[7] < p[6] < p[0] < p[2] < p[3] < p[4]
    assert p[3] < p[5]


def test_intervals_narrow_with_answers_and_hold_the_truth() -> None:
    """Rounds drawn from the prior, from a fixed seed, each looked up by four average players."""
    dice = np.random.default_rng(5)
    ease = dice.normal(skill.BASE, np.sqrt(2), size=1_500)
    true = skill.PLAIN_FLOOR + (1 - skill.PLAIN_FLOOR) / (1 + np.exp(-ease))
    rounds = [[(bool(dice.random() < p), 1 / 24, 0.0, 0.0, 1.0) for _ in range(4)] for p in true]
    some, more = finds([answers[:2] for answers in rounds]), finds(rounds)
    assert 0.93 < np.mean((more.low <= true) & (true <= more.high)) < 0.97
    assert (more.high - more.low).mean() < 0.9 * (some.high - some.low).mean()

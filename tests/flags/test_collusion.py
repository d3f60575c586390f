"""Pairs that agree above chance: found when planted, and the promised share of false alarms where there are none."""

from __future__ import annotations

import random
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from sticktionary.domain.quality import collusion
from sticktionary.domain.quality.collusion import Meeting


def world(
    seed: int, *, n_players: int = 14, n_rounds: int = 500, pair: tuple[int, int] | None = None, share: float = 0.0
) -> list[Meeting]:
    """Players of differing skill look up each other's rounds on stickers of differing difficulty; a pair, if any, meets
    often, finds each other's rounds always, and others find these by chance."""
    dice = random.Random(seed)
    finds = [dice.gauss(0, 0.7) for _ in range(n_players)]
    writes = [dice.gauss(0, 0.7) for _ in range(n_players)]
    hard = [dice.gauss(0, 0.5) for _ in range(60)]
    meetings = []
    for round_id in range(n_rounds):
        writer, sticker = dice.randrange(n_players), dice.randrange(60)
        is_coded = pair is not None and writer == pair[0] and dice.random() < share
        finders = dice.sample([each for each in range(n_players) if each != writer], 2)
        if is_coded and pair is not None and pair[1] not in finders:
            finders[0] = pair[1]
        for finder in finders:
            p = expit(1.2 + finds[finder] + writes[writer] - hard[sticker])
            if is_coded and pair is not None:
                p = 1.0 if finder == pair[1] else 0.08
            meetings.append(Meeting(round_id, writer, finder, sticker, dice.random() < p, 0.9 if is_coded else 0.1))
    return meetings


def test_a_pair_with_a_code_is_found_and_nobody_else() -> None:
    found = collusion.suspicions(world(3, pair=(2, 5), share=0.8))
    assert [(each.pair, each.is_code) for each in found] == [((2, 5), True)]
    assert found[0].n_found > found[0].expected
    assert found[0].n_others_found < found[0].n_others / 2


def test_the_order_of_the_facts_does_not_matter() -> None:
    facts = world(3, pair=(2, 5), share=0.8)
    assert collusion.suspicions(random.Random(1).sample(facts, len(facts))) == collusion.suspicions(facts)


def test_where_nobody_colludes_the_false_discovery_rate_holds() -> None:
    """With no pair to find every find is false: at 10 % at most one world in ten may have one, by chance a few more."""
    worlds = [collusion.suspicions(world(seed, n_players=8, n_rounds=200), false_share=0.1) for seed in range(30)]
    assert sum(bool(found) for found in worlds) <= 3
    assert [found for found in worlds if found and found[0].p < 1e-4] == []


def test_p_values_of_honest_pairs_are_not_too_small() -> None:
    """At most a share of q of them lies below q: what Benjamini and Hochberg need."""
    ps = np.array(
        [each.p for seed in range(12) for each in collusion.every_pair(world(seed, n_players=8, n_rounds=200))]
    )
    assert len(ps) > 100
    for q in (0.01, 0.05, 0.2):
        assert (ps <= q).mean() <= q + 2 * np.sqrt(q * (1 - q) / len(ps))


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=7), st.integers(0, 8))
def test_the_tail_is_that_of_all_outcomes(leads: list[float], k: int) -> None:
    chances = expit(np.array(leads))
    summed = sum(
        prod(p if hit else 1 - p for p, hit in zip(chances, outcome, strict=True))
        for outcome in product((0, 1), repeat=len(chances))
        if sum(outcome) >= k
    )
    assert collusion.excess(k, (np.array(leads), 0.0)) == pytest.approx(summed, abs=1e-9)


@given(st.integers(0, 10), st.integers(0, 10), st.floats(0, 1.5))
def test_more_finds_are_never_less_suspicious(k: int, more: int, sd: float) -> None:
    leads = np.zeros(20)
    assert collusion.excess(k + more, (leads, sd)) <= collusion.excess(k, (leads, sd)) + 1e-12


def test_sides_are_added_up() -> None:
    """Two tries on one side and one on the other, each a coin: at least two finds of three is a half."""
    assert collusion.excess(2, (np.zeros(2), 0.0), (np.zeros(1), 0.0)) == pytest.approx(0.5)


def test_a_code_that_both_use_is_seen_in_both_directions_together() -> None:
    """Either way the meetings are too few to tell; together they are enough."""
    meetings = [
        Meeting(round_id, round_id % 12, finder % 12, round_id % 60, (round_id * 7 + finder) % 4 > 0)
        for round_id in range(600)
        for finder in (round_id + 2 + round_id // 12 % 9, round_id + 5 + round_id // 12 % 6)
        if round_id % 12 > 1
    ]
    code = [
        Meeting(1000 + n, writer, finder, n, finder < 2)
        for n in range(12)
        for writer in (n % 2,)
        for finder in (1 - writer, 2 + n % 10, 2 + (n + 5) % 10)
    ]
    assert collusion.suspicions(meetings + [each for each in code if each.writer == 0]) == []
    [found] = collusion.suspicions(meetings + code)
    assert (found.pair, found.n_found, found.n, found.n_others_found) == ((0, 1), 12, 12, 0)


def test_who_met_poor_partners_does_not_seem_poor() -> None:
    """A writer whom mostly guessers looked up, and the one good retriever who came by: nothing is odd about the two."""
    dice = random.Random(5)
    meetings = []
    for round_id in range(600):
        writer, finder = round_id % 10, 10 + dice.choice(range(10))
        if writer == 0:
            finder = 19 if round_id % 50 == 0 else 10 + dice.choice(range(5))
        is_found = dice.random() < (0.1 if finder < 15 else 0.9)
        meetings.append(Meeting(round_id, writer, finder, round_id % 60, is_found))
    [pair] = [each for each in collusion.every_pair(meetings) if each.met[0].pair == (0, 19)]
    assert pair.expected > 0.7 * len(pair.met)
    assert collusion.suspicions(meetings) == []


def test_two_with_a_dialect_of_their_own_are_left_alone() -> None:
    """Others understand two of five of their words; they understand each other."""
    found = []
    for seed in range(6):
        dice = random.Random(seed)
        meetings = []
        for round_id in range(700):
            writer, finder = dice.sample(range(10), 2)
            p = 0.9 if {writer, finder} == {0, 1} else (0.55 if writer in (0, 1) else 0.75)
            meetings.append(Meeting(round_id, writer, finder, dice.randrange(60), dice.random() < p))
        found += collusion.suspicions(meetings)
    assert found == []


def test_what_is_uncertain_makes_a_pair_less_suspicious() -> None:
    leads = np.zeros(12)
    assert collusion.excess(11, (leads, 1.0)) > collusion.excess(11, (leads, 0.1))


def test_pairs_that_met_seldom_are_not_tested() -> None:
    facts = [Meeting(n, 1, 2, n, True) for n in range(collusion.FEWEST - 1)]
    assert collusion.every_pair(facts) == []
    assert collusion.suspicions([]) == []


def test_fisher_against_a_table_worked_out_by_hand() -> None:
    """5 of 5 against 0 of 5: one way out of C(10, 5) = 252."""
    assert collusion.fisher(5, 5, 0, 5) == pytest.approx(1 / 252)

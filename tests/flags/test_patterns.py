"""The tests of a player's own answers, as pure functions: what they must see, what they must not, and their oracles."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.quality import effort, patterns
from sticktionary.domain.quality.traces import Line, Lookup, Play, Written, binomial_tail
from sticktionary.models import Flag

Kind = Flag.Kind


def lookup(n: int, *, seconds: float = 9.0, found: bool = True, **fields: object) -> Lookup:
    base = Lookup(
        at=n * 60.0, seconds=seconds, n_words=4, n_picks=2, n_candidates=24, is_found=found, expected=0.8
    )  # fmt: skip
    return replace(base, **fields)  # type: ignore[arg-type]


def written(n: int, *texts: str, seconds: float = 20.0, **fields: object) -> Written:
    lines = [Line(text, text, 10.0) for text in texts or (f"words of round {n * 7919}",)]
    return replace(Written(n * 60.0 + 30, seconds, n, lines), **fields)  # type: ignore[arg-type]


def human(dice: random.Random, median_s: float, sigma: float) -> float:
    return dice.lognormvariate(math.log(median_s), sigma)


def kinds(play: Play) -> list[str]:
    return [finding.kind for finding in patterns.findings(play)]


def honest(seed: int, *, skill: float = 0.8, median_s: float = 8.0, n: int = 60) -> Play:
    """Somebody who looks: skill, pace and the spread of their times are their own."""
    dice = random.Random(seed)
    at = 0.0
    lookups, rounds = [], []
    for number in range(n):
        seconds, writing = human(dice, median_s, 0.5), human(dice, 2 * median_s, 0.5)
        at += seconds + human(dice, 4, 0.4)
        lookups.append(lookup(0, seconds=seconds, found=dice.random() < skill, at=at, expected=0.8))
        at += writing + human(dice, 4, 0.4)
        text = f"{dice.randrange(10**6):06} phrase {dice.randrange(10**6):06}"
        tries = [(dice.random() < skill, 0.8) for _ in range(2)]
        rounds.append(Written(at, writing, number, [Line(text, text, writing)], tries))
    return Play(lookups, rounds)


@pytest.mark.parametrize("median_s", [4.0, 8.0, 25.0])
def test_honest_players_of_any_pace_are_left_alone(median_s: float) -> None:
    assert [kinds(honest(seed, median_s=median_s)) for seed in range(40)] == [[]] * 40


@pytest.mark.parametrize("skill", [0.7, 0.75, 0.95])
def test_of_honest_players_of_any_skill_fewer_than_two_in_a_hundred_are_flagged(skill: float) -> None:
    assert sum(bool(kinds(honest(seed, skill=skill))) for seed in range(100)) < 2


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(dice: random.Random) -> None:
    lookups = [lookup(n, seconds=1.0, found=n % 8 == 0) for n in range(30)]
    rounds = [written(n, "the same words", "other words") for n in range(20)]
    straight = patterns.findings(Play(lookups, rounds))
    mixed = patterns.findings(Play(dice.sample(lookups, 30), dice.sample(rounds, 20)))
    assert mixed == straight
    assert {finding.kind for finding in straight} == {Kind.TOO_FAST, Kind.BOT, Kind.REPEATS, Kind.RANDOM}


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.01, 0.99))
def test_binomial_tail_is_the_sum_it_stands_for(k: int, n: int, p: float) -> None:
    summed = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert binomial_tail(k, n, p) == pytest.approx(summed if n else 1.0, abs=1e-9)


# --- speed ---


def test_answers_that_nobody_could_have_read_are_too_fast() -> None:
    play = Play([lookup(n, seconds=0.9 + 0.01 * n) for n in range(6)])
    finding = patterns.too_fast(play)
    assert finding is not None
    assert finding.kind == Kind.TOO_FAST
    assert finding.evidence["n"] == 6
    assert finding.evidence["of"] == 6


def test_a_few_slips_among_many_answers_are_not_too_fast() -> None:
    play = Play([lookup(n, seconds=0.5 if n < 5 else 6.0) for n in range(60)])
    assert patterns.too_fast(play) is None


@given(st.integers(0, 30), st.integers(0, 3))
def test_more_to_read_and_press_takes_longer(n_words: int, n_picks: int) -> None:
    page = lookup(0, n_words=n_words, n_picks=n_picks)
    assert patterns.least_seconds(replace(page, n_words=n_words + 1)) > patterns.least_seconds(page)
    assert patterns.least_seconds(replace(page, n_picks=n_picks + 1)) > patterns.least_seconds(page)


def test_pasted_lines_are_not_fast_typing() -> None:
    lines = [Line("x" * 50, "x", 0.3, is_pasted=True)]
    play = Play([], [Written(n * 60.0, 5.0, n, lines) for n in range(10)])
    assert patterns.too_fast(play) is None
    typed = Play([], [replace(round_, lines=[replace(lines[0], is_pasted=False)]) for round_ in play.rounds])
    assert patterns.too_fast(typed) is not None


@pytest.mark.parametrize(("n", "is_flagged"), [(patterns.MOST_A_MINUTE, False), (patterns.MOST_A_MINUTE + 1, True)])
def test_more_pages_in_a_minute_than_anybody_can_read_are_a_burst(n: int, is_flagged: bool) -> None:
    play = Play([lookup(0, at=1_000 + number) for number in range(n)])
    assert (patterns.burst(play) is not None) == is_flagged


# --- rhythm ---


@pytest.mark.parametrize("jitter", [0.0, 0.03, 0.1])
def test_a_metronome_is_a_bot(jitter: float) -> None:
    dice = random.Random(7)
    play = Play([lookup(n, seconds=5 * dice.uniform(1 - jitter, 1 + jitter)) for n in range(20)])
    finding = patterns.bot(play)
    assert finding is not None
    assert finding.evidence["pattern"] == "metronome"


def test_a_few_pauses_used_again_and_again_are_a_bot() -> None:
    dice = random.Random(7)
    pauses = [2.0, 2.3, 9.1, 15.2]
    play = Play([lookup(n, seconds=dice.choice(pauses)) for n in range(30)])
    finding = patterns.bot(play)
    assert finding is not None
    assert finding.evidence["pattern"] == "same_times"


def test_nobody_plays_through_two_nights() -> None:
    dice = random.Random(7)
    hours = [n * 0.5 + dice.uniform(0, 0.2) for n in range(80)]
    awake = Play([lookup(0, at=3600 * hour, seconds=human(dice, 8, 0.5)) for hour in hours])
    finding = patterns.bot(awake)
    assert finding is not None
    assert finding.evidence["pattern"] == "sleepless"
    asleep = replace(awake, lookups=[each for each in awake.lookups if not 10 < each.at / 3600 % 24 < 16])
    assert patterns.bot(asleep) is None


# --- sameness ---


def test_the_same_words_for_many_stickers_are_repeats() -> None:
    play = Play([], [written(n, "best deals of the week") for n in range(5)])
    finding = patterns.repeats(play)
    assert finding is not None
    assert finding.evidence["n_stickers"] == 5
    assert patterns.repeats(Play([], play.rounds[:4])) is None


def test_nearly_the_same_words_are_repeats_too() -> None:
    play = Play([], [written(n, f"best deals of the week {'x' * (n % 2)}".strip()) for n in range(6)])
    assert patterns.repeats(play) is not None


def test_a_favourite_word_now_and_then_is_no_repeat() -> None:
    play = Play([], [written(n, "so tired" if n % 8 == 0 else f"{n * 104729:09} words") for n in range(40)])
    assert patterns.repeats(play) is None


def test_one_sticker_may_get_the_same_words_again() -> None:
    play = Play([], [written(n, "so tired", sticker_id=1) for n in range(6)])
    finding = patterns.repeats(play)
    assert finding is None


def test_words_read_on_other_pages_are_repeats() -> None:
    lines = [Line("quite another sticker", f"{n * 104729:09}", 10.0, is_seen=True) for n in range(6)]
    play = Play([], [Written(n * 60.0, 10.0, n, [line]) for n, line in enumerate(lines)])
    finding = patterns.repeats(play)
    assert finding is not None
    assert finding.evidence["pattern"] == "others"
    assert finding.evidence["n"] == 6


def test_lines_that_are_nearly_all_pasted_are_flagged() -> None:
    def play(n_pasted: int) -> Play:
        lines = [Line(f"{n * 104729:09}", f"{n * 104729:09}", 10.0, is_pasted=n < n_pasted) for n in range(20)]
        return Play([], [Written(n * 60.0, 10.0, n, [line]) for n, line in enumerate(lines)])

    assert patterns.pasted(play(4)) is None
    finding = patterns.pasted(play(18))
    assert finding is not None
    assert (finding.evidence["n"], finding.evidence["of"]) == (18, 20)


# --- chance ---


def test_answers_by_chance_are_noticed_and_finds_speak_against_it() -> None:
    missed = [lookup(n, found=False) for n in range(12)]
    assert effort.at_random(Play(missed)) is not None
    assert effort.at_random(Play([replace(each, is_found=n % 2 == 0) for n, each in enumerate(missed)])) is None


@given(st.lists(st.booleans(), max_size=40), st.floats(0.3, 0.95))
def test_the_running_sum_is_the_largest_of_all_runs(finds: list[bool], expected: float) -> None:
    """Page's sum crosses exactly when some run of consecutive answers does: tried here for every run and way."""
    lookups = [lookup(n, found=found, expected=expected, n_picks=1) for n, found in enumerate(finds)]
    largest = 0.0
    for way in effort.WAYS:
        steps = [effort.step_of_lookup(each, way) for each in lookups]
        largest = max([largest, *(sum(steps[start:end]) for end in range(len(steps) + 1) for start in range(end))])
    assert (effort.at_random(Play(lookups)) is not None) == (largest >= effort.ENOUGH)


@given(st.integers(0, 3), st.floats(0.5, 0.95), st.sampled_from(effort.WAYS))
def test_a_miss_speaks_for_not_looking_and_a_find_against_it(n_picks: int, expected: float, way: effort.Way) -> None:
    page = lookup(0, n_picks=n_picks, expected=expected)
    assert effort.step_of_lookup(replace(page, is_found=False), way) > 0 > effort.step_of_lookup(page, way)


def test_rounds_that_nobody_could_find_accuse_nobody() -> None:
    play = Play([lookup(n, found=False, expected=0.15) for n in range(60)])
    assert effort.at_random(play) is None


def test_absent_targets_say_nothing() -> None:
    play = Play([lookup(n, found=False, is_absent=True, is_gold=True) for n in range(40)])
    assert effort.at_random(play) is None
    assert effort.fails_gold(play) is None


def test_half_a_heart_shows_in_habits_where_finds_alone_would_not_tell() -> None:
    """Every other page the first three plates, every third round old words, and half of what others find."""
    lookups = [
        lookup(n, found=n % 5 < 2, n_picks=3, plates=[0, 1, 2] if n % 2 else [5 + n % 17, n % 5, 23]) for n in range(30)
    ]
    rounds = [written(n, *(["lol"] if n % 3 == 0 else [])) for n in range(30)]
    finding = effort.at_random(Play(lookups, rounds))
    assert finding is not None
    figures = {name: finding.evidence[name] for name in ("pattern", "n_habit", "n_pages", "n_again", "n_rounds")}
    assert figures == {"pattern": "half", "n_habit": 15, "n_pages": 30, "n_again": 9, "n_rounds": 30}
    careful = [replace(each, is_found=n % 10 < 7) for n, each in enumerate(lookups)]
    assert effort.at_random(Play([replace(each, plates=[each.plates[0] + 6, 2]) for each in careful], [])) is None


def test_who_finds_is_left_alone_whatever_their_habits() -> None:
    tired = [lookup(n, found=n % 5 != 4, n_picks=3, plates=[0, 1, 2] if n % 7 == 0 else [n % 24, 3]) for n in range(60)]
    assert effort.at_random(Play(tired)) is None


def test_who_never_looked_is_noticed_sooner_than_who_gave_up() -> None:
    missed = [lookup(n, found=False) for n in range(40)]
    needed = {
        is_whole: min(n for n in range(41) if effort.at_random(Play(missed[:n], is_whole=is_whole)))
        for is_whole in (True, False)
    }
    assert needed[True] < needed[False] < 12


def test_a_metronome_is_heard_through_lookups_and_lines_together() -> None:
    dice = random.Random(7)

    def tick(mean: float) -> float:
        return mean * dice.uniform(0.85, 1.15)

    lookups = [lookup(n, seconds=tick(5)) for n in range(7)]
    lines = [Line(f"{n * 104729:09}", f"{n * 104729:09}", tick(3)) for n in range(14)]
    rounds = [written(n, seconds=20.0 + 9 * n, lines=lines[2 * n : 2 * n + 2]) for n in range(7)]
    assert patterns.bot(Play(lookups)) is None
    finding = patterns.bot(Play(lookups, rounds))
    assert finding is not None
    assert (finding.evidence["pattern"], finding.evidence["n"]) == ("metronome", 21)


def test_failing_gold_again_and_again_is_flagged() -> None:
    assert effort.fails_gold(Play([lookup(n, found=False, is_gold=True) for n in range(5)])) is None
    assert effort.fails_gold(Play([lookup(n, found=False, is_gold=True) for n in range(6)])) is not None
    half = Play([lookup(n, found=n % 2 == 0, is_gold=True) for n in range(12)])
    assert effort.fails_gold(half) is None

"""A small game of simulated players: who does not look is noticed within forty rounds, who does is left alone."""

from __future__ import annotations

import pytest

from benchmarks.simulation import sketch
from benchmarks.simulation.people import HONEST, SPAM
from benchmarks.simulation.play import simulate
from sticktionary.models import Flag, Retrieval, Round

pytestmark = pytest.mark.django_db


def test_spammers_and_bots_are_caught_and_honest_players_are_not() -> None:
    numbers = {"honest, skilled": 3, "honest, average": 1, "bot": 1, "spammer": 1}
    lives = simulate(11, numbers, pages=26, n_stickers=80)
    assert {len(life.done) for life in lives} == {26}
    assert Retrieval.objects.filter(state="answered").count() + Round.objects.filter(source="play").count() >= 26 * 6
    caught = {life.person.kind for life in lives if life.caught_after is not None}
    assert caught == {"bot", "spammer"}
    assert all(life.caught_after is not None for life in lives if not life.person.is_honest)
    assert {"bot", "repeats", "too_fast"} <= set(Flag.objects.values_list("kind", flat=True))


def test_in_the_sketch_who_does_not_look_is_caught_and_a_dialect_is_not() -> None:
    numbers = {"honest, average": 6, "honest, weak": 4, "minority dialect": 3, "newcomer": 3, "lazy": 1}
    numbers |= dict.fromkeys(sorted(SPAM), 1)
    lives = sketch.simulate(12, numbers, n_stickers=120)
    caught = {life.person.kind: life.caught_after for life in lives if life.caught_after is not None}
    assert caught.keys() == {*SPAM, "lazy"}
    assert max(caught[kind] for kind in SPAM) <= 40
    assert not caught.keys() & HONEST


def test_the_sketch_plays_the_same_game_twice() -> None:
    games = [sketch.simulate(5, {"honest, average": 5, "random": 2}, pages=30, n_stickers=60) for _ in range(2)]
    assert [[(life.n_done, life.flags) for life in lives] for lives in games] == [
        [(life.n_done, life.flags) for life in games[0]]
    ] * 2

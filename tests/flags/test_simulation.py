"""A small game of simulated players: who does not look is noticed within forty rounds, who does is left alone."""

from __future__ import annotations

import pytest

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

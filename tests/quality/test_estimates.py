"""The running estimates against the model applied by hand, and counted on against counted anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed
from sticktionary.domain.quality import difficulty, estimates, finding, sanctions, skill, weights
from sticktionary.domain.quality.skill import Belief
from sticktionary.models import AuditEntry, Player, PlayerQuality, Round, StickerDifficulty
from tests.quality.conftest import answered, make_round, of_role, somebody
from tests.rules import hold

LONG_AGO = timedelta(days=2)


def rows() -> tuple[list[Any], list[Any]]:
    """Everything that is estimated, without the numbers of the rows."""
    fields = [field.attname for field in PlayerQuality._meta.concrete_fields if not field.primary_key]
    theirs = [field.attname for field in StickerDifficulty._meta.concrete_fields if not field.primary_key]
    return (
        list(PlayerQuality.objects.order_by("player_id").values_list(*fields)),
        list(StickerDifficulty.objects.order_by("sticker_id", "language").values_list(*theirs)),
    )


def play(stickers: list[Any], n: int, start: datetime) -> list[Player]:
    """Some players who look each other's rounds up, gold and absent ones among them."""
    dice = Random(4)
    players = [somebody("zh" if number == 3 else "en") for number in range(4)]
    for number in range(n):
        finder, writer = dice.sample(players, 2)
        writer_or_house = writer if dice.random() < 0.8 else None
        round_ = make_round(writer_or_house, dice.choice(stickers), language=finder.language)
        kind = dice.random()
        at = start + timedelta(seconds=number // 2)  # two at the same moment, each time
        answered(round_, dice.choice([0, 1, 1, 2]), finder, at=at, is_gold=kind < 0.2, target_absent=kind > 0.9)
    return players


def test_counting_on_comes_to_the_same_as_counting_anew(stickers: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "AT_ONCE", 7)
    start = timezone.now() - LONG_AGO
    players = play(stickers, 60, start)
    dice = Random(1)
    n_counted, after = 0, 0
    while after < 60:  # as the sweep does: now and then, whatever has come by then
        after += dice.randint(1, 25)
        until = start + timedelta(seconds=after / 2)
        while n := estimates._count_some(until):
            n_counted += n
    once = rows()
    assert n_counted == sum(quality.n_finds for quality in PlayerQuality.objects.all())
    assert len(once[0]) == len(players)
    assert estimates.recount() == n_counted
    assert rows() == once
    assert estimates.count_new() == 0
    assert rows() == once


def test_an_answer_moves_its_finder_its_writer_and_its_sticker(stickers: list[Any], author: Player) -> None:
    ben, at = somebody(), timezone.now() - LONG_AGO
    answered(make_round(author, stickers[0]), 2, ben, at=at)
    assert estimates.count_new() == 1
    found, written, there = skill.update(Belief(), Belief(), Belief(), found=True, floor=2 / 6)
    finder, writer = PlayerQuality.objects.get(player=ben), PlayerQuality.objects.get(player=author)
    held = StickerDifficulty.objects.get()
    assert (finder.find_skill, finder.find_sd, finder.n_finds) == (*found, 1)
    assert (writer.label_skill, writer.label_sd, writer.n_labels) == (*written, 1)
    assert (finder.label_skill, finder.label_sd, finder.n_labels) == (0, 1, 0)
    assert (writer.find_skill, writer.find_sd, writer.n_finds) == (0, 1, 0)
    assert (held.difficulty, held.sd, held.n_answers, held.language) == (*there, 1, "en")
    assert (finder.updated_at, finder.n_gold) == (at, 0)


def test_a_gold_answer_speaks_of_its_finder_alone(stickers: list[Any], author: Player) -> None:
    ben, at = somebody(), timezone.now() - LONG_AGO
    answered(make_round(author, stickers[0]), 1, ben, at=at, is_gold=True)
    answered(make_round(author, stickers[1]), 0, ben, at=at, is_gold=True)
    assert estimates.count_new() == 2
    quality = PlayerQuality.objects.get()
    assert (quality.player, quality.n_finds, quality.n_gold, quality.n_gold_passed) == (ben, 2, 2, 1)
    assert not StickerDifficulty.objects.exists()


@pytest.mark.parametrize("fields", [
    {"target_absent": True}, {"state": "skipped"}, {"state": "dealt", "answered_at": None},
])  # fmt: skip
def test_what_says_nothing_of_anybody_is_not_counted(
    stickers: list[Any], author: Player, fields: dict[str, Any]
) -> None:
    retrieval = answered(make_round(author, stickers[0]), 0, at=timezone.now() - LONG_AGO)
    type(retrieval).objects.update(**fields)
    practice = make_round(None, stickers[1], source=Round.Source.PRACTICE)
    answered(practice, 1, at=timezone.now() - LONG_AGO)
    assert estimates.count_new() == 0
    assert rows() == ([], [])


def test_the_last_minute_waits(stickers: list[Any], author: Player) -> None:
    """An earlier answer may be committed after a later one; it must not be passed over."""
    now = timezone.now()
    answered(make_round(author, stickers[0]), 1, at=now)
    assert estimates.count_new() == 0
    answered(make_round(author, stickers[1]), 1, at=now - timedelta(seconds=61))
    assert estimates.count_new() == 1


def test_who_has_left_is_nobody_and_what_they_wrote_still_says_how_hard_a_sticker_is(
    stickers: list[Any], author: Player
) -> None:
    retrieval = answered(make_round(author, stickers[0]), 1, at=timezone.now() - LONG_AGO)
    type(retrieval).objects.update(player=None)
    Round.objects.update(labeler=None)
    assert estimates.count_new() == 1
    assert not PlayerQuality.objects.exists()
    assert StickerDifficulty.objects.get().n_answers == 1


def test_counting_anew_is_for_those_who_may_change_the_rules(db: None) -> None:
    with pytest.raises(NotAllowed):
        estimates.recount(actor=of_role("moderator"))
    estimates.recount(actor=of_role("admin"), why="to be sure")
    assert AuditEntry.objects.get(verb="recount").detail == {"n": 0, "why": "to be sure"}


# --- weights ---


def quality(player: Player, **fields: Any) -> PlayerQuality:
    return PlayerQuality.objects.create(player=player, updated_at=timezone.now(), **fields)


def test_nobody_is_judged_on_few_answers(db: None) -> None:
    few, many, new = somebody(), somebody(), somebody()
    poor = {"find_skill": -4.0, "find_sd": 0.2, "n_gold": 9}
    quality(few, n_finds=19, **poor)
    quality(many, n_finds=20, **poor)
    assert weights.weights_of([few.pk, many.pk, new.pk]) == {few.pk: 1.0, many.pk: 0.1, new.pk: 1.0}
    hold(judge_after=10, weight_least=0.3)
    assert weights.weights_of([few.pk, many.pk]) == {few.pk: 0.3, many.pk: 0.3}


def test_it_falls_as_far_as_is_sure_and_no_further(db: None) -> None:
    rule = rules.Rules()
    unsure = PlayerQuality(find_skill=-1.0, find_sd=0.8, n_finds=30)
    sure = PlayerQuality(find_skill=-1.0, find_sd=0.2, n_finds=300)
    good = PlayerQuality(find_skill=2.0, find_sd=0.2, n_finds=300)
    assert weights.of_quality(unsure, rule) == weights.of_quality(good, rule) == 1.0
    assert weights.of_quality(sure, rule) == pytest.approx(
        (skill.p_find(-1 + 1.96 * 0.2) - 1 / 24) / (skill.p_find(0) - 1 / 24), abs=1e-3
    )


@pytest.mark.parametrize(("passed", "n", "weight"), [(0, 0, 1.0), (7, 10, 1.0), (0, 10, 0.3472), (0, 100, 0.1)])
def test_gold_that_was_not_found_lowers_it(passed: int, n: int, weight: float) -> None:
    held = PlayerQuality(n_finds=100, find_sd=0.3, n_gold=n, n_gold_passed=passed)
    assert weights.of_quality(held, rules.Rules()) == pytest.approx(weight, abs=1e-3)


def test_a_sanction_that_weighs_makes_it_the_least_and_exclusion_nothing(db: None) -> None:
    weighed, excluded, hidden, free = (somebody() for _ in range(4))
    admin = of_role("admin")
    for player, step in [(weighed, "weight"), (excluded, "excluded"), (hidden, "off_board"), (free, "weight")]:
        held = sanctions.impose(actor=admin, player_id=player.pk, step=step, reason="not looking")
    sanctions.lift(actor=admin, sanction_id=held.pk, why="an error")
    ids = [player.pk for player in (weighed, excluded, hidden, free)]
    assert list(weights.weights_of(ids).values()) == [0.1, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(("n_hits", "n", "low", "high"), [
    (0, 0, 0, 1), (0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662),
])  # fmt: skip
def test_wilsons_interval(n_hits: int, n: int, low: float, high: float) -> None:
    """The last one is an example of Newcombe (1998)."""
    assert weights.wilson(n_hits, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


# --- P(find) from the database ---


def test_p_find_of_rounds_is_the_models_from_what_is_known_of_who_answered(stickers: list[Any], author: Player) -> None:
    good, spoilt = somebody(), somebody()
    quality(good, find_skill=1.0, find_sd=0.3, n_finds=50)
    sanctions.impose(actor=of_role("admin"), player_id=spoilt.pk, step="excluded", reason="not looking")
    rounds = [make_round(author, sticker) for sticker in stickers[:3]]
    answered(rounds[0], 1, good)
    answered(rounds[0], 0, spoilt)
    answered(rounds[1], 2)
    answered(rounds[1], 1, is_gold=True)
    found = finding.probabilities_found([round_.pk for round_ in rounds])
    columns = [[True, False, True], [1 / 6, 1 / 6, 2 / 6], [1.0, 0, 0], [0.3, 1, 1], [1, 0.0, 1]]
    arrays = [np.array(column, dtype=kind) for column, kind in zip(columns, [bool, *[float] * 4], strict=True)]
    expected = skill.finds(skill.Answers(np.array([0, 0, 1]), *arrays), 3)
    assert [found[round_.pk][0] for round_ in rounds] == expected.p.tolist()
    assert finding.probability_found(rounds[1]) == found[rounds[1].pk]
    everybody = finding.finders()
    assert finding.probabilities_found((round_.pk for round_ in rounds), everybody) == found


def test_the_surely_hard_stickers_come_first(stickers: list[Any]) -> None:
    now = timezone.now()
    for sticker, mean, sd in zip(stickers, [2.0, 1.5, -1.0], [1.0, 0.2, 0.2], strict=False):
        StickerDifficulty.objects.create(sticker=sticker, language="en", difficulty=mean, sd=sd, updated_at=now)
    assert [row.sticker for row in difficulty.hardest("en")] == [stickers[1], stickers[0], stickers[2]]
    assert not difficulty.hardest("zh")
    p, low, high = difficulty.share_found(difficulty.hardest("en")[0])
    assert p == skill.p_find(-1.5)
    assert low < p < high

"""Where cases come from, who gets which, and that two people never get the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.people.roles import Role
from sticktionary.domain.quality import sanctions
from sticktionary.domain.review import appeals, casework, desk, verdicts
from sticktionary.domain.review.desk import Filter
from sticktionary.models import Case, Player, Round, RuleSet, Sticker
from tests.game.conftest import make_player, make_sticker
from tests.game.test_races import at_once
from tests.review.conftest import a_reviewer, answered, case_of, written


def some_cases(n: int, language: str = "en") -> list[Case]:
    labeler = make_player(f"labeler {language}")
    sticker = make_sticker({"en": 901, "zh": 902}[language], image="a", poster="a")
    cases = []
    for _ in range(n):
        round_ = written(labeler, sticker, "x", language=language, state=Round.State.NEEDS_REVIEW)
        case = casework.open_case(kind=Case.Kind.NOT_FOUND, round_id=round_.pk)
        assert case is not None
        cases.append(case)
    return cases


def next_of(actor: Player, **more: Any) -> int | None:
    case = desk.next_case(actor=actor, **more)
    return case.pk if case else None


def set_rules(**values: Any) -> None:
    RuleSet.objects.create(values=values)
    rules.forget()


# --- where they come from ---


def test_what_nobody_found_and_what_was_split_become_cases(anna: Player, ben: Player, pair: list[Sticker]) -> None:
    lost = case_of(written(anna, pair[0], "x"), [ben, make_player("carl")])
    assert (lost.kind, lost.language, lost.reasons) == ("not_found", "en", [])
    round_ = written(anna, pair[1], "y")
    answered(round_, [pair[1].pk], ben)
    split = case_of(round_, [make_player("dora"), make_player("ed")])
    assert split.kind == "split"


@pytest.mark.parametrize(
    ("rule", "kind"), [("review_not_found", "not_found"), ("review_split", "split"), ("review_flagged", "flagged")]
)
def test_a_rule_may_say_that_a_kind_needs_no_person(rule: str, kind: str, anna: Player, pair: list[Sticker]) -> None:
    set_rules(**{rule: False})
    round_ = written(anna, pair[0], "x")
    assert casework.open_case(kind=kind, round_id=round_.pk) is None
    set_rules()
    assert casework.open_case(kind=kind, round_id=round_.pk) is not None


def test_where_found_is_not_taken_a_person_confirms_it(
    rita: Player, anna: Player, ben: Player, pair: list[Sticker]
) -> None:
    set_rules(take_found=False)
    round_ = written(anna, pair[0], "x")
    case = case_of(round_, [ben, make_player("carl")], [pair[0].pk])
    assert (case.kind, Round.objects.get().state) == ("found", Round.State.NEEDS_REVIEW)
    verdicts.judge(actor=rita, case_id=case.pk, verdict="accept", key="k")
    assert Round.objects.get().state == Round.State.FOUND


def test_asked_twice_a_person_is_asked_once_and_reads_both_reasons(anna: Player, pair: list[Sticker]) -> None:
    round_ = written(anna, pair[0], "x")
    case = casework.open_case(kind="flagged", round_id=round_.pk, reasons=["too_fast"])
    assert case is not None
    assert casework.open_case(kind="flagged", round_id=round_.pk, reasons=["too_fast", "pasted"]) is None
    assert casework.open_case(kind="not_found", round_id=round_.pk) is None
    case.refresh_from_db()
    assert (case.kind, case.reasons) == ("flagged", ["too_fast", "pasted", "not_found"])


# --- who gets which ---


def test_the_oldest_first_and_each_to_one(rita: Player, db: None) -> None:
    first, second, third = (case.pk for case in some_cases(3))
    ron = a_reviewer("ron")
    assert (next_of(rita), next_of(ron)) == (first, second)
    assert (next_of(rita), next_of(ron)) == (first, second), "who comes back finds what they held"
    assert next_of(rita, besides=[first]) == third
    assert next_of(ron, besides=[second]) is None


def test_a_hold_ends_by_the_clock_or_by_letting_go(rita: Player) -> None:
    (case,) = some_cases(1)
    ron = a_reviewer("ron")
    assert (next_of(rita), next_of(ron)) == (case.pk, None)
    with pytest.raises(RuleBroken) as refusal:
        verdicts.judge(actor=ron, case_id=case.pk, verdict="accept", key="k")
    assert refusal.value.code == "held"
    Case.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert (next_of(ron), next_of(rita)) == (case.pk, None)
    desk.let_go(actor=rita, case_id=case.pk)
    assert next_of(rita) is None, "only one's own hold is let go"
    desk.let_go(actor=ron, case_id=case.pk)
    assert next_of(rita) == case.pk


def test_only_what_is_asked_for(rita: Player) -> None:
    (english,), (chinese,) = some_cases(1), some_cases(1, "zh")
    assert next_of(rita, wanted=Filter(language="zh")) == chinese.pk
    assert next_of(rita, wanted=Filter(kind="appeal")) is None
    assert next_of(rita, wanted=Filter(days=1)) is None
    Case.objects.filter(pk=english.pk).update(opened_at=timezone.now() - timedelta(days=2))
    assert next_of(rita, wanted=Filter(days=1)) == english.pk
    counts = desk.counts()
    assert (counts.n, counts.by_kind["not_found"], counts.by_language) == (2, 2, {"en": 1, "zh": 1})


def test_nobody_is_handed_what_they_wrote_or_looked_up(pair: list[Sticker]) -> None:
    writes, looks = a_reviewer("writes"), a_reviewer("looks")
    case = case_of(written(writes, pair[0], "x"), [looks, make_player("carl")])
    assert (next_of(writes), next_of(looks), next_of(a_reviewer("neither"))) == (None, None, case.pk)


def test_appeals_go_to_another_and_those_against_sanctions_to_moderators(
    rita: Player, mo: Player, head: Player, anna: Player, lost: Case
) -> None:
    verdicts.judge(actor=rita, case_id=lost.pk, verdict="discard", key="k")
    of_round = appeals.appeal(player_id=anna.pk, words="it fits", round_id=lost.round_id)
    assert (next_of(rita), next_of(a_reviewer("ron"))) == (None, of_round.pk)
    sanction = sanctions.impose(player_id=anna.pk, step="blocked", reason="copying", actor=mo)
    of_sanction = appeals.appeal(player_id=anna.pk, words="I did not", sanction_id=sanction.pk)
    other = a_reviewer("max", Role.MODERATOR)
    assert next_of(rita) is None
    assert next_of(mo) is None, "it was mo who imposed it, and the other appeal is held"
    assert next_of(other) == of_sanction.pk


# --- at the same moment ---


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_ask_at_once_get_different_cases() -> None:
    cases = {case.pk for case in some_cases(3)}
    reviewers = [a_reviewer(f"r{number}") for number in range(5)]
    asks: list[Callable[[], int | None]] = [lambda actor=actor: next_of(actor) for actor in reviewers]  # type: ignore[misc]
    got = at_once(asks)
    assert sorted(case for case in got if case) == sorted(cases)
    assert got.count(None) == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_judge_the_same_case_at_once_leave_one_verdict() -> None:
    (case,) = some_cases(1)
    reviewers = [a_reviewer("one"), a_reviewer("two")]
    ready = threading.Barrier(2) if connection.vendor != "sqlite" else None

    def judge(actor: Player) -> str:
        if ready:
            ready.wait(10)
        try:
            verdicts.judge(actor=actor, case_id=case.pk, verdict="discard", key=f"of {actor.pk}")
        except RuleBroken as refusal:
            return refusal.code
        return "judged"

    assert sorted(at_once([lambda actor=actor: judge(actor) for actor in reviewers])) == ["decided", "judged"]  # type: ignore[misc]


@pytest.mark.django_db(transaction=True)
def test_a_press_that_arrives_twice_at_once_counts_once() -> None:
    (case,) = some_cases(1)
    actor = a_reviewer("one")
    again = at_once([lambda: verdicts.judge(actor=actor, case_id=case.pk, verdict="accept", key="the same").pk] * 4)
    assert len(set(again)) == 1


@pytest.mark.django_db(transaction=True)
def test_reported_at_once_it_is_one_case() -> None:
    round_ = written(make_player("labeler"), make_sticker(1, image="a", poster="a"), "x")
    asked = at_once([lambda: casework.open_case(kind="flagged", round_id=round_.pk)] * 4)
    assert (sum(case is not None for case in asked), Case.objects.count()) == (1, 1)

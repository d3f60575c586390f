"""The rule of agreement: what it pays, and what holds of it whatever people say."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sticktionary.domain.reply_round import agreement
from sticktionary.domain.reply_round.agreement import Kin, Likeness, Said


def kin(*shared: int | str) -> Kin:
    return frozenset(shared)


some = settings(max_examples=60, deadline=None)
ONE, TWO, THREE, FOUR = kin(1), kin(2), kin(3), kin(4)
TWIN_OF_ONE = kin(1, 9)

stickers = st.sampled_from([ONE, TWO, THREE, FOUR, TWIN_OF_ONE, kin(9, 2)])
people = st.integers(1, 5)
intents = st.sampled_from([("", ""), ("joy", "joy"), ("love", "joy"), ("anger", "anger")])


@st.composite
def replies(draw: st.DrawFn, person: st.SearchStrategy[int | None] = people) -> Said:
    intent, kind = draw(intents)
    also = tuple(draw(st.lists(stickers, max_size=agreement.MOST_NAMED)))
    return Said(draw(person), draw(stickers), also, intent, kind)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (Said(1, ONE), Said(2, ONE), Likeness.SAME),
        (Said(1, ONE), Said(2, TWIN_OF_ONE), Likeness.SAME),
        (Said(1, ONE, (TWO,)), Said(2, TWO), Likeness.NAMED),
        (Said(1, TWO), Said(2, THREE, (TWO,)), Likeness.NAMED),
        (Said(1, ONE, (TWO,)), Said(2, THREE, (TWO,)), Likeness.BOTH_NAMED),
        (Said(1, ONE, (TWO,)), Said(2, THREE, (FOUR,)), Likeness.OTHER),
    ],
)
def test_how_far_two_replies_agree(one: Said, other: Said, wanted: Likeness) -> None:
    assert agreement.likeness(one, other) == wanted


def test_what_agreement_is_worth() -> None:
    mine = Said(1, ONE, (TWO,), "joy", "joy")
    assert agreement.pair_points(mine, Said(2, ONE, (), "joy", "joy")) == 40
    assert agreement.pair_points(mine, Said(2, TWO, (), "love", "joy")) == 20
    assert agreement.pair_points(mine, Said(2, THREE, (TWO,), "anger", "anger")) == 5
    assert agreement.pair_points(mine, Said(2, THREE)) == 0
    assert agreement.sent_points(mine, ONE, [Said(2, FOUR)]) == 30
    assert agreement.sent_points(mine, TWO, [Said(2, FOUR)]) == 15
    assert agreement.sent_points(mine, THREE, [Said(2, FOUR)]) == 0
    assert agreement.sent_points(mine, None, [Said(2, FOUR)]) == 0


@some
@given(replies(), replies())
def test_both_of_a_pair_get_the_same(one: Said, other: Said) -> None:
    assert agreement.pair_points(one, other) == agreement.pair_points(other, one)
    assert agreement.likeness(one, other) == agreement.likeness(other, one)


@some
@given(replies(), replies())
def test_nobody_is_paid_for_agreeing_with_themselves(one: Said, other: Said) -> None:
    of_one_person = [Said(7, said.pick, said.also, said.intent, said.kind) for said in (one, other)]
    assert agreement.pair_points(*of_one_person) == 0
    assert agreement.sent_points(of_one_person[0], one.pick, of_one_person) == 0


@some
@given(replies(), stickers)
def test_nothing_is_paid_before_somebody_else_has_answered(one: Said, sent: Kin) -> None:
    assert agreement.sent_points(one, sent, []) == 0
    assert agreement.sent_points(one, sent, [one]) == 0


@some
@given(st.lists(replies(), min_size=2, max_size=4, unique_by=lambda said: said.person), stickers)
def test_who_answers_first_gets_what_who_answers_last_would(said: list[Said], sent: Kin) -> None:
    def paid(order: tuple[Said, ...]) -> dict[int | None, int]:
        """As the game pays: with each answer, both of each new pair, and whom it makes no longer alone."""
        total = {each.person: 0 for each in order}
        for n, new in enumerate(order):
            for old in order[:n]:
                worth = agreement.pair_points(new, old)
                total[new.person] += worth
                total[old.person] += worth
            if n == 1:
                total[order[0].person] += agreement.sent_points(order[0], sent, [new])
            total[new.person] += agreement.sent_points(new, sent, order[:n])
        return total

    [first, *others] = [paid(order) for order in permutations(said)]
    assert all(other == first for other in others)


@some
@given(replies(), replies(), stickers)
def test_naming_one_more_sticker_never_costs(one: Said, other: Said, named: Kin) -> None:
    more = Said(one.person, one.pick, (*one.also, named), one.intent, one.kind)
    assert agreement.pair_points(more, other) >= agreement.pair_points(one, other)


@some
@given(st.lists(replies(st.integers(1, 3)), max_size=6))
def test_what_is_accepted_was_picked_and_two_people_stand_behind_it(said: list[Said]) -> None:
    def people(sticker: Kin) -> set[int | None]:
        return {each.person for each in said if any(sticker & held for held in (each.pick, *each.also))}

    names = {1: ONE, 2: TWO, 3: THREE, 4: FOUR, 9: TWIN_OF_ONE}
    picked = [n for n, sticker in names.items() if any(sticker & each.pick for each in said)]
    assert agreement.accepted(names, said) == [n for n in picked if len(people(names[n])) >= 2]


def test_twins_are_accepted_together_and_one_person_is_one() -> None:
    names = {1: ONE, 2: TWO, 9: TWIN_OF_ONE}
    assert agreement.accepted(names, [Said(1, ONE), Said(2, TWIN_OF_ONE)]) == [1, 9]
    assert agreement.accepted(names, [Said(1, ONE), Said(1, ONE)]) == []
    assert agreement.accepted(names, [Said(1, ONE, (TWO,)), Said(2, THREE, (TWO,))]) == []


def test_gold_takes_half_of_the_people_and_three_at_least() -> None:
    names = {1: ONE, 2: TWO}
    three, others = [Said(n, ONE) for n in range(3)], [Said(n, FOUR) for n in range(3, 7)]
    assert agreement.clear(names, three[:2]) == []
    assert agreement.clear(names, three) == [1]
    assert agreement.clear(names, three + others) == []
    assert [agreement.passes(Said(9, THREE, (each,)), [ONE]) for each in (TWO, TWIN_OF_ONE)] == [False, True]


def test_likeness_says_which_of_several_is_nearest() -> None:
    order = [Likeness.SAME, Likeness.NAMED, Likeness.BOTH_NAMED, Likeness.OTHER]
    worth = [agreement.WORTH[each] for each in order]
    assert all(one > other for one, other in combinations(worth, 2))

"""Rules that change while people play: when a round is decided, when a sticker is done, what goes to a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain import rules
from sticktionary.domain.play import candidates, chance, choosing, dealing, deciding, outcome, retrieving, skipping
from sticktionary.domain.play.outcome import Standing
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import LabelTurn
from sticktionary.models import Case, Judgement, Player, Round, RuleSet, SameStickers, Sticker
from tests.game.test_rules import deal_find
from tests.quality.conftest import make_round, ranks_of, somebody
from tests.rules import hold, leave_nothing_to_chance


@pytest.fixture(autouse=True)
def _nothing_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_nothing_to_chance(monkeypatch)


# --- how many look a round up ---

redundancies = st.integers(1, 6).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, n + 5)))


@given(redundancies, st.lists(st.booleans(), min_size=12, max_size=12))
def test_answers_come_one_by_one_until_they_decide_and_never_more(bounds: tuple[int, int], answers: list[bool]) -> None:
    n_usual, n_most = bounds
    n_found = n_missed = 0
    while (standing := Standing(n_found, n_missed, 0, n_usual, n_most)).verdict is None:
        assert standing.n_places >= 1, "undecided and nobody may look"
        assert standing.n_answers < standing.n_needed <= n_most
        found = answers[standing.n_answers]
        n_found, n_missed = n_found + found, n_missed + (not found)
    n, lead = n_found + n_missed, abs(n_found - n_missed)
    assert n_usual <= n <= n_most
    assert standing.n_places == 0
    assert standing.verdict == (Round.State.FOUND if n_found > n_missed else Round.State.NEEDS_REVIEW)
    assert n == n_most or not (n_found and n_missed) or lead > n_most - n
    if n > n_usual:  # the answer before the last had not settled it
        before = Standing(n_found - answers[n - 1], n_missed - (not answers[n - 1]), 0, n_usual, n_most)
        assert before.verdict is None


@given(redundancies, st.integers(0, 8), st.integers(0, 8), st.integers(0, 4))
def test_whatever_there_is_already_a_round_is_decided_or_has_somebody_at_it(
    bounds: tuple[int, int], n_found: int, n_missed: int, n_leased: int
) -> None:
    standing = Standing(n_found, n_missed, n_leased, *bounds)
    assert standing.verdict is not None or standing.n_places + n_leased > 0
    assert standing.verdict is None or standing.n_places == 0


def decided(round_: Round) -> str:
    round_.refresh_from_db()
    return str(round_.state)


def answer_next(player: Player, *, finds: bool) -> None:
    turn = deal_find(player)
    page = snapshot_for(player.pk).turn
    assert turn.retrieval is not None
    letters = retrieving.LETTERS[: len(turn.retrieval.candidates)]
    right = letters[turn.retrieval.candidates.index(turn.round.sticker_id)]
    wrong = next(letter for letter in letters if letter != right)
    key = f"answer-{turn.pk:06}"
    retrieving.answer(player_id=player.pk, lease=page.lease, key=key, picks=[right if finds else wrong])  # type: ignore[union-attr]


def test_a_raised_number_holds_for_rounds_that_are_open(stickers: list[Sticker], author: Player) -> None:
    round_ = make_round(author, stickers[0])
    answer_next(somebody(), finds=True)
    hold(n_retrievers=3, n_retrievers_most=3)
    answer_next(somebody(), finds=True)
    assert decided(round_) == Round.State.OPEN
    answer_next(somebody(), finds=False)
    assert decided(round_) == Round.State.FOUND


def test_a_page_that_was_dealt_before_stays_and_its_answer_counts_by_the_new_rules(
    stickers: list[Sticker], author: Player
) -> None:
    round_ = make_round(author, stickers[0])
    early, late = somebody(), somebody()
    deal_find(early)
    deal_find(late)
    hold(n_retrievers=1, n_retrievers_most=1)
    answer_next(early, finds=True)
    assert decided(round_) == Round.State.FOUND
    author.refresh_from_db()
    paid = author.points
    answer_next(late, finds=True)
    late.refresh_from_db()
    author.refresh_from_db()
    assert (late.points, author.points) == (100, 2 * paid)


@pytest.mark.parametrize(("ranks", "state", "kind"), [
    ((1, 1, 0, 1), Round.State.FOUND, None),
    ((1, 0, 0, 1), Round.State.NEEDS_REVIEW, "split"),
    ((0, 0), Round.State.NEEDS_REVIEW, "not_found"),
    ((1,), Round.State.OPEN, None),
])  # fmt: skip
def test_a_lowered_number_decides_rounds_that_have_enough_now(
    stickers: list[Sticker], author: Player, ranks: tuple[int, ...], state: str, kind: str | None
) -> None:
    hold(n_retrievers=5, n_retrievers_most=5)
    round_ = make_round(author, stickers[0])
    ranks_of(ranks, round_)
    assert deciding.sweep() == 0
    hold(n_retrievers=2, n_retrievers_most=3)
    assert deciding.sweep() == (state != Round.State.OPEN)
    assert decided(round_) == state
    assert list(Case.objects.values_list("kind", flat=True)) == ([kind] if kind else [])


def test_what_was_decided_stays_when_more_are_asked_for(stickers: list[Sticker], author: Player) -> None:
    round_ = make_round(author, stickers[0])
    for _ in range(2):
        answer_next(somebody(), finds=True)
    assert decided(round_) == Round.State.FOUND
    hold(n_retrievers=5, n_retrievers_most=5)
    deciding.sweep()
    assert decided(round_) == Round.State.FOUND


@pytest.mark.parametrize(("changes", "kinds"), [
    ({}, {"not_found": 1, "split": 1}),
    ({"review_not_found": False}, {"split": 1}),
    ({"take_found": False}, {"not_found": 1, "split": 1, "found": 1}),
])  # fmt: skip
def test_the_rules_say_what_goes_to_a_person(
    stickers: list[Sticker], author: Player, changes: dict[str, bool], kinds: dict[str, int]
) -> None:
    hold(**changes)
    outcomes = [(True, True), (False, False), (True, False, False)]
    rounds = [make_round(author, sticker) for sticker in stickers[:3]]
    for round_, finds in zip(rounds, outcomes, strict=True):
        ranks_of([int(find) for find in finds], round_)
    deciding.decide_complete()
    states = [decided(round_) for round_ in rounds]
    found = Round.State.FOUND if changes.get("take_found", True) else Round.State.NEEDS_REVIEW
    assert states == [found, Round.State.NEEDS_REVIEW, Round.State.NEEDS_REVIEW]
    assert dict.fromkeys(Case.objects.values_list("kind", flat=True), 1) == kinds


def test_a_round_that_was_sent_back_goes_to_one_more(stickers: list[Sticker], author: Player) -> None:
    round_ = make_round(author, stickers[0])
    ranks_of([0, 0], round_)
    deciding.decide_complete()
    case = Case.objects.get()
    Judgement.objects.create(case=case, verdict="send_back", key="back", at=round_.retrievals.latest("pk").answered_at)
    Round.objects.filter(pk=round_.pk).update(state=Round.State.OPEN)
    Case.objects.update(state=Case.State.DECIDED)
    assert deciding.decide_complete() == 0
    assert outcome.standing_of(round_.pk).n_places == 1
    answer_next(somebody(), finds=True)
    assert decided(round_) == Round.State.NEEDS_REVIEW
    assert list(Case.objects.order_by("pk").values_list("kind", "state")) == [
        ("not_found", "decided"), ("split", "open"),
    ]  # fmt: skip


# --- retirement ---


def test_a_sticker_that_was_found_often_enough_is_written_for_no_more(stickers: list[Sticker], author: Player) -> None:
    for sticker in stickers[1:]:
        make_round(author, sticker, state=Round.State.FOUND)
    assert {choosing.next_sticker(somebody()) for _ in range(3)} <= set(stickers)
    hold(done_after_found=1)
    anna, chen = somebody(), somebody("zh")
    assert choosing.next_sticker(anna) == stickers[0]
    make_round(author, stickers[0], state=Round.State.ACCEPTED)
    assert choosing.next_sticker(anna) is None
    assert choosing.next_sticker(chen) in stickers, "done in one language, not in the other"


def test_rounds_that_are_open_are_looked_up_although_the_sticker_is_done(
    stickers: list[Sticker], author: Player
) -> None:
    hold(done_after_found=1)
    make_round(author, stickers[0], state=Round.State.FOUND)
    open_ = make_round(author, stickers[0])
    ben = somebody()
    assert deal_find(ben).round == open_


def test_the_few_that_are_left_of_a_large_catalogue_are_found(
    stickers: list[Sticker], author: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "_LOOK_AT", 1)  # so that a random look hits a done one nearly always
    hold(done_after_found=1)
    for sticker in stickers[:-1]:
        make_round(author, sticker, state=Round.State.FOUND)
    assert {choosing.next_sticker(somebody()) for _ in range(8)} == {stickers[-1]}


def test_a_sticker_is_halted_by_as_many_as_the_rules_say_and_a_person_looks(stickers: list[Sticker]) -> None:
    hold(halt_after_skips=2, halt_share=0.5)
    pass_on(stickers, stickers[0], "no_words")
    stickers[0].refresh_from_db()
    assert (stickers[0].state, Case.objects.count()) == ("active", 0)
    pass_on(stickers, stickers[0], "unclear")
    stickers[0].refresh_from_db()
    assert stickers[0].state == "halted"
    case = Case.objects.get()
    assert (case.kind, case.sticker, case.reasons) == ("sticker", stickers[0], ["skipped"])


def pass_on(stickers: list[Sticker], sticker: Sticker, reason: str) -> None:
    """Somebody who is dealt this sticker to write for passes it on."""
    player = somebody()
    Sticker.objects.exclude(pk=sticker.pk).update(state="halted")
    lease = label_page(player).lease
    Sticker.objects.exclude(pk=sticker.pk).update(state="active")
    skipping.skip(player_id=player.pk, lease=lease, key=f"skip-{player.pk:06}", reason=reason)


def label_page(player: Player) -> LabelTurn:
    dealing.deal(player_id=player.pk)
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, LabelTurn)
    return turn


def test_a_round_that_many_pass_on_goes_to_a_person(stickers: list[Sticker], author: Player) -> None:
    hold(review_after_skips=2)
    round_ = make_round(author, stickers[0])
    for n_skipped in (1, 2):
        player = somebody()
        deal_find(player)
        lease = snapshot_for(player.pk).turn.lease  # type: ignore[union-attr]
        skipping.skip(player_id=player.pk, lease=lease, key=f"skip-{player.pk:06}", reason="unclear")
        assert (decided(round_) == Round.State.NEEDS_REVIEW) is (n_skipped == 2)
    assert Case.objects.get().reasons == ["skipped"]


# --- pages ---


@pytest.mark.parametrize(("before", "share", "hidden"), [(3, 1.0, True), (2, 1.0, False), (9, 0.0, False)])
def test_results_are_hidden_on_a_share_of_pages_but_never_on_the_first(
    stickers: list[Sticker], before: int, share: float, hidden: bool
) -> None:
    hold(hidden_share=share, hidden_after=3)
    player = somebody()
    for number in range(before):
        make_round(player, stickers[number % 8], state=Round.State.FOUND)
    assert label_page(player).results_hidden is hidden
    assert Round.objects.latest("pk").results_hidden is hidden


real_happens = chance.happens  # before the fixture above loads it


@given(st.floats(0, 1), st.floats(0, 0.999999))
def test_what_happens_to_a_share_of_pages_is_thrown_by_the_dice(share: float, thrown: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chance.dice, "random", lambda: thrown)
        assert real_happens(share) is (thrown < share)


def test_stickers_that_were_judged_the_same_are_never_among_each_others_candidates(
    stickers: list[Sticker], author: Player
) -> None:
    case = Case.objects.create(kind="not_found", opened_at=stickers[0].created_at)
    judgement = Judgement.objects.create(case=case, verdict="same", key="same", at=stickers[0].created_at)
    for first, second in [(0, 1), (2, 3)]:
        SameStickers.objects.create(first=stickers[first], second=stickers[second], judgement=judgement)
    ids = [sticker.pk for sticker in stickers]
    for target in (stickers[0], stickers[4]):
        shown, _ = candidates.draw(target, ["x"], author.pk, may_be_absent=False)
        assert target.pk in shown
        assert not {ids[0], ids[1]} <= set(shown)
        assert not {ids[2], ids[3]} <= set(shown)


def test_every_change_is_a_set_of_its_own(author: Player) -> None:
    hold(n_retrievers=3, n_retrievers_most=4)
    assert rules.current().n_retrievers == 3
    assert rules.current().absent_share == 0.08
    RuleSet.objects.create(values={"n_retrievers": 4, "of_an_older_house": 1})
    rules.forget()
    assert rules.current() == rules.Rules(n_retrievers=4)

"""What single moves do and refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.play import (
    candidates,
    dealing,
    labelling,
    ledger,
    notices,
    practice,
    retrieving,
    skipping,
    waiting,
)
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import FindTurn, FoundTurn, LabelTurn, Nothing, Waiting, WrittenTurn
from sticktionary.models import (
    LedgerEntry,
    Notice,
    PlayDay,
    Player,
    Query,
    Retrieval,
    Revision,
    Round,
    Skip,
    Sticker,
    Turn,
)
from tests.game.conftest import make_player, make_sticker
from tests.rules import hold, leave_nothing_to_chance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _target_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving the target out is left to chance; these tests are about what happens when it is there."""
    leave_nothing_to_chance(monkeypatch)


def label_turn(player: Player) -> LabelTurn:
    """Deal until the player has a sticker to write for."""
    return dealt(player, LabelTurn)


def find_turn(player: Player) -> FindTurn:
    return dealt(player, FindTurn)


def dealt(player: Player, kind: type):  # type: ignore[no-untyped-def]
    for number in range(9):
        dealing.deal(player_id=player.pk)
        turn = snapshot_for(player.pk).turn
        if isinstance(turn, kind):
            return turn
        if isinstance(turn, FindTurn):
            retrieving.answer(player_id=player.pk, lease=turn.lease, key=f"pass-{number}-{player.pk}xx", picks=[])
        elif isinstance(turn, LabelTurn):
            add(player, turn, f"mood {number} of {player}", f"pass-{number}-{player.pk}xx")
            labelling.submit(player_id=player.pk, lease=turn.lease, key=f"pass-{number}-{player.pk}yy")
    raise AssertionError("never dealt")


def add(player: Player, turn: LabelTurn, text: str, key: str = "") -> list[str]:
    return labelling.add_query(player_id=player.pk, lease=turn.lease, key=key or f"key-{text}"[:40], text=text)


def texts(player: Player) -> list[str]:
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, LabelTurn | WrittenTurn)
    return [query.text for query in turn.queries]


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


# --- writing ---


def test_queries_are_added_changed_removed_and_put_in_order(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    for text in ("one for the group", "two left feet", "three wishes gone"):
        assert add(anna, turn, text) == []
    first, second, third = snapshot_for(anna.pk).turn.queries
    who = {"player_id": anna.pk, "lease": turn.lease}
    labelling.edit_query(**who, key="key-edit-1", query_id=second.id, text="two more minutes")
    labelling.reorder(**who, key="key-order-1", order=[third.id, first.id, second.id])
    labelling.remove_query(**who, key="key-remove-1", query_id=first.id)
    assert texts(anna) == ["three wishes gone", "two more minutes"]
    assert Query.objects.get(pk=first.id).removed_at is not None
    made = list(Revision.objects.filter(turn__sitting__player=anna).order_by("pk").values_list("move", flat=True))
    assert made[-6:] == ["add", "add", "add", "edit", "reorder", "remove"]


def test_a_move_that_arrives_twice_is_made_once(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    for _ in range(2):
        add(anna, turn, "so it begins", key="key-again-1")
    assert texts(anna) == ["so it begins"]
    for _ in range(2):
        labelling.submit(player_id=anna.pk, lease=turn.lease, key="key-again-2")
    assert (
        PlayDay.objects.get(player=anna).n_rounds
        == 1 + Turn.objects.filter(sitting__player=anna, state=Turn.State.DONE, role=Turn.Role.RETRIEVER).count()
    )


def test_five_queries_are_the_most_and_one_the_least(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    with pytest.raises(Refused) as refused:
        labelling.submit(player_id=anna.pk, lease=turn.lease, key="key-early-1")
    assert code(refused) == "no_queries"
    for text in ("left on read", "monday once more", "payday dance", "caught red handed", "five more minutes"):
        add(anna, turn, text)
    with pytest.raises(Refused) as refused:
        add(anna, turn, "sixth sense")
    assert code(refused) == "enough"


def test_an_order_must_name_the_very_queries(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    add(anna, turn, "left on read")
    own = snapshot_for(anna.pk).turn.queries[0].id
    for order in ([], [own, own], [own + 1_000]):
        with pytest.raises(Refused) as refused:
            labelling.reorder(player_id=anna.pk, lease=turn.lease, key="key-order-1", order=order)
        assert code(refused) == "other_queries"


def test_others_pages_and_forged_leases_are_not_ones_own(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    turn = label_turn(anna)
    forged = turn.lease.replace(f"{anna.pk}.", f"{ben.pk}.", 1)
    for lease in (turn.lease, forged, "", "1.1:x", turn.lease[:-1]):
        with pytest.raises(NotAllowed) as refused:
            labelling.add_query(player_id=ben.pk, lease=lease, key="key-theft-1", text="mine now")
        assert code(refused) == "bad_lease"


def test_a_retrievers_page_takes_no_queries(stickers: list[Sticker], anna: Player) -> None:
    turn = find_turn(anna)
    with pytest.raises(Refused) as refused:
        labelling.add_query(player_id=anna.pk, lease=turn.lease, key="key-wrong-1", text="mine now")
    assert code(refused) == "wrong_page"


def test_writing_goes_on_after_the_ten_minutes_with_all_that_was_written(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    add(anna, turn, "left on read")
    past = timezone.now() - timedelta(minutes=1)
    Round.objects.filter(labeler=anna, state=Round.State.LABELLING).update(lease_until=past)
    assert dealing.deal(player_id=anna.pk) == []
    again = snapshot_for(anna.pk).turn
    assert (again.lease, texts(anna)) == (turn.lease, ["left on read"])
    assert again.lease_until > timezone.now().timestamp()


def test_a_sticker_taken_out_meanwhile_ends_the_page(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    Sticker.objects.filter(rounds__labeler=anna).update(state=Sticker.State.WITHDRAWN)
    assert snapshot_for(anna.pk).turn == Nothing("gone")
    with pytest.raises(Refused) as refused:
        add(anna, turn, "left on read")
    assert code(refused) == "sticker_gone"
    assert dealing.deal(player_id=anna.pk) == ["sticker_gone"]


def test_novelty_is_frozen_when_the_round_is_sent(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    add(anna, turn, "so done with today")  # the house says that too
    add(anna, turn, "nobody else says this")
    labelling.submit(player_id=anna.pk, lease=turn.lease, key="key-send-1")
    assert [query.novelty for query in Query.objects.filter(round__labeler=anna).order_by("-pk")[:2]] == [1.5, 1.0]


def test_what_was_found_at_once_twice_is_worn_out(stickers: list[Sticker], anna: Player) -> None:
    turn = label_turn(anna)
    round_ = Round.objects.get(labeler=anna, state=Round.State.LABELLING)
    house = Round.objects.get(sticker=round_.sticker, source=Round.Source.HOUSE, language="en")
    now = timezone.now()
    finders = [make_player("finder1"), make_player("finder2")]
    last = house.queries.get(text="send help")
    for finder in finders:
        Retrieval.objects.create(
            round=house, player=finder, state=Retrieval.State.ANSWERED, candidates=[], rank=1, dealt_at=now,
            lease_until=now, answered_at=now,
        )  # fmt: skip
    for text in ("Send HELP", "monday again!"):
        with pytest.raises(Refused) as refused:
            add(anna, turn, text)
        assert code(refused) == "worn_out"
    Retrieval.objects.filter(player=finders[0]).update(gave_away=last)
    assert add(anna, turn, "monday again") == []
    Retrieval.objects.filter(player=finders[1]).update(gave_away=last)
    with pytest.raises(Refused):
        add(anna, turn, "send help")


# --- looking up ---


def written_round(author: Player, sticker: Sticker, *lines: str) -> Round:
    now = timezone.now()
    round_ = Round.objects.create(
        sticker=sticker, language="en", state=Round.State.OPEN, labeler=author, dealt_at=now, submitted_at=now
    )
    for position, text in enumerate(lines or ("left on read",), start=1):
        round_.queries.create(text=text, normalised=text, position=position, added_at=now, novelty=1.5)
    return round_


def answer(player: Player, *picks: str, key: str = "key-answer-1") -> FoundTurn:
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, FindTurn)
    retrieving.answer(player_id=player.pk, lease=turn.lease, key=key, picks=picks)
    found = snapshot_for(player.pk).turn
    assert isinstance(found, FoundTurn)
    return found


def letters_of(player: Player, sticker: Sticker) -> tuple[str, list[str]]:
    """The letter of the target on the page in play, and all the others."""
    held = Retrieval.objects.get(turn__sitting__player=player, turn__state=Turn.State.PLAYING).candidates
    right = retrieving.LETTERS[held.index(sticker.pk)]
    return right, [letter for letter in retrieving.LETTERS[: len(held)] if letter != right]


@pytest.mark.parametrize(("place", "outcome", "own", "authors"), [
    (1, "first", 100, 150), (2, "second", 50, 90), (3, "third", 10, 45),
])  # fmt: skip
def test_a_find_pays_both_sides(
    stickers: list[Sticker], anna: Player, ben: Player, place: int, outcome: str, own: int, authors: int
) -> None:
    written_round(anna, stickers[4])
    find_turn(ben)
    right, wrong = letters_of(ben, stickers[4])
    found = answer(ben, *[*wrong[: place - 1], right])
    assert (found.outcome, found.n_points, sum(line.n_points or 0 for line in found.lines)) == (outcome, own, own)
    assert (found.target_letter, found.writer) == (right, "anna")
    assert {player.username: player.points for player in Player.objects.all()} == {"anna": authors, "ben": own}
    notice = Notice.objects.get(player=anna)
    assert (notice.kind, notice.payload["n_points"]) == ("found", authors)


def test_a_miss_costs_nothing_and_is_told(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    written_round(anna, stickers[4])
    find_turn(ben)
    _, wrong = letters_of(ben, stickers[4])
    assert answer(ben, *wrong[:2]).outcome == "missed"
    assert Notice.objects.get(player=anna).kind == "not_found"
    assert not LedgerEntry.objects.exists()


def test_none_of_these_is_right_only_when_it_is_not_there(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    carl = make_player("carl")
    round_ = written_round(anna, stickers[4])
    find_turn(ben)
    assert answer(ben).outcome == "wrongly_none"
    hold(absent_share=1.0)
    find_turn(carl)
    found = answer(carl)
    assert (found.outcome, found.n_points, found.target, found.others) == ("rightly_none", 100, None, [])
    round_.refresh_from_db()
    assert round_.state == Round.State.OPEN  # an answer without the target says nothing of the queries
    assert Notice.objects.filter(player=anna).count() == 1


@pytest.mark.parametrize(("finds", "state"), [
    ((True, True), Round.State.FOUND),
    ((False, False), Round.State.NEEDS_REVIEW),
    ((True, False), Round.State.OPEN),
    ((True, False, True), Round.State.FOUND),
    ((False, True, False), Round.State.NEEDS_REVIEW),
])  # fmt: skip
def test_two_agree_or_a_third_decides(
    stickers: list[Sticker], anna: Player, finds: tuple[bool, ...], state: str
) -> None:
    round_ = written_round(anna, stickers[4])
    for number, finds_it in enumerate(finds):
        seeker = make_player(f"seeker{number}")
        assert find_turn(seeker).writer == "anna"
        right, wrong = letters_of(seeker, stickers[4])
        answer(seeker, right if finds_it else wrong[0])
    round_.refresh_from_db()
    assert round_.state == state
    late = make_player("late")
    assert (find_turn(late).writer == "anna") is (state == Round.State.OPEN)


def test_an_answer_counts_once_and_only_for_its_page(stickers: list[Sticker], ben: Player) -> None:
    turn = find_turn(ben)
    answer(ben, "a")
    retrieving.answer(player_id=ben.pk, lease=turn.lease, key="key-answer-1", picks=["b"])
    with pytest.raises(Refused) as refused:
        retrieving.answer(player_id=ben.pk, lease=turn.lease, key="key-answer-2", picks=["b"])
    assert code(refused) == "turn_over"
    retrieval = Retrieval.objects.get(player=ben)
    assert retrieval.picks == [retrieval.candidates[0]]


@pytest.mark.parametrize(("picks", "reason"), [(["a", "a"], "picked_twice"), (["x"], "no_such_candidate")])
def test_picks_that_cannot_be_are_refused_and_the_page_stays(ben: Player, picks: list[str], reason: str) -> None:
    for number in range(8):
        make_sticker(number, queries=2)
    turn = find_turn(ben)
    with pytest.raises(Refused) as refused:
        retrieving.answer(player_id=ben.pk, lease=turn.lease, key="key-answer-1", picks=picks)
    assert code(refused) == reason
    assert snapshot_for(ben.pk).turn.lease == turn.lease


def test_a_lapsed_page_goes_on_while_it_is_needed_and_else_to_others(
    stickers: list[Sticker], anna: Player, ben: Player
) -> None:
    round_ = written_round(anna, stickers[4])
    turn = find_turn(ben)
    past = timezone.now() - timedelta(minutes=1)
    Retrieval.objects.filter(player=ben).update(lease_until=past)
    assert dealing.deal(player_id=ben.pk) == []
    assert snapshot_for(ben.pk).turn.lease == turn.lease
    Retrieval.objects.filter(player=ben).update(lease_until=past)
    for name in ("carl", "dora"):
        seeker = make_player(name)
        find_turn(seeker)
        answer(seeker, letters_of(seeker, stickers[4])[0])
    assert snapshot_for(ben.pk).turn == Nothing("lapsed")
    with pytest.raises(Refused) as refused:
        retrieving.answer(player_id=ben.pk, lease=turn.lease, key="key-late-1", picks=["a"])
    assert code(refused) == "went_to_others"
    assert dealing.deal(player_id=ben.pk) == ["went_to_others"]
    assert Turn.objects.get(sitting__player=ben, state=Turn.State.PLAYING).round != round_


def test_a_suggestion_becomes_a_round_and_pays_when_it_is_found(
    stickers: list[Sticker], anna: Player, ben: Player
) -> None:
    turn = find_turn(ben)
    held = Retrieval.objects.get(player=ben).candidates
    retrieving.suggest(player_id=ben.pk, lease=turn.lease, key="key-word-1", candidate="c", text="my inner goblin")
    round_ = Round.objects.get(source=Round.Source.SUGGESTION)
    assert (round_.sticker_id, round_.labeler, round_.state) == (held[2], ben, Round.State.OPEN)
    assert [(each.letter, each.text) for each in snapshot_for(ben.pk).turn.suggestions] == [("c", "my inner goblin")]
    assert find_turn(anna).writer == "ben"
    right, _ = letters_of(anna, round_.sticker)
    answer(anna, right)
    entry = LedgerEntry.objects.get(player=ben)
    assert (entry.reason, entry.n_points) == (LedgerEntry.Reason.SUGGESTED, 150)
    assert Notice.objects.get(player=ben).kind == "suggestion_found"


def test_suggestions_tell_nothing_of_the_target(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    """The words on the page are refused for each candidate alike, though they are worn out for the target alone."""
    written_round(anna, stickers[4], "left on read")
    turn = find_turn(ben)
    said = set()
    for number, letter in enumerate(retrieving.LETTERS):
        with pytest.raises(Refused) as refused:
            retrieving.suggest(
                player_id=ben.pk, lease=turn.lease, key=f"key-probe-{number}", candidate=letter, text="Left on READ"
            )
        said.add(refused.value.code)
    assert said == {"on_page"}


def test_three_suggestions_are_the_most(stickers: list[Sticker], ben: Player) -> None:
    turn = find_turn(ben)
    say = {"player_id": ben.pk, "lease": turn.lease}
    for number, text in enumerate(["my inner goblin", "rent is due", "plot twist incoming"]):
        retrieving.suggest(**say, key=f"key-word-{number}", candidate="abc"[number], text=text)
    with pytest.raises(Refused) as refused:
        retrieving.suggest(**say, key="key-word-9", candidate="d", text="one too many")
    assert code(refused) == "enough_suggestions"


def test_what_gave_it_away_is_asked_of_those_who_found_it(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    round_ = written_round(anna, stickers[4], "left on read", "seen at nine")
    turn = find_turn(ben)
    say = {"player_id": ben.pk, "lease": turn.lease}
    with pytest.raises(Refused) as refused:
        retrieving.gave_away(**say, key="key-gave-1", number=2)
    assert code(refused) == "not_found"
    right, _ = letters_of(ben, stickers[4])
    answer(ben, right)
    retrieving.gave_away(**say, key="key-gave-2", number=2)
    assert snapshot_for(ben.pk).turn.gave_away == 2
    assert Retrieval.objects.get(player=ben).gave_away == round_.queries.get(text="seen at nine")
    with pytest.raises(Refused) as refused:
        retrieving.gave_away(**say, key="key-gave-3", number=3)
    assert code(refused) == "no_such_query"


# --- passing on, waiting, practising, hearing ---


def test_what_was_passed_on_never_comes_back_and_another_page_takes_its_place(anna: Player) -> None:
    for number in range(4):
        make_sticker(number)
    seen = []
    for number in range(4):
        turn = label_turn(anna)
        seen.append(Turn.objects.get(sitting__player=anna, state=Turn.State.PLAYING).round.sticker_id)
        skipping.skip(player_id=anna.pk, lease=turn.lease, key=f"key-skip-{number}", reason="no_words")
    assert sorted(seen) == sorted(Sticker.objects.values_list("pk", flat=True))
    assert snapshot_for(anna.pk).turn == Nothing("start")
    assert Turn.objects.filter(sitting__player=anna).exclude(state=Turn.State.DROPPED).count() == 0


def test_a_sticker_that_many_pass_on_is_halted(anna: Player) -> None:
    sticker = make_sticker(1)
    for number in range(5):
        player = make_player(f"p{number}")
        turn = label_turn(player)
        sticker.refresh_from_db()
        assert sticker.state == Sticker.State.ACTIVE
        skipping.skip(player_id=player.pk, lease=turn.lease, key="key-skip-1", reason="unclear")
    sticker.refresh_from_db()
    assert (sticker.state, sticker.n_skips) == (Sticker.State.HALTED, 5)


def test_a_harmful_one_is_halted_sooner(anna: Player) -> None:
    sticker = make_sticker(1)
    for number in range(3):
        player = make_player(f"p{number}")
        skipping.skip(player_id=player.pk, lease=label_turn(player).lease, key="key-skip-1", reason="harmful")
    sticker.refresh_from_db()
    assert sticker.state == Sticker.State.HALTED


def test_a_reason_must_be_one_of_the_reasons(stickers: list[Sticker], anna: Player) -> None:
    with pytest.raises(Refused) as refused:
        skipping.skip(player_id=anna.pk, lease=label_turn(anna).lease, key="key-skip-1", reason="bored")
    assert code(refused) == "no_such_reason"
    assert not Skip.objects.exists()


def test_waiting_gives_the_houses_round_back_and_ends_with_what_is_there(
    stickers: list[Sticker], anna: Player, ben: Player
) -> None:
    turn = find_turn(ben)
    with pytest.raises(Refused) as refused:
        waiting.wait(player_id=ben.pk, lease=turn.lease, key="key-wait-1")
    assert code(refused) == "nobody_writes"
    label_turn(anna)
    assert snapshot_for(ben.pk).turn.can_wait is True
    waiting.wait(player_id=ben.pk, lease=turn.lease, key="key-wait-2")
    assert isinstance(snapshot_for(ben.pk).turn, Waiting)
    assert Retrieval.objects.get(player=ben).state == Retrieval.State.LAPSED
    dealing.deal(player_id=ben.pk)
    assert isinstance(snapshot_for(ben.pk).turn, Waiting)
    waiting.stop_waiting(player_id=ben.pk)
    assert isinstance(snapshot_for(ben.pk).turn, FindTurn)


def test_after_a_minute_the_clock_ends_the_wait(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    turn = find_turn(ben)
    label_turn(anna)
    waiting.wait(player_id=ben.pk, lease=turn.lease, key="key-wait-1")
    Player.objects.filter(pk=ben.pk).update(waiting_since=timezone.now() - dealing.WAIT)
    dealing.deal(player_id=ben.pk)
    assert isinstance(snapshot_for(ben.pk).turn, FindTurn)


def test_a_newcomer_practises_once_with_known_answers(stickers: list[Sticker]) -> None:
    guest = make_player("guest 1", practised=False, is_guest=True)
    dealing.deal(player_id=guest.pk)
    turn = snapshot_for(guest.pk).turn
    assert isinstance(turn, FindTurn)
    assert (turn.practice, turn.coach, len(snapshot_for(guest.pk).tabs)) == (True, "find_meaning", practice.N_PAGES)
    target = Round.objects.get(source=Round.Source.PRACTICE).sticker
    assert answer(guest, letters_of(guest, target)[0]).coach == "practice_found"
    dealing.deal(player_id=guest.pk)
    turn = snapshot_for(guest.pk).turn
    assert isinstance(turn, LabelTurn)
    assert (turn.practice, turn.coach) == (True, "write_feeling")
    add(guest, turn, "when the plan works out")
    guess = labelling.submit(player_id=guest.pk, lease=turn.lease, key="key-sent-1")
    assert guess is not None
    assert guess.target in guess.candidates
    sent = snapshot_for(guest.pk).turn
    assert (sent.practice, sent.coach, sent.n_points) == (True, "practice_sent", 20)
    dealing.deal(player_id=guest.pk)
    assert snapshot_for(guest.pk).turn.practice is False
    guest.refresh_from_db()
    assert (guest.points, guest.practised_at is not None) == (40, True)
    assert set(LedgerEntry.objects.values_list("reason", flat=True)) == {LedgerEntry.Reason.PRACTISED}


def test_practice_is_nobodys_proof_and_nobody_elses_page(stickers: list[Sticker], ben: Player) -> None:
    newcomer = make_player("newcomer", practised=False)
    find_turn(newcomer)
    Round.objects.filter(source=Round.Source.HOUSE).update(state=Round.State.FOUND)
    dealing.deal(player_id=ben.pk)
    assert isinstance(snapshot_for(ben.pk).turn, LabelTurn)


def test_news_waits_until_it_is_seen(stickers: list[Sticker], anna: Player, ben: Player) -> None:
    written_round(anna, stickers[4], "left on read")
    find_turn(ben)
    answer(ben, letters_of(ben, stickers[4])[0])
    (line,) = snapshot_for(anna.pk).notices
    assert (line.kind, line.partner, line.rank, line.n_points, line.queries) == (
        "found",
        "ben",
        1,
        150,
        ["left on read"],
    )
    notices.seen(player_id=ben.pk, upto=line.id)
    assert len(snapshot_for(anna.pk).notices) == 1
    notices.seen(player_id=anna.pk, upto=line.id)
    assert snapshot_for(anna.pk).notices == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-30, 150), st.integers(0, 6)), max_size=25))
def test_the_balance_is_the_sum_of_the_ledger_however_often_it_is_paid(
    anna: Player, ben: Player, paid: list[tuple[int, int, int]]
) -> None:
    players = [anna, ben]
    reason = LedgerEntry.Reason.RETRIEVED
    for who, n_points, key in paid:
        ledger.pay([ledger.Payment(players[who].pk, n_points, reason, f"for:{key}")] * 2)
    sums = dict(LedgerEntry.objects.values_list("player").annotate(Sum("n_points")))
    for player in players:
        player.refresh_from_db()
        assert player.points == sums.get(player.pk, 0)
    assert LedgerEntry.objects.count() == LedgerEntry.objects.values("key").distinct().count()


def test_candidates_hold_no_twins_and_are_as_many_with_and_without_the_target(anna: Player) -> None:
    target = make_sticker(1)
    make_sticker(2, twin_of=target)
    make_sticker(3, perceptual_hash=target.perceptual_hash)
    others = [make_sticker(number) for number in range(10, 20)]
    make_sticker(4, twin_of=others[0])
    there, absent = candidates.draw(target, ["x"], anna.pk, may_be_absent=False)
    assert (target.pk in there, absent) == (True, False)
    hold(absent_share=1.0)
    gone, absent = candidates.draw(target, ["x"], anna.pk, may_be_absent=True)
    assert (target.pk in gone, absent) == (False, True)
    assert len(there) == len(gone) == len(others)
    kin = {sticker.pk: sticker.twin_of_id or sticker.pk for sticker in Sticker.objects.filter(pk__in=[*there, *gone])}
    for shown in (there, gone):
        assert len({kin[pk] for pk in shown}) == len(shown)
        assert {2, 3}.isdisjoint(
            int(name[:4]) for name in Sticker.objects.filter(pk__in=shown).values_list("name", flat=True)
        )

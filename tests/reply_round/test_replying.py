"""Chats to reply to: who gets which, what a page shows, what an answer does, and what is paid for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.play import dealing as sittings
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import BonusTurn, ReplyTurn, Summary
from sticktionary.domain.reply_round import clearing, dealing, places, replying
from sticktionary.domain.reply_round.replying import GivenReply
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import (
    Annotation,
    AuditEntry,
    Case,
    Conversation,
    Judgement,
    LedgerEntry,
    Notice,
    Player,
    Reply,
    SameStickers,
    Sanction,
    Sticker,
    Utterance,
)
from tests.game.conftest import make_player, make_sticker
from tests.reply_round.conftest import (
    PLAIN,
    card_of,
    chat,
    dealt,
    given,
    points_of,
    replied,
    reply,
    set_rules,
    six_done,
    turn_of,
)

pytestmark = pytest.mark.usefixtures("without_gold")
State = Reply.State


def refused(code: str, call: Any, **values: Any) -> None:
    with pytest.raises(RuleBroken) as refusal:
        call(**values)
    assert refusal.value.code == code


# --- who is asked ---


def test_without_chats_nothing_changes(anna: Player, shelf: list[Sticker]) -> None:
    six_done(anna)
    sittings.deal(player_id=anna.pk)
    turn = snapshot_for(anna.pk).turn
    assert isinstance(turn, Summary)
    assert (turn.n_replies, turn.reply_points, turn.can_reply) == (0, 0, False)


@pytest.mark.parametrize(
    "change",
    [
        {"takes_replies": False},
        {"is_active": False},
        {"language": "zh"},
    ],
)
def test_only_chats_in_play_of_the_language_that_were_cleared(
    anna: Player, shelf: list[Sticker], change: dict[str, Any]
) -> None:
    chat(shelf[0])
    Conversation.objects.update(**change)
    six_done(anna)
    sittings.deal(player_id=anna.pk)
    assert isinstance(snapshot_for(anna.pk).turn, Summary)


def test_the_rule_switches_it_off(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    set_rules(**PLAIN, n_reply_pages=0)
    sitting = six_done(anna)
    sittings.deal(player_id=anna.pk)
    turn = snapshot_for(anna.pk).turn
    assert isinstance(turn, Summary)
    assert not turn.can_reply
    sitting.refresh_from_db()
    refused("no_chat", replying.another, player_id=anna.pk, key="another1")


def test_a_chat_comes_after_the_six_pages_and_before_bonus_pages(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    shelf[0].pack.bonus_tasks = ["emotion"]
    shelf[0].pack.save()
    turn = dealt(anna)
    replying.pass_on(player_id=anna.pk, lease=turn.lease, key="passed-1", why="unclear")
    assert isinstance(snapshot_for(anna.pk).turn, BonusTurn)
    row = Reply.objects.get()
    assert (row.state, row.why, row.utterance) == (State.PASSED, "unclear", place)


def test_a_page_says_nothing_of_the_sticker_that_was_sent(anna: Player, shelf: list[Sticker]) -> None:
    sent = make_sticker(99, image="the-one", poster="the-one")
    chat(sent, own_text="see you there")
    lone = [sticker.pk for sticker in shelf]
    turn = dealt(anna)
    Reply.objects.update(offered=lone)
    turn = turn_of(anna)
    assert [(line.speaker, line.text, line.sticker) for line in turn.chat] == [
        ("User_1", "what about chat 0?", None),
        ("User_2", "see you there", None),
    ]
    assert turn.speaker == "User_2"
    assert b"the-one" not in msgspec.json.encode(snapshot_for(anna.pk))
    assert sum(len(group.choices) for group in turn.groups) == 28
    assert [choice.id for choice in turn.scenarios] == ["SR", "DR"]


def test_what_is_offered_is_found_by_what_was_said_last_and_by_chance(anna: Player) -> None:
    for number in range(1, 41):
        make_sticker(number, queries=1 if number == 7 else 0, image="x", poster="x")
    [place] = chat(Sticker.objects.get(sha256=f"{1:064x}"))
    Utterance.objects.filter(session=place.session, number=1).update(text="I am so done with today")
    catalogue_search.__init__()  # type: ignore[misc]
    catalogue_search.refresh()
    offers = [offer.id for offer in dealt(anna).offers]
    assert len(offers) == len(set(offers)) == dealing.N_OFFERED
    assert offers[0] == Sticker.objects.get(sha256=f"{7:064x}").pk


def test_nobody_gets_a_place_whose_sticker_they_have_seen(anna: Player, shelf: list[Sticker]) -> None:
    first, second, third = chat(*shelf[:3])
    replied("anna", second, shelf[5])
    assert list(places.open_to(anna)) == [third]
    now = timezone.now()
    Annotation.objects.create(
        task="intent", language="en", sticker=shelf[2], utterance=third, player=anna, dealt_at=now, lease_until=now
    )
    assert list(places.open_to(anna)) == []
    assert list(places.open_to(make_player("ben"))) == [first, second, third]


def test_places_that_others_have_begun_come_first_until_they_are_full(shelf: list[Sticker]) -> None:
    set_rules(**PLAIN, n_repliers=2)
    chat(shelf[0], key="one")
    [begun] = chat(shelf[1], key="two")
    chat(shelf[2], key="three")
    replied("ben", begun, shelf[5])
    cara = make_player("cara")
    dealt(cara)
    assert Reply.objects.get(player=cara).utterance == begun
    dave = make_player("dave")
    dealt(dave)
    assert Reply.objects.get(player=dave).utterance != begun


def test_a_place_that_many_pass_on_is_dealt_no_more_and_harm_counts_twice(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    now = timezone.now()
    for name, why in (("ben", "harmful"), ("cara", "harmful"), ("dave", "unclear")):
        assert places.standing_of(place.pk).n_places == 4
        Reply.objects.create(
            utterance=place, player=make_player(name), language="en", state=State.PASSED, why=why,
            dealt_at=now, lease_until=now, answered_at=now,
        )  # fmt: skip
    assert places.next_place(anna) is None


# --- answering ---


def test_an_answer_is_kept_as_it_was_given(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    dealt(anna)
    row = reply(anna, shelf[1], shelf[2], shelf[3], intent="love", scenario="SR", words=" so  happy ")
    assert (row.pick, row.also, row.intent, row.taxonomy, row.scenario, row.words) == (
        shelf[1], [shelf[2].pk, shelf[3].pk], "love", "goemotions-28@1", "SR", "so happy",
    )  # fmt: skip
    assert anna.days.get().n_rounds == 1


def test_typed_words_that_tell_who_somebody_is_are_not_kept(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    dealt(anna)
    assert reply(anna, shelf[1], words="write to anna@example.org").words == ""


def test_the_same_move_twice_is_done_once_and_another_one_is_too_late(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    replied("ben", place, shelf[1])
    lease = dealt(anna).lease
    for _ in range(2):
        replying.answer(player_id=anna.pk, lease=lease, key="the-same", given=given(shelf[1]))
    assert points_of(anna) == [40]
    refused("turn_over", replying.answer, player_id=anna.pk, lease=lease, key="another-1", given=given(shelf[2]))
    refused("turn_over", replying.pass_on, player_id=anna.pk, lease=lease, key="another-2", why="unclear")
    assert Reply.objects.get(player=anna).pick == shelf[1]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"pick": 10**9}, "no_such_sticker"),
        ({"also": [10**9]}, "no_such_sticker"),
        ({"intent": "hangry"}, "no_intent"),
        ({"intent": ""}, "no_intent"),
        ({"scenario": ""}, "no_scenario"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_the_page_stays(
    anna: Player, shelf: list[Sticker], wrong: dict[str, Any], code: str
) -> None:
    chat(shelf[0])
    lease = dealt(anna).lease
    good: dict[str, Any] = {"pick": shelf[1].pk, "intent": "joy", "scenario": "DR"}
    refused(code, replying.answer, player_id=anna.pk, lease=lease, key="wrong-one", given=GivenReply(**(good | wrong)))
    assert turn_of(anna).lease == lease


def test_a_sticker_that_left_the_game_cannot_be_sent(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    lease = dealt(anna).lease
    Sticker.objects.filter(pk=shelf[1].pk).update(state=Sticker.State.HALTED)
    values = {"player_id": anna.pk, "lease": lease, "key": "halted-1", "given": given(shelf[1])}
    refused("no_such_sticker", replying.answer, **values)


def test_a_page_is_its_players_alone(anna: Player, ben: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    lease = dealt(anna).lease
    for call in (
        lambda **who: replying.answer(**who, given=given(shelf[1])),
        lambda **who: replying.pass_on(**who, why="unclear"),
        replying.turn_over,
    ):
        refused("bad_lease", call, player_id=ben.pk, lease=lease, key="not-mine")
        refused("bad_lease", call, player_id=anna.pk, lease=lease + "x", key="not-mine")


def test_a_lapsed_page_goes_on_while_its_place_is_free(anna: Player, shelf: list[Sticker]) -> None:
    set_rules(**PLAIN, n_repliers=2)
    [place] = chat(shelf[0])
    lease = dealt(anna).lease
    Reply.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    replied("ben", place, shelf[1])
    reply(anna, shelf[1])
    assert points_of(anna) == [40]
    assert dealing.reply_id_of(lease, anna.pk) == Reply.objects.get(player=anna).pk


def test_a_lapsed_page_whose_place_is_taken_went_to_others(anna: Player, shelf: list[Sticker]) -> None:
    set_rules(**PLAIN, n_repliers=2)
    [place] = chat(shelf[0])
    lease = dealt(anna).lease
    Reply.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    replied("ben", place, shelf[1])
    replied("cara", place, shelf[1])
    refused("went_to_others", replying.answer, player_id=anna.pk, lease=lease, key="too-late", given=given(shelf[1]))
    sittings.deal(player_id=anna.pk)
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    assert Reply.objects.get(player=anna).state == State.LAPSED


def test_a_chat_that_is_taken_back_meanwhile_is_answered_no_more(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    lease = dealt(anna).lease
    Conversation.objects.update(is_active=False)
    refused("sticker_gone", replying.answer, player_id=anna.pk, lease=lease, key="taken-back", given=given(shelf[1]))
    sittings.deal(player_id=anna.pk)
    assert isinstance(snapshot_for(anna.pk).turn, Summary)


def test_finishing_leaves_the_chat_to_others(anna: Player, ben: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    turn = dealt(anna)
    refused("no_reason", replying.pass_on, player_id=anna.pk, lease=turn.lease, key="no-reason", why="")
    replying.pass_on(player_id=anna.pk, lease=turn.lease, key="finish-1", finish=True)
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    assert places.standing_of(place.pk).n_places == 4
    assert list(places.open_to(anna)) == [place]


# --- what comes of it ---


def test_the_first_waits_and_is_paid_as_the_second_when_others_answer(
    anna: Player, ben: Player, shelf: list[Sticker]
) -> None:
    chat(shelf[0])
    dealt(anna)
    reply(anna, shelf[0], shelf[1])
    card = card_of(anna)
    assert (card.n_points, card.sent_points, card.others, card.n_awaited) == (0, 0, [], 3)
    dealt(ben)
    reply(ben, shelf[0], intent="love")
    assert points_of(anna, ben) == [65, 65]
    for mine, theirs in ((anna, ben), (ben, anna)):
        card = card_of(mine)
        assert (card.n_points, card.sent_points, card.sent_likeness, card.n_awaited) == (65, 30, "same", 2)
        [other] = card.others
        assert (other.name, other.likeness, other.n_points) == (theirs.name, "same", 35)
        assert card.chat[-1].is_asked
        assert card.chat[-1].sticker is not None


def test_near_duplicates_count_as_the_same_sticker(shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    Sticker.objects.filter(pk=shelf[2].pk).update(twin_of=shelf[1])
    now = timezone.now()
    case = Case.objects.create(kind=Case.Kind.STICKER, sticker=shelf[2], opened_at=now)
    judgement = Judgement.objects.create(case=case, verdict="same", key="judged-same", at=now)
    SameStickers.objects.create(first=shelf[2], second=shelf[3], judgement=judgement)
    rows = [replied(name, place, pick) for name, pick in (("a", shelf[1]), ("b", shelf[2]), ("c", shelf[3]))]
    first, second, third = (row.player for row in rows if row.player)
    assert points_of(first, second, third) == [40 + 10, 40 + 40, 10 + 40]


def test_everybody_is_paid_once_for_each_other(shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    rows = [replied(name, place, shelf[1]) for name in ("a", "b", "c", "d")]
    assert points_of(*[row.player for row in rows if row.player]) == [120] * 4
    assert LedgerEntry.objects.filter(reason="replied").count() == 12
    assert places.standing_of(place.pk).n_places == 0


def test_who_is_excluded_makes_nobody_agree(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    row = replied("ben", place, shelf[1])
    assert row.player is not None
    Sanction.objects.create(player=row.player, step=Sanction.Step.EXCLUDED, reason="bots", at=timezone.now())
    dealt(anna)
    reply(anna, shelf[1])
    assert points_of(anna) == [0]
    assert card_of(anna).others == []


def test_who_has_turned_the_page_over_hears_of_agreement(anna: Player, ben: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0])
    dealt(anna)
    reply(anna, shelf[1])
    replying.turn_over(player_id=anna.pk, lease=card_of(anna).lease, key="turned-1")
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    dealt(ben)
    reply(ben, shelf[1])
    [line] = snapshot_for(anna.pk).notices
    assert (line.kind, line.n_points, line.sentence) == ("reply", 40, "ben would send this to a chat as well.")
    assert line.sticker is not None
    assert not Notice.objects.filter(player=ben).exists()


def test_the_summary_counts_chats_and_their_points(anna: Player, shelf: list[Sticker]) -> None:
    first, _second = chat(*shelf[:2])
    replied("ben", first, shelf[1])
    dealt(anna)
    reply(anna, shelf[1])
    replying.turn_over(player_id=anna.pk, lease=card_of(anna).lease, key="turned-1")
    summary = snapshot_for(anna.pk).turn
    assert isinstance(summary, Summary)
    assert (summary.n_replies, summary.reply_points, summary.can_reply) == (1, 40, True)


def test_another_chat_is_there_for_the_asking_after_a_sitting(anna: Player, shelf: list[Sticker]) -> None:
    chat(*shelf[:3])
    dealt(anna)
    refused("not_now", replying.another, player_id=anna.pk, key="another1")
    replying.pass_on(player_id=anna.pk, lease=turn_of(anna).lease, key="finish-1", finish=True)
    for _ in range(2):
        replying.another(player_id=anna.pk, key="another2")
    turn = turn_of(anna)
    assert turn.by_choice
    reply(anna, shelf[4])
    assert card_of(anna).by_choice
    replying.turn_over(player_id=anna.pk, lease=turn.lease, key="turned-1")
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    replying.another(player_id=anna.pk, key="another3")
    replying.pass_on(player_id=anna.pk, lease=turn_of(anna).lease, key="passed-1", why="no_sticker")
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    sittings.deal(player_id=anna.pk)
    assert not isinstance(snapshot_for(anna.pk).turn, Summary | ReplyTurn)


# --- gold ---


def test_a_place_where_people_agree_is_gold_and_looks_like_any_other(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    rows = [replied(name, place, pick) for name, pick in zip("abcd", [*[shelf[1]] * 3, shelf[2]], strict=True)]
    before = points_of(*[row.player for row in rows if row.player])
    set_rules(gold_every_first=1)
    turn = dealt(anna)
    row = reply(anna, shelf[3], shelf[1])
    assert (row.is_gold, row.gold_passed) == (True, True)
    assert points_of(*[row.player for row in rows if row.player]) == before
    card = card_of(anna)
    assert (len(card.others), card.n_awaited) == (3, 0)
    assert card.n_points == points_of(anna)[0] == 3 * (15 + 10)
    assert turn.by_choice is False


def test_who_does_not_look_fails_gold(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    for name in "abcd":
        replied(name, place, shelf[1])
    set_rules(gold_every_first=1)
    dealt(anna)
    assert reply(anna, shelf[5]).gold_passed is False


def test_without_agreement_there_is_no_gold(anna: Player, shelf: list[Sticker]) -> None:
    [place] = chat(shelf[0])
    for name, pick in zip("abcd", shelf[1:5], strict=True):
        replied(name, place, pick)
    set_rules(gold_every_first=1)
    assert places.next_place(anna) is None


# --- clearing ---


def test_chats_are_given_to_players_by_who_may_import_them(anna: Player, shelf: list[Sticker]) -> None:
    chat(shelf[0], takes_replies=False)
    ids = list(Conversation.objects.values_list("pk", flat=True))
    refused("not_allowed", clearing.clear, actor=anna, conversation_ids=ids, takes_replies=True)
    assert clearing.clear(actor=None, conversation_ids=ids, takes_replies=True, why="asked them") == 1
    assert clearing.clear(actor=None, conversation_ids=ids, takes_replies=True) == 0
    assert places.there_are_any("en")
    entry = AuditEntry.objects.get(verb="clear_for_replies")
    assert entry.detail == {"now": True, "conversations": ids, "why": "asked them"}
    Conversation.objects.update(is_active=False, takes_replies=False)
    refused("withdrawn", clearing.clear, actor=None, conversation_ids=ids, takes_replies=True)

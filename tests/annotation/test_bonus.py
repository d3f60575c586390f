"""Which questions are asked after six pages, of whom, and what an answer brings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sticktionary.domain import catalogue
from sticktionary.domain.annotation import annotating
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.play import dealing
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import Nothing, Summary
from sticktionary.models import Annotation, AuditEntry, LedgerEntry, Pack, Player, Sticker, Task
from tests.annotation.conftest import (
    GIVEN,
    answered_by,
    asking,
    bonus_of,
    chat,
    dealt,
    give,
    page_in_hand,
    set_rules,
    six_done,
)
from tests.game.conftest import make_player

pytestmark = pytest.mark.django_db
STATE = Annotation.State


def first_sticker(pack: Pack) -> Sticker:
    return pack.stickers.order_by("pk")[0]


def keep_only(pack: Pack, n: int) -> None:
    """Take all but the first stickers out of play."""
    gone = pack.stickers.order_by("pk").values_list("pk", flat=True)[n:]
    Sticker.objects.filter(pk__in=list(gone)).update(state=Sticker.State.WITHDRAWN)


def summary_of(player: Player) -> Summary:
    turn = snapshot_for(player.pk).turn
    assert isinstance(turn, Summary)
    return turn


def test_without_a_pack_that_asks_a_sitting_ends_after_six(pack: Pack, anna: Player) -> None:
    six_done(anna)
    dealing.deal(player_id=anna.pk)
    assert summary_of(anna).n_bonus == 0
    assert not Annotation.objects.exists()


def test_as_many_pages_as_the_rules_say_then_the_summary(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    set_rules(n_bonus_pages=3)
    turn = dealt(anna)
    assert (turn.task, turn.number, turn.n_pages) == ("emotion", 1, 3)
    for number in (2, 3):
        give(anna, GIVEN["emotion"])
        turn = bonus_of(anna) or turn
        assert turn.number == number
    give(anna, GIVEN["emotion"])
    assert (summary_of(anna).n_bonus, summary_of(anna).bonus_points) == (3, 0)
    assert Annotation.objects.filter(player=anna, state=STATE.ANSWERED).values("sticker").distinct().count() == 3


def test_no_pages_when_the_rules_say_none(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    set_rules(n_bonus_pages=0)
    six_done(anna)
    dealing.deal(player_id=anna.pk)
    assert summary_of(anna).n_bonus == 0


def test_a_sitting_asks_another_task_before_the_same_again(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION, Task.STYLE, Task.FACE)
    set_rules(n_bonus_pages=3)
    tasks = [dealt(anna).task]
    for _ in range(2):
        give(anna, GIVEN[tasks[-1]])
        turn = bonus_of(anna)
        assert turn is not None
        tasks.append(turn.task)
    assert set(tasks) == {"emotion", "style", "face"}


def test_what_others_have_begun_is_asked_first(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    begun = pack.stickers.order_by("pk")[2]
    answered_by("ben", Task.EMOTION, begun, GIVEN["emotion"])
    dealt(anna)
    assert page_in_hand(anna).sticker == begun


def test_two_are_asked_and_a_third_only_when_they_disagree(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    agreed, split = pack.stickers.order_by("pk")[:2]
    keep_only(pack, 2)
    for name, choice in (("ben", "Sad"), ("cleo", "Crying")):
        answered_by(name, Task.EMOTION, agreed, GIVEN["emotion"])
        answered_by(name, Task.EMOTION, split, Given(choice=choice))
    dealt(anna)
    assert page_in_hand(anna).sticker == split
    give(anna, Given(choice="Sad"))
    assert summary_of(anna).n_bonus == 1  # nothing is left to ask


def test_nobody_is_asked_twice_also_not_what_they_skipped(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    keep_only(pack, 1)
    turn = dealt(anna)
    annotating.skip(player_id=anna.pk, lease=turn.lease, key="skip-once")
    assert summary_of(anna).n_bonus == 0
    six_done(anna)
    dealing.deal(player_id=anna.pk)
    assert bonus_of(anna) is None
    assert list(Annotation.objects.values_list("state", flat=True)) == [STATE.SKIPPED]


def test_finish_leaves_the_question_to_others_and_to_another_time(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    keep_only(pack, 1)
    turn = dealt(anna)
    annotating.skip(player_id=anna.pk, lease=turn.lease, key="finish-1", finish=True)
    assert summary_of(anna).n_bonus == 0
    row = Annotation.objects.get()
    assert row.state == STATE.LAPSED
    dealt(anna)
    assert page_in_hand(anna).pk == row.pk


def test_what_a_sticker_shows_is_asked_once_for_all_languages_what_is_said_in_each(pack: Pack, anna: Player) -> None:
    keep_only(pack, 1)
    sticker = first_sticker(pack)
    for name, language in (("bo", "zh"), ("chen", "zh")):
        answered_by(name, Task.EMOTION, sticker, GIVEN["emotion"], language=language)
        answered_by(name, Task.POSTURE, sticker, GIVEN["posture"], language=language)
    asking(pack, Task.EMOTION)
    six_done(anna)
    dealing.deal(player_id=anna.pk)
    assert bonus_of(anna) is None
    asking(pack, Task.POSTURE)
    assert dealt(anna).task == "posture"


def test_labels_are_named_in_both_languages_in_groups(pack: Pack) -> None:
    asking(pack, Task.EMOTION)
    english, chinese = dealt(make_player("eve")), dealt(make_player("fan", "zh"))
    assert [group.name for group in english.groups] == ["Pleasant", "Unpleasant", "Could be either"]
    assert [group.name for group in chinese.groups] == ["愉快", "不快", "两可"]
    assert sum(len(group.choices) for group in english.groups) == 30
    ours, theirs = english.groups[1].choices[1], chinese.groups[1].choices[1]
    assert (ours.id, ours.name, ours.other_name) == ("Perfunctory", "Half-hearted", "敷衍")
    assert (theirs.id, theirs.name, theirs.other_name) == ("Perfunctory", "敷衍", "Half-hearted")


def test_the_text_on_it_comes_as_it_is_held(pack: Pack, anna: Player) -> None:
    asking(pack, Task.TEXT)
    pack.stickers.update(printed_text="MONDAY AGIAN")
    assert dealt(anna).printed == "MONDAY AGIAN"


@pytest.mark.parametrize("task", [Task.INTENT, Task.FITS, Task.SCENARIO])
def test_a_chat_is_shown_up_to_the_sticker_ten_lines_at_most(pack: Pack, anna: Player, task: Task) -> None:
    asking(pack, task)
    asked = chat(first_sticker(pack), said=14)
    turn = dealt(anna)
    assert [line.text for line in turn.chat] == [f"line {number}" for number in range(5, 15)] + [""]
    assert [line.is_asked for line in turn.chat] == [False] * 10 + [True]
    assert turn.chat[-1].sticker is not None
    assert {line.speaker for line in turn.chat} == {"User_1", "User_2"}
    give(anna, GIVEN[task])
    row = Annotation.objects.get(state=STATE.ANSWERED)
    assert (row.utterance, row.sticker) == (asked, first_sticker(pack))


def test_chats_of_other_languages_inactive_ones_and_those_that_begin_with_it_are_not_asked_about(
    pack: Pack, anna: Player
) -> None:
    asking(pack, Task.FITS)
    sticker = first_sticker(pack)
    chat(sticker, language="zh", key="zh")
    chat(sticker, key="opens", said=0)
    off = chat(sticker, key="off")
    off.session.conversation.is_active = False
    off.session.conversation.save()
    six_done(anna)
    dealing.deal(player_id=anna.pk)
    assert bonus_of(anna) is None


def test_stickers_out_of_play_are_not_asked_about_and_one_in_hand_is_given_up(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    dealt(anna)
    pack.stickers.update(state=Sticker.State.HALTED)
    assert snapshot_for(anna.pk).turn == Nothing("gone")
    dealing.deal(player_id=anna.pk)
    assert summary_of(anna).n_bonus == 0
    assert Annotation.objects.get().state == STATE.LAPSED


# --- leases and keys ---


def test_dealt_twice_is_the_same_page_and_answered_twice_counts_once(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    turn = dealt(anna)
    dealing.deal(player_id=anna.pk)
    assert bonus_of(anna) == turn
    for _ in range(2):
        annotating.answer(player_id=anna.pk, lease=turn.lease, key="same-key", given=GIVEN["emotion"])
    assert Annotation.objects.filter(state=STATE.ANSWERED).count() == 1
    with pytest.raises(Refused) as refusal:
        annotating.answer(player_id=anna.pk, lease=turn.lease, key="other-key", given=Given(choice="Sad"))
    assert refusal.value.code == "turn_over"


def test_a_refused_answer_changes_nothing(pack: Pack, anna: Player) -> None:
    asking(pack, Task.FACE)
    turn = dealt(anna)
    with pytest.raises(Refused):
        annotating.answer(player_id=anna.pk, lease=turn.lease, key="bad-words", given=Given(words=["笑"]))
    assert page_in_hand(anna).key == ""
    assert bonus_of(anna) == turn


def test_a_lease_is_its_players_own_and_no_lease_of_a_turn(pack: Pack, anna: Player, ben: Player) -> None:
    asking(pack, Task.EMOTION)
    turn = dealt(anna)
    for player, lease in ((ben, turn.lease), (anna, turn.lease + "x"), (anna, "")):
        with pytest.raises(NotAllowed):
            annotating.answer(player_id=player.pk, lease=lease, key="not-mine", given=GIVEN["emotion"])


def lapse_now(player: Player) -> None:
    Annotation.objects.filter(player=player).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_lapsed_page_goes_on_while_nobody_else_has_it(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    turn = dealt(anna)
    lapse_now(anna)
    dealing.deal(player_id=anna.pk)
    again = bonus_of(anna)
    assert again is not None
    assert again.lease == turn.lease
    assert page_in_hand(anna).lease_until > timezone.now()
    lapse_now(anna)
    give(anna, GIVEN["emotion"])
    assert Annotation.objects.filter(state=STATE.ANSWERED).count() == 1


def test_a_lapsed_page_whose_places_went_to_others_is_refused_and_replaced(pack: Pack, anna: Player) -> None:
    asking(pack, Task.EMOTION)
    turn = dealt(anna)
    taken = page_in_hand(anna).sticker
    lapse_now(anna)
    for name in ("ben", "cleo"):
        answered_by(name, Task.EMOTION, taken, GIVEN["emotion"])
    assert snapshot_for(anna.pk).turn == Nothing("lapsed")
    with pytest.raises(Refused) as refusal:
        annotating.answer(player_id=anna.pk, lease=turn.lease, key="too-late", given=GIVEN["emotion"])
    assert refusal.value.code == "went_to_others"
    dealing.deal(player_id=anna.pk)
    assert page_in_hand(anna).sticker != taken


# --- points ---


def test_points_come_when_a_second_player_agrees_once_for_each(pack: Pack, anna: Player, ben: Player) -> None:
    asking(pack, Task.EMOTION)
    keep_only(pack, 1)
    dealt(anna)
    give(anna, GIVEN["emotion"])
    assert not LedgerEntry.objects.exists()
    dealt(ben)
    give(ben, GIVEN["emotion"])
    entries = LedgerEntry.objects.order_by("player")
    assert [(entry.player, entry.n_points, entry.reason) for entry in entries] == [
        (anna, 10, "annotated"),
        (ben, 10, "annotated"),
    ]
    anna.refresh_from_db()
    assert anna.points == 10
    assert summary_of(ben).bonus_points == 10


def test_who_stands_alone_is_not_paid(pack: Pack, anna: Player, ben: Player) -> None:
    asking(pack, Task.EMOTION)
    keep_only(pack, 1)
    for player, choice in ((anna, "Sad"), (ben, "Crying"), (make_player("cleo"), "Crying")):
        dealt(player)
        give(player, Given(choice=choice))
    assert sorted(LedgerEntry.objects.values_list("player__username", flat=True)) == ["ben", "cleo"]


def test_a_description_is_paid_when_all_that_are_asked_for_are_there(pack: Pack, anna: Player, ben: Player) -> None:
    asking(pack, Task.DESCRIPTION)
    keep_only(pack, 1)
    dealt(anna)
    give(anna, Given(text="A cat sleeps on a desk."))
    assert not LedgerEntry.objects.exists()
    dealt(ben)
    give(ben, Given(text="Somebody is very tired."))
    assert LedgerEntry.objects.filter(n_points=10).count() == 2


# --- what a pack asks ---


def test_tasks_are_switched_on_by_those_who_may_and_written_down(pack: Pack, anna: Player) -> None:
    with pytest.raises(NotAllowed):
        catalogue.set_bonus_tasks(actor=anna, pack=pack, tasks=["emotion"])
    with pytest.raises(Refused) as refusal:
        catalogue.set_bonus_tasks(actor=None, pack=pack, tasks=["emotion", "smell"])
    assert refusal.value.code == "unknown_task"
    assert catalogue.set_bonus_tasks(actor=None, pack=pack, tasks=["style", "emotion"], why="asked for") == [
        "emotion",
        "style",
    ]
    catalogue.set_bonus_tasks(actor=None, pack=pack, tasks=["emotion", "style"])
    entry = AuditEntry.objects.get(verb="bonus_tasks")
    assert entry.detail == {"was": [], "now": ["emotion", "style"], "why": "asked for"}
    pack.refresh_from_db()
    assert pack.bonus_tasks == ["emotion", "style"]

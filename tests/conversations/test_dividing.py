"""Sessions that are cut and put together, what they are about, and how their turns feel; a release tells each as it was
at its watermark."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sticktionary.domain.chats import conversations, dividing, feeling, summing
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.releases import conversations as released
from sticktionary.models import (
    AuditEntry,
    ChatSession,
    Conversation,
    Player,
    SessionCut,
    SessionSummary,
    Sticker,
    TurnPolarity,
    Utterance,
)
from tests.conversations.conftest import Importer, chat, turn
from tests.conversations.test_release import rows, scope

N_TURNS = 6


@pytest.fixture
def reviewer(db: None) -> Player:
    player = Player.objects.create_user(username="reviewer", password="longwinded")
    player.groups.add(Group.objects.get(name="reviewer"))
    return player


def chat_of(n_turns: int = N_TURNS) -> Conversation:
    """A chat of one session, a turn every ten minutes."""
    key = f"chat {Conversation.objects.count()}"
    made = Conversation.objects.create(key=key, language="en", source="a club", licence="CC0")
    session = ChatSession.objects.create(conversation=made, number=1)
    step = timedelta(minutes=10)
    start = datetime.fromisoformat("2026-11-01T09:00:00+00:00")
    Utterance.objects.bulk_create(
        Utterance(session=session, number=n, speaker="User_1", text=f"line {n}", at=start + n * step)
        for n in range(1, n_turns + 1)
    )
    dividing._set_times(session)
    return made


def turns(chat: Conversation) -> list[Utterance]:
    return dividing.turns_of(chat)


def lengths(sessions: list[tuple[ChatSession, list[Utterance]]]) -> list[int]:
    return [len(held) for _session, held in sessions]


def now_divided(chat: Conversation) -> list[tuple[ChatSession, list[Utterance]]]:
    return dividing.sessions_at(chat, timezone.now())


Step = tuple[int, bool]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, N_TURNS - 1), st.booleans()), max_size=7))
def test_sessions_are_where_they_were_put_at_every_moment(reviewer: Player, steps: list[Step]) -> None:
    made = chat_of()
    ids = [turn.pk for turn in turns(made)]
    begins = {ids[0]}
    names: dict[int, int] = {ids[0]: turns(made)[0].session_id}
    moments = [(timezone.now(), frozenset(begins))]
    for place, wanted in steps:
        pk = ids[place]
        fits = place > 0 and (pk in begins) != wanted
        if fits:
            dividing.divide(actor=reviewer, utterance_id=pk, begins=wanted)
            (begins.add if wanted else begins.discard)(pk)
        else:
            with pytest.raises(Refused):
                dividing.divide(actor=reviewer, utterance_id=pk, begins=wanted)
        moments.append((timezone.now(), frozenset(begins)))
    for moment, then in moments:
        found = dividing.sessions_at(made, moment)
        assert [pk for _session, held in found for pk in [turn.pk for turn in held]] == ids
        assert {held[0].pk for _session, held in found} == then
        assert [session.number for session, _held in found] == list(range(1, len(found) + 1))
        assert [[turn.number for turn in held] for _session, held in found] == [
            list(range(1, len(held) + 1)) for _session, held in found
        ]
        for session, held in found:
            assert names.setdefault(held[0].pk, session.pk) == session.pk, "a session keeps its name"
            assert (session.started_at, session.ended_at) == (held[0].at, held[-1].at)
    assert list(made.sessions.order_by("number").values_list("pk", flat=True)) == [
        session.pk for session, _held in now_divided(made)
    ]


def test_a_chat_is_cut_where_nobody_spoke_for_long(reviewer: Player) -> None:
    made = chat_of()
    late = turns(made)[3]
    Utterance.objects.filter(session=late.session, number__gte=4).update(at=late.at + timedelta(hours=2))  # type: ignore[operator]
    first = turns(made)[1]
    dividing.divide(actor=reviewer, utterance_id=first.pk, begins=True)
    assert dividing.divide_by_gap(actor=reviewer, conversation_id=made.pk, minutes=60) == 2
    assert lengths(now_divided(made)) == [3, 3]
    assert dividing.divide_by_gap(actor=reviewer, conversation_id=made.pk, minutes=60) == 0
    entry = AuditEntry.objects.filter(verb="divide_by_gap").order_by("pk")[0]
    assert (entry.actor, entry.subject, entry.detail) == (
        reviewer,
        f"conversation {made.pk}",
        {"minutes": 60, "n_changed": 2},
    )


def test_where_no_time_is_told_nothing_is_cut_by_it(reviewer: Player) -> None:
    made = chat_of()
    Utterance.objects.update(at=None)
    with pytest.raises(Refused) as refusal:
        dividing.divide_by_gap(actor=reviewer, conversation_id=made.pk, minutes=60)
    assert refusal.value.code == "no_times"
    for minutes in (0, -1, dividing.MOST_MINUTES + 1):
        with pytest.raises(Refused) as refusal:
            dividing.divide_by_gap(actor=reviewer, conversation_id=made.pk, minutes=minutes)
        assert refusal.value.code == "minutes"
    assert not SessionCut.objects.exists()


def test_a_summary_holds_as_long_as_its_session_does(reviewer: Player) -> None:
    made = chat_of()
    ChatSession.objects.update(summary="They count.", summary_by="source")
    before = timezone.now()
    first, *_rest, last = ids = [turn.pk for turn in turns(made)]

    def held(moment: datetime | None = None) -> list[str]:
        return [row.summary for row in sessions(made, moment or timezone.now())]

    assert held() == ["They count."]
    dividing.divide(actor=reviewer, utterance_id=ids[3], begins=True)
    assert held() == ["", ""]
    summing.say(actor=reviewer, first_id=ids[3], text=" They count\non. ")
    summing.say(actor=reviewer, first_id=ids[3], text="They count on.")  # the same again
    assert held() == ["", "They count on."]
    cut = timezone.now()
    dividing.divide(actor=reviewer, utterance_id=ids[3], begins=False)
    assert held() == ["They count."]
    assert (held(cut), held(before)) == (["", "They count on."], ["They count."])
    summing.say(actor=reviewer, first_id=first, text="")
    assert held() == [""]
    assert SessionSummary.objects.filter(source="").count() == 2
    assert SessionSummary.objects.get(source="source").last_id == last


def sessions(made: Conversation, moment: datetime) -> list[Any]:
    """As a release at that moment has them."""
    from sticktionary.domain.releases import chats

    (told,) = [each for each in chats.chats(scope(watermark_at=moment)) if each.row == made]
    return [session for session, _turns in told.sessions]


def test_a_release_says_who_gave_a_summary_and_how_a_turn_feels(
    reviewer: Player, admin: Player, hug: Sticker, tmp_path: Path
) -> None:
    made = chat_of(4)
    ids = [turn.pk for turn in turns(made)]
    before = timezone.now()
    summing.say(actor=reviewer, first_id=ids[0], text="They count.", drafted_by="talker@p1")
    for pk, said in ((ids[0], "glad"), (ids[1], "both"), (ids[2], "neither"), (ids[3], "not_glad"), (ids[3], "unsaid")):
        feeling.tell(actor=reviewer, utterance_id=pk, feeling=said)
    feeling.tell(actor=admin, utterance_id=ids[2], feeling="not_glad")  # one against one
    feeling.tell(actor=admin, utterance_id=ids[1], feeling="both")
    released.write(tmp_path / "now", scope())
    (session,) = rows(tmp_path / "now", "sessions.jsonl")
    assert {name: session[name] for name in ("summary", "summary_by", "summary_drafted_by")} == {
        "summary": "They count.",
        "summary_by": "person",
        "summary_drafted_by": "talker@p1",
    }
    polarities = [row["polarity"] for row in rows(tmp_path / "now", "turns.jsonl")]
    assert polarities == [{"pos": 1, "neg": 0}, {"pos": 1, "neg": 1}, None, None]
    for folder, changes in (("before", {"watermark_at": before}), ("without", {"left_out": frozenset([reviewer.pk])})):
        released.write(tmp_path / folder, scope(**changes))
        assert [row["summary"] for row in rows(tmp_path / folder, "sessions.jsonl")] == [""]
    assert [row["polarity"] for row in rows(tmp_path / "before", "turns.jsonl")] == [None] * 4
    assert rows(tmp_path / "without", "turns.jsonl")[2]["polarity"] == {"pos": 0, "neg": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * (summing.MOST + 1), "too_long"), ("Write to anna@example.com.", "contact")],
)
def test_a_summary_that_will_not_do_is_refused(reviewer: Player, text: str, code: str) -> None:
    made = chat_of()
    with pytest.raises(Refused) as refusal:
        summing.say(actor=reviewer, first_id=turns(made)[0].pk, text=text)
    assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:
        summing.say(actor=reviewer, first_id=turns(made)[1].pk, text="They count.")
    assert refusal.value.code == "no_such_session"


def test_none_but_reviewers_may_and_nothing_happens_to_what_was_taken_back(reviewer: Player, admin: Player) -> None:
    made, player = chat_of(), Player.objects.create_user(username="anna", password="longwinded")
    pk, first = turns(made)[2].pk, turns(made)[0].pk
    summing.say(actor=reviewer, first_id=first, text="They count.")

    def verbs(actor: Player) -> list[Any]:
        return [
            lambda: dividing.divide(actor=actor, utterance_id=pk, begins=True),
            lambda: dividing.divide_by_gap(actor=actor, conversation_id=made.pk, minutes=5),
            lambda: summing.say(actor=actor, first_id=first, text="They go on."),
            lambda: feeling.tell(actor=actor, utterance_id=pk, feeling="glad"),
        ]

    for verb in verbs(player):
        with pytest.raises(NotAllowed):
            verb()
    conversations.erase(actor=admin, conversation_id=made.pk, why="asked to")
    assert not SessionSummary.objects.exists()
    for verb in verbs(reviewer):
        with pytest.raises(Refused):
            verb()
    assert not SessionCut.objects.exists()
    assert not TurnPolarity.objects.exists()


def test_what_comes_in_again_is_the_same_though_its_sessions_are_not(imported: Importer, reviewer: Player) -> None:
    told = chat("c", turn("anna", "so tired"), turn("ben", "me too"))
    imported(told)
    dividing.divide(actor=reviewer, utterance_id=Utterance.objects.get(number=2).pk, begins=True)
    assert imported(told).report["n_same"] == 1
    assert ChatSession.objects.count() == 2

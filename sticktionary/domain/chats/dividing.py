"""Where the sessions of a chat begin: a reviewer cuts one in two, puts two together, or cuts a chat by its silences.

Turns keep their numbers as rows, and a session that is put together and cut again keeps its own. Each change is a fact,
so that a release tells the sessions as they were at its watermark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.chats import summing
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ChatSession, Conversation, Player, SessionCut, Utterance

PERMISSION = "review"
MOST_MINUTES = 1_000_000
ASIDE = 1_000_000_000  # numbers that are moved stand above all others for a moment, as no two may be the same


@transaction.atomic
def divide(*, actor: Player, utterance_id: int, begins: bool) -> None:
    """Let a session begin at a turn, or let it go on from the one before."""
    accounts.require(actor, PERMISSION)
    turn = _of_open_chat(utterance_id)
    (_split if begins else _join)(turn, actor, timezone.now())
    verb = "divide_session" if begins else "join_sessions"
    detail = {"turn": turn.pk}
    conversation_id = turn.session.conversation_id
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"conversation {conversation_id}", detail=detail)


@transaction.atomic
def divide_by_gap(*, actor: Player, conversation_id: int, minutes: int) -> int:
    """Let sessions begin wherever nobody said anything for longer than that, and nowhere else; where times are not
    told, all stays as it is. How many beginnings changed."""
    accounts.require(actor, PERMISSION)
    if not 1 <= minutes <= MOST_MINUTES:
        raise Refused("minutes", _("Say a number of minutes, 1 or more."))
    chat = Conversation.objects.select_for_update().get(pk=conversation_id)
    _require_active(chat)
    turns = turns_of(chat)
    if not any(turn.at for turn in turns):
        raise Refused("no_times", _("This chat does not say when anything was said."))
    now, gap, n = timezone.now(), timedelta(minutes=minutes), 0
    for before, turn in pairwise(turns):
        if turn.at is None or before.at is None:
            continue
        turn.refresh_from_db(fields=["session", "number"])
        if (turn.at - before.at > gap) != (turn.number == 1):
            (_join if turn.number == 1 else _split)(turn, actor, now)
            n += 1
    detail = {"minutes": minutes, "n_changed": n}
    AuditEntry.objects.create(actor=actor, verb="divide_by_gap", subject=f"conversation {chat.pk}", detail=detail)
    return n


def turns_of(chat: Conversation) -> list[Utterance]:
    """In order, with their sessions."""
    turns = Utterance.objects.filter(session__conversation=chat).select_related("session")
    return list(turns.order_by("session__number", "number"))


def _of_open_chat(utterance_id: int) -> Utterance:
    """The turn, its chat locked."""
    turn = Utterance.objects.select_related("session").filter(pk=utterance_id).first()
    if turn is None:
        raise Refused("no_such_turn", _("There is no such turn any more."))
    _require_active(Conversation.objects.select_for_update().get(pk=turn.session.conversation_id))
    turn.refresh_from_db()
    return turn


def _require_active(chat: Conversation) -> None:
    if not chat.is_active:
        raise Refused("withdrawn", _("This conversation was taken back before."))


def _split(turn: Utterance, actor: Player, now: datetime) -> None:
    head = turn.session
    if turn.number == 1:
        raise Refused("begins", _("A session begins here already."))
    summing.set_down(head)
    later = ChatSession.objects.filter(conversation=head.conversation_id, number__gt=head.number)
    later.update(number=F("number") + ASIDE)
    later.update(number=F("number") - ASIDE + 1)
    known = SessionCut.objects.filter(utterance=turn).order_by("pk").first()
    tail = ChatSession(
        pk=known.session_id if known else None, conversation_id=head.conversation_id, number=head.number + 1
    )
    tail.save(force_insert=True)
    offset = turn.number - 1
    moved = Utterance.objects.filter(session=head, number__gt=offset)
    moved.update(session=tail, number=F("number") + ASIDE)
    Utterance.objects.filter(session=tail).update(number=F("number") - ASIDE - offset)
    _set_times(head, tail)
    SessionCut.objects.create(utterance=turn, begins=True, session_id=tail.pk, by=actor, at=now)


def _join(turn: Utterance, actor: Player, now: datetime) -> None:
    tail = turn.session
    head = ChatSession.objects.filter(conversation=tail.conversation_id, number=tail.number - 1).first()
    if turn.number != 1 or head is None:
        raise Refused("goes_on", _("No session begins here, or none comes before it."))
    summing.set_down(head)
    summing.set_down(tail)
    n_before = head.utterances.count()
    Utterance.objects.filter(session=tail).update(session=head, number=F("number") + ASIDE)
    added = Utterance.objects.filter(session=head, number__gt=ASIDE)
    added.update(number=F("number") - ASIDE + n_before)
    number, session_id = tail.number, tail.pk
    tail.delete()
    later = ChatSession.objects.filter(conversation=head.conversation_id, number__gt=number)
    later.update(number=F("number") + ASIDE)
    later.update(number=F("number") - ASIDE - 1)
    _set_times(head)
    SessionCut.objects.create(utterance=turn, begins=False, session_id=session_id, by=actor, at=now)


def _set_times(*sessions: ChatSession) -> None:
    for session in sessions:
        session.started_at, session.ended_at = _times(list(session.utterances.order_by("number")))
        session.save(update_fields=["started_at", "ended_at"])


def _times(turns: Sequence[Utterance]) -> tuple[datetime | None, datetime | None]:
    times = [turn.at for turn in turns if turn.at]
    return (times[0], times[-1]) if times else (None, None)


# --- as it was ---


def sessions_at(chat: Conversation, moment: datetime) -> list[tuple[ChatSession, list[Utterance]]]:
    """The sessions of a chat with their turns, in order, as they were divided at a moment."""
    turns, since = turns_of(chat), dict[int, SessionCut]()
    changes = SessionCut.objects.filter(utterance__session__conversation=chat, at__gte=moment)
    for change in changes.order_by("at", "pk"):
        since.setdefault(change.utterance_id, change)
    found: list[tuple[ChatSession, list[Utterance]]] = []
    for turn in turns:
        cut = since.get(turn.pk)
        if turn.number == 1 if cut is None else not cut.begins:
            found.append((turn.session if cut is None or turn.number == 1 else ChatSession(pk=cut.session_id), []))
        found[-1][1].append(turn)
    return [_as_it_was(chat, n, *each) for n, each in enumerate(found, 1)] if since else found


def _as_it_was(
    chat: Conversation, number: int, session: ChatSession, turns: list[Utterance]
) -> tuple[ChatSession, list[Utterance]]:
    is_whole = session.number is not None and len(turns) == session.utterances.count()
    started_at, ended_at = _times(turns)
    then = ChatSession(
        pk=session.pk,
        conversation=chat,
        number=number,
        started_at=started_at,
        ended_at=ended_at,
        summary=session.summary if is_whole else "",
        summary_by=session.summary_by if is_whole else "",
    )
    for place, turn in enumerate(turns, 1):
        turn.session, turn.number = then, place
    return then, turns

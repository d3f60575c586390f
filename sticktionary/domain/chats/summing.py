"""What the sessions of a chat are about, in one to five sentences: as it came with the chat, or as a person says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.play import checks, contact
from sticktionary.models import AuditEntry, ChatSession, Conversation, Draft, Player, SessionSummary, Utterance

PERMISSION = "review"
MOST = 1_000  # characters
Span = tuple[int, int]  # the first and the last turn of a session


@dataclass(frozen=True)
class Summary:
    """`by` is where it came from, or "person"; empty where there is none."""

    text: str = ""
    by: str = ""
    drafted_by: str = ""


@transaction.atomic
def say(*, actor: Player, first_id: int, text: str, drafted_by: str = "") -> SessionSummary | None:
    """Say what the session that begins at this turn is about, or, with an empty text, take back what was said. None
    where nothing changes."""
    accounts.require(actor, PERMISSION)
    first = Utterance.objects.select_related("session__conversation").filter(pk=first_id, number=1).first()
    if first is None:
        raise Refused("no_such_session", _("This session begins somewhere else now. Look at it again."))
    chat = Conversation.objects.select_for_update().get(pk=first.session.conversation_id)
    if not chat.is_active:
        raise Refused("withdrawn", _("This conversation was taken back before."))
    text = _checked(text)
    span = span_of(first.session)
    now = timezone.now()
    if held(chat, now).get(span, of_import(first.session)).text == text:
        return None
    kept = SessionSummary.objects.create(
        first_id=span[0], last_id=span[1], text=text, drafted_by=drafted_by, by=actor, at=now
    )
    subject, detail = f"session {first.session_id}", {"n_characters": len(text), "drafted_by": drafted_by}
    AuditEntry.objects.create(actor=actor, verb="summarise_session", subject=subject, detail=detail)
    return kept


def _checked(text: str) -> str:
    text = " ".join(checks.legible(text).split())
    if len(text) > MOST:
        raise Refused("too_long", _("A summary takes one to five sentences: at most %(n)d characters.") % {"n": MOST})
    if contact.holds_contact_data(text):
        raise Refused("contact", _("Addresses, numbers and names of accounts stay out of a summary."))
    return text


def span_of(session: ChatSession) -> Span:
    ids = list(session.utterances.order_by("number").values_list("pk", flat=True))
    return ids[0], ids[-1]


def spans_of(session_ids: Iterable[int]) -> dict[int, Span]:
    """Of several sessions, by their numbers."""
    ends: dict[int, list[int]] = {}
    rows = Utterance.objects.filter(session__in=list(session_ids)).order_by("session_id", "number")
    for session_id, pk in rows.values_list("session_id", "pk"):
        ends.setdefault(session_id, [pk, pk])[1] = pk
    return {id: (first, last) for id, (first, last) in ends.items()}


def of_import(session: ChatSession) -> Summary:
    """What came with the chat; where nothing did, nothing."""
    return Summary(session.summary, session.summary_by or "source") if session.summary else Summary()


def held(chat: Conversation, before: datetime, left_out: frozenset[int] = frozenset()) -> dict[Span, Summary]:
    """By first and last turn, what was said last; who is left out said nothing."""
    rows = SessionSummary.objects.filter(first__session__conversation=chat, at__lt=before)
    return {
        (row.first_id, row.last_id): Summary(row.text, row.source or "person", row.drafted_by)
        if row.text
        else Summary()
        for row in rows.order_by("at", "pk")
        if row.by_id not in left_out
    }


def without_any(sessions: QuerySet[ChatSession], *, again: bool = False) -> QuerySet[ChatSession]:
    """Those with words in them that nobody has summed up and nothing was drafted of, the oldest first; `again` takes in
    those whose drafts were all refused."""
    spoken = Utterance.objects.filter(session=OuterRef("pk")).exclude(text="")
    said = SessionSummary.objects.filter(first__session=OuterRef("pk"))
    drafted = Draft.objects.filter(first__session=OuterRef("pk"))
    drafted = drafted.exclude(state=Draft.State.REFUSED) if again else drafted
    open_ = sessions.filter(Exists(spoken), ~Exists(said), ~Exists(drafted), summary="")
    return open_.select_related("conversation").order_by("conversation_id", "number")


def as_lines(session: ChatSession) -> str:
    """A session as a summariser is shown it: a line a turn. Erased and wordless turns are left out."""
    turns = session.utterances.exclude(text="").order_by("number")
    return "\n".join(f"{turn.speaker}: {' '.join(turn.text.split())}" for turn in turns)


def set_down(session: ChatSession) -> None:
    """Keep what came with the chat as a fact of its own, before the session is cut or put together with another."""
    if session.summary:
        first, last = span_of(session)
        facts = {"source": session.summary_by or "source", "by": None, "at": session.conversation.created_at}
        SessionSummary.objects.create(first_id=first, last_id=last, text=session.summary, **facts)
        session.summary = session.summary_by = ""
        session.save(update_fields=["summary", "summary_by"])

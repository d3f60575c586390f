"""What models and stubs drafted, and a person's yes to it.

A draft is nobody's word. Taken as it is or changed, it becomes what a reviewer said: a settlement of a sticker's
question, or a summary of a session, which say whose draft it was. What waits or was refused goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.dialogue.data.conversations import ATTRIBUTES
from sticktionary.domain.annotation import answers, questions
from sticktionary.domain.annotation.answers import Given, Value
from sticktionary.domain.chats import summing
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ChatSession, Draft, Player, Settlement, Sticker, Task

PERMISSION = "review"
OF_STICKER = frozenset({Draft.Kind.ATTRIBUTES, Draft.Kind.CAPTION})
TASKS: Mapping[str, Mapping[str, Task]] = {
    Draft.Kind.ATTRIBUTES: {name: Task(name) for name in ATTRIBUTES},
    Draft.Kind.CAPTION: {"text": Task.DESCRIPTION},
}
"""What each part of a value answers."""


@dataclass(frozen=True)
class Written:
    """What a provider gave."""

    value: dict[str, Any]
    provider: str


# --- writing ---


def of_sticker(kind: str, language: str, sticker_id: int, written: Written) -> bool:
    """Keep a draft of a sticker; False where this provider drafted it before."""
    facts = {"kind": kind, "language": language, "sticker_id": sticker_id, "provider": written.provider[:200]}
    return Draft.objects.get_or_create(**facts, defaults={"value": written.value})[1]


def of_session(session: ChatSession, written: Written) -> bool:
    """The same of a session as it is divided now."""
    first, last = summing.span_of(session)
    facts = {"kind": Draft.Kind.SUMMARY, "first_id": first, "last_id": last, "provider": written.provider[:200]}
    more = {"language": session.conversation.language, "value": written.value}
    return Draft.objects.get_or_create(**facts, defaults=more)[1]


def undrafted(kind: str, language: str, *, again: bool = False) -> QuerySet[Sticker]:
    """Stickers in play of which nothing was drafted and nothing settled yet; `again` takes in those whose drafts were
    all refused."""
    had = Draft.objects.filter(kind=kind, language=language)
    had = had.exclude(state=Draft.State.REFUSED) if again else had
    settled = Settlement.objects.filter(task__in=TASKS[kind].values(), language=language)
    stickers = Sticker.objects.filter(state=Sticker.State.ACTIVE, pack__is_active=True)
    stickers = stickers.exclude(pk__in=had.values("sticker")).exclude(pk__in=settled.values("sticker"))
    return stickers.order_by("pk")


# --- deciding ---


def waiting(kind: str = "", language: str = "") -> QuerySet[Draft]:
    """Drafts that wait for somebody, of stickers and chats that are in play, the oldest first."""
    rows = Draft.objects.filter(state=Draft.State.WAITING).select_related(
        "sticker__pack", "first__session__conversation"
    )
    rows = rows.exclude(sticker__state=Sticker.State.WITHDRAWN).exclude(first__session__conversation__is_active=False)
    if kind:
        rows = rows.filter(kind=kind)
    return (rows.filter(language=language) if language else rows).order_by("created_at", "pk")


@transaction.atomic
def accept(*, actor: Player, draft_id: int, kept: Mapping[str, Given]) -> Draft:
    """Take a draft in the words of `kept`: by the name of an attribute, or "text". A part that is not in it was left
    unsaid; one that is not the draft's makes it changed."""
    draft = _in_hand(actor, draft_id)
    if draft.kind == Draft.Kind.SUMMARY:
        value = _summarise(actor, draft, kept.get("text", Given()).text)
    else:
        value = _settle(actor, draft, kept)
    if not value:
        raise Refused("empty", _("There is nothing left of it. Refuse it instead."))
    draft.state = Draft.State.ACCEPTED if value == _plain(draft) else Draft.State.EDITED
    draft.kept = value
    return _decide(actor, draft)


@transaction.atomic
def refuse(*, actor: Player, draft_id: int) -> Draft:
    """Nothing of it is of use."""
    draft = _in_hand(actor, draft_id)
    draft.state = Draft.State.REFUSED
    return _decide(actor, draft)


def _in_hand(actor: Player, draft_id: int) -> Draft:
    accounts.require(actor, PERMISSION)
    draft = Draft.objects.select_for_update(of=("self",)).filter(pk=draft_id).first()
    if draft is None or draft.state != Draft.State.WAITING:
        raise Refused("decided", _("Somebody has decided about this draft already."))
    return draft


def _decide(actor: Player, draft: Draft) -> Draft:
    draft.decided_by, draft.decided_at = actor, timezone.now()
    draft.save(update_fields=["state", "kept", "decided_by", "decided_at"])
    detail = {"kind": draft.kind, "provider": draft.provider}
    verb = f"draft_{draft.state}"
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"draft {draft.pk}", detail=detail)
    return draft


def _plain(draft: Draft) -> Value:
    """The draft as a person would have said it."""
    if draft.kind == Draft.Kind.ATTRIBUTES:
        return {name: list(draft.value[name]) for name in ATTRIBUTES if name in draft.value}
    return {"text": " ".join(str(draft.value["text"]).split())}


def _summarise(actor: Player, draft: Draft, text: str) -> Value:
    assert draft.first is not None
    text = " ".join(text.split())
    if not text:
        return {}
    if summing.span_of(draft.first.session) != (draft.first_id, draft.last_id):
        raise Refused("divided", _("The session was divided anew since this was drafted. Refuse it."))
    assert draft.first_id is not None
    summing.say(actor=actor, first_id=draft.first_id, text=text, drafted_by=draft.provider)
    return {"text": text}


def _settle(actor: Player, draft: Draft, kept: Mapping[str, Given]) -> Value:
    """A settlement for each part; what annotators say together of a part stays theirs."""
    assert draft.sticker_id is not None
    Sticker.objects.select_for_update(no_key=True).get(pk=draft.sticker_id)
    plain, said = _plain(draft), dict[str, Any]()
    now = timezone.now()
    for name, task in TASKS[draft.kind].items():
        if name not in kept:
            continue
        value = answers.checked(task, kept[name], draft.language)
        said[name] = value["words"] if task in answers.IN_WORDS else value["text"]
        question = questions.ask(task, draft.sticker_id, draft.language)
        if _is_answered(question):
            continue
        Settlement.objects.create(
            task=task,
            language=draft.language,
            sticker_id=draft.sticker_id,
            value=value,
            drafted_by=draft.provider,
            is_edited=said[name] != plain.get(name),
            reviewer=actor,
            at=now,
        )
    return said


def _is_answered(question: questions.Question) -> bool:
    given = questions.standings([question], timezone.now())[question].values
    settled = Settlement.objects.filter(question.condition, drafted_by="").exists()
    return settled or answers.majority(question.task, given) is not None

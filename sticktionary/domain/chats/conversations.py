"""Conversations in: every line is checked first, then each chat is written in one transaction of its own.

So a file with a bad line changes nothing, unless its good part is asked for; an import that is killed goes on where it
stopped, and one that comes twice changes nothing the second time. What is kept holds pseudonyms only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from sticktionary.domain import jobs
from sticktionary.domain.chats.examining import Examined, LeftOut, Options, Ready, Same, examine
from sticktionary.domain.chats.shapes import BadLine, Noted
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import (
    AuditEntry,
    ChatSession,
    Conversation,
    ConversationImport,
    Draft,
    Player,
    SessionSummary,
    SourceLabel,
    Tombstone,
    Utterance,
)

__all__ = ["Options", "Tally", "erase", "rehearse", "run", "start_import", "withdraw"]

NAMED = 1_000  # bad lines, and chats left out, that a report names; the others are counted


@dataclass
class Tally:
    """What became of a file, or would: the report."""

    n_conversations: int = 0
    n_sessions: int = 0
    n_turns: int = 0
    n_stickers: int = 0  # turns with one
    n_same: int = 0
    n_left_out: int = 0
    n_bad: int = 0  # lines
    n_labels: int = 0  # that came with the turns
    masked: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)  # of what is taken: what is left off, by reason
    bad: list[tuple[int, str]] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)

    def add(self, item: Examined) -> None:
        if isinstance(item, BadLine):
            self.n_bad += 1
            self.bad += [(item.number, item.reason)][: NAMED - len(self.bad)]
        elif isinstance(item, Noted):
            self.without[item.reason] += 1
        elif isinstance(item, LeftOut):
            self.n_left_out += 1
            self.left_out += [(item.line, item.key)][: NAMED - len(self.left_out)]
        elif isinstance(item, Same):
            self.n_same += 1
        else:
            self._count(item)

    def _count(self, chat: Ready) -> None:
        lines = chat.lines()
        self.n_conversations += 1
        self.n_sessions += len(chat.sessions)
        self.n_turns += len(lines)
        self.n_stickers += sum(sticker is not None for *_rest, sticker in lines)
        self.n_labels += sum(len(session.labels) for session in chat.sessions)
        self.masked.update(chat.masked)

    def report(self) -> dict[str, Any]:
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}


# --- verbs ---


@transaction.atomic
def start_import(
    *,
    actor: Player | None,
    path: Path,
    label: str,
    options: Options,
    dry_run: bool = False,
    queue: bool = True,
) -> ConversationImport:
    """Write the job down; with `queue` a worker takes it. The command line has no actor: who holds the machine may."""
    if actor is not None:
        accounts.require(actor, "import_conversations")
    told = msgspec.to_builtins(options)
    job = ConversationImport.objects.create(
        created_by=actor, path=str(path), label=label[:200], options=told, is_dry_run=dry_run
    )
    detail = {"label": label[:200], "dry_run": dry_run, **told}
    AuditEntry.objects.create(actor=actor, verb="import_conversations", subject=f"import {job.pk}", detail=detail)
    if queue:
        jobs.enqueue(job)
    return job


@transaction.atomic
def withdraw(*, actor: Player, conversation_id: int, why: str) -> None:
    """Take a conversation back: it is shown, asked about and released no more, and does not come in again."""
    conversation = _asked_to_go(actor, conversation_id, why)
    if not conversation.is_active:
        raise Refused("withdrawn", _("This conversation was taken back before."))
    _take_back(conversation, why)
    _audit(actor, "withdraw_conversation", conversation, why)


@transaction.atomic
def erase(*, actor: Player, conversation_id: int, why: str) -> None:
    """Take a conversation back and its words with it, when somebody in it asks for that."""
    conversation = _asked_to_go(actor, conversation_id, why)
    if conversation.is_active:
        _take_back(conversation, why)
    Utterance.objects.filter(session__conversation=conversation).update(text="")
    SourceLabel.objects.filter(utterance__session__conversation=conversation).delete()
    conversation.sessions.update(summary="", summary_by="")
    SessionSummary.objects.filter(first__session__conversation=conversation).delete()
    Draft.objects.filter(first__session__conversation=conversation).delete()
    _audit(actor, "erase_conversation", conversation, why)


def _asked_to_go(actor: Player, conversation_id: int, why: str) -> Conversation:
    accounts.require(actor, "import_conversations")
    if not why.strip():
        raise Refused("why", _("Say why."))
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def _take_back(conversation: Conversation, why: str) -> None:
    conversation.is_active = False
    conversation.save(update_fields=["is_active"])
    stone = {"kind": Tombstone.Kind.CONVERSATION, "subject": conversation.pk}
    Tombstone.objects.get_or_create(**stone, defaults={"why": why.strip()[:300]})


def _audit(actor: Player, verb: str, conversation: Conversation, why: str) -> None:
    subject, detail = f"conversation {conversation.pk}", {"key": conversation.key, "why": why.strip()[:300]}
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, detail=detail)


# --- the work ---


def rehearse(path: Path, options: Options, told: Callable[[int], None] = lambda line: None) -> Tally:
    """The report of what would become of a file; nothing is written. `told` hears how far it is."""
    tally = Tally()
    for item in examine(path, options):
        tally.add(item)
        told(item.number if isinstance(item, BadLine | Noted) else item.line)
    return tally


def run(job: ConversationImport) -> None:
    """Do the job, or what is left of it; the caller holds its lease. A bad line stops it before anything is written."""
    path, options = Path(job.path), msgspec.convert(job.options, Options)
    if not path.is_file():
        raise Refused("gone", _("The file is not there any more."))
    jobs.beat(job, n_done=0, n_total=_n_lines(path))
    if not job.report.get("is_fit"):  # else it was checked before its worker died
        _check(job, path, options)
    if not job.is_dry_run:
        _write_all(job, path, options)
        _forget(path)
    jobs.beat(job, n_done=job.n_total)


def _check(job: ConversationImport, path: Path, options: Options) -> None:
    tally = rehearse(path, options, lambda line: jobs.beat(job, n_done=line))
    is_fit = options.skip_bad or not tally.n_bad
    ConversationImport.objects.filter(pk=job.pk).update(report={**tally.report(), "is_fit": is_fit})
    if not (is_fit or job.is_dry_run):
        raise Refused("bad_lines", _("%(n)d lines will not do, so nothing was imported.") % {"n": tally.n_bad})


def _n_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(2**20), b"")) + 1


def _write_all(job: ConversationImport, path: Path, options: Options) -> None:
    for item in examine(path, options):
        if isinstance(item, BadLine | Noted):
            jobs.beat(job, n_done=item.number)
            continue
        if isinstance(item, Ready):
            write(item)
        jobs.beat(job, n_done=item.line)


def _forget(path: Path) -> None:
    """Uploads hold what people are called; they go as soon as they are taken in."""
    if path.parent == Path(settings.UPLOADS_DIR):
        path.unlink(missing_ok=True)


def write(chat: Ready) -> Conversation | None:
    """Keep a chat, whole or not at all; None when another import was faster with it."""
    try:
        with transaction.atomic():
            return _write(chat)
    except IntegrityError:
        return None


def _write(chat: Ready) -> Conversation:
    conversation = Conversation.objects.create(
        key=chat.key, language=chat.language, source=chat.source, licence=chat.licence
    )
    sessions = ChatSession.objects.bulk_create(
        ChatSession(
            conversation=conversation,
            number=number,
            started_at=session.started_at,
            ended_at=session.ended_at,
            summary=session.summary,
            summary_by="source" if session.summary else "",
        )
        for number, session in enumerate(chat.sessions, 1)
    )
    utterances = [
        Utterance(session=row, number=number, speaker=speaker, text=text, sticker_id=sticker, at=at)
        for row, session in zip(sessions, chat.sessions, strict=True)
        for number, (speaker, text, sticker, at) in enumerate(session.turns, 1)
    ]
    Utterance.objects.bulk_create(utterances, batch_size=2_000)
    starts = accumulate((len(session.turns) for session in chat.sessions), initial=0)
    labels = (
        SourceLabel(utterance=utterances[start + place], kind=kind, value=value, taxonomy=reference)
        for start, session in zip(starts, chat.sessions, strict=False)
        for place, (kind, value, reference) in session.labels
    )
    SourceLabel.objects.bulk_create(labels, batch_size=2_000)
    return conversation

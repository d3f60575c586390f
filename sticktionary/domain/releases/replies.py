"""The replies of a release: a row for each sticker that a player would send at a place of a chat, or would not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.json import Encoder

from sticktionary.domain.releases import as_of
from sticktionary.domain.releases.about import File
from sticktionary.domain.releases.chat_rows import Intent
from sticktionary.domain.releases.chats import Alike, part_of
from sticktionary.domain.releases.chats import name_of as name_of_chat
from sticktionary.domain.releases.files import Output
from sticktionary.domain.releases.replied import Replied
from sticktionary.domain.releases.rows import columns_of, schema_of
from sticktionary.domain.releases.scope import Scope
from sticktionary.domain.reply_round import places
from sticktionary.models import Conversation, Reply, Tombstone

REPLIES = "replies.jsonl"
encode = Encoder().encode


class ReplyRow(Struct, frozen=True):
    v: int
    reply_id: str
    sample_id: str
    turn_id: str
    session_id: str
    chat_id: str
    lang: str
    replier: str
    status: str  # accepted: another one agrees; raw: nobody does so far; passed
    why: str | None
    pick: str | None
    also: list[str]
    intent: Intent | None
    taxonomy: str | None
    scenario: str | None
    words: str | None
    offered: list[str]
    is_gold: bool
    consent: str
    part: str


def name_of(reply_id: int) -> str:
    """What a reply is called in every release, and in its tombstone."""
    return f"rep_{reply_id}"


def write(folder: Path, scope: Scope) -> list[File]:
    """Write the file, chat by chat; none where nobody replied."""
    rows = _rows(scope)
    first = next(rows, None)
    if first is None:
        return []
    with Output(folder, REPLIES) as out:
        for row in (first, *rows):
            out.write(encode(row) + b"\n")
            out.n_rows += 1
    scope.told(out.n_rows)
    return [out.entry(columns_of(schema_of(ReplyRow)))]


def _rows(scope: Scope) -> Iterator[ReplyRow]:
    gone = as_of.taken_back(Tombstone.Kind.CONVERSATION, scope.watermark_at)
    asked = Conversation.objects.filter(created_at__lt=scope.watermark_at, language__in=scope.rules.languages)
    asked = asked.filter(pk__in=Reply.objects.values("utterance__session__conversation"))
    replied = Replied(scope, Alike(scope))
    for chat in asked.order_by("pk"):
        if chat.pk not in gone:
            yield from (_row(row, chat, replied, scope) for row in replied.load(chat))


def _row(row: Reply, chat: Conversation, replied: Replied, scope: Scope) -> ReplyRow:
    is_answer = row.state == Reply.State.ANSWERED
    words = scope.clean("reply", row.pk, row.words) if row.words else ""
    return ReplyRow(
        v=1,
        reply_id=name_of(row.pk),
        sample_id=f"smp_{row.utterance_id}",
        turn_id=f"turn_{row.utterance_id}",
        session_id=f"ses_{row.utterance.session_id}",
        chat_id=name_of_chat(chat.pk),
        lang=row.language,
        replier=scope.pseudonym(row.player_id),
        status=("accepted" if replied.agrees(row) else "raw") if is_answer else "passed",
        why=row.why or None,
        pick=scope.names[row.pick_id] if row.pick_id else None,
        also=[scope.names[id] for id in row.also if id in scope.names],
        intent=Intent(row.intent, places.kind_of(row.intent)) if is_answer else None,
        taxonomy=row.taxonomy or None,
        scenario=row.scenario or None,
        words=words or None,
        offered=[scope.names[id] for id in row.offered if id in scope.names],
        is_gold=row.is_gold,
        consent="ok",
        part=part_of(chat.pk, scope),
    )

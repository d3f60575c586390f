"""Everything that is held about a player, for them to take away."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from sticktionary.models import (
    AuditEntry,
    Consent,
    LedgerEntry,
    Notice,
    PlayDay,
    Player,
    Preview,
    Query,
    Retrieval,
    Revision,
    Round,
    Sitting,
    Skip,
    Turn,
)

CHUNK = 500
ACCOUNT = ["id", "username", "display_name", "email", "language", "is_guest", "on_board", "points", "date_joined"]
ENDED = [Retrieval.State.ANSWERED, Retrieval.State.SKIPPED]


def download(player_id: int) -> Iterator[str]:
    """A JSON object in pieces: the account, then one list per kind of row."""
    account = Player.objects.filter(pk=player_id).values(*ACCOUNT).get()
    yield '{"account": ' + _json(account)
    for title, rows in _sections(player_id):
        yield f',\n"{title}": ['
        yield from _lines(rows)
        yield "]"
    yield "}\n"


def _sections(player_id: int) -> Iterator[tuple[str, QuerySet[Any, dict[str, Any]]]]:
    mine = {"player": player_id}
    written = {"round__labeler": player_id}
    yield "emails", _rows(EmailAddress, {"user": player_id}, leave_out={"user"})
    yield "consents", _rows(Consent, mine)
    yield "days", _rows(PlayDay, mine)
    yield "sittings", _rows(Sitting, mine)
    yield "turns", _rows(Turn, {"sitting__player": player_id}, leave_out={"round"})
    yield "rounds", _rows(Round, {"labeler": player_id}, leave_out={"labeler"})
    yield "queries", _rows(Query, written)
    yield "revisions", _rows(Revision, {"turn__sitting__player": player_id})
    yield "previews", _rows(Preview, written)
    # An open search keeps its answer; it is listed among the turns and given in full once it has ended.
    # Which of them tried the player is not said: they would be known when they come.
    yield "retrievals", _rows(Retrieval, mine, leave_out={"player", "is_gold"}).filter(state__in=ENDED)
    yield "skips", _rows(Skip, mine)
    yield "ledger", _rows(LedgerEntry, mine)
    yield "notices", _rows(Notice, mine)
    yield "decisions", _rows(AuditEntry, {"subject": f"player {player_id}"}, leave_out={"actor"})


def _rows(model: type[Model], of: dict[str, Any], leave_out: Collection[str] = ("player",)) -> QuerySet[Any, Any]:
    fields = [field.attname for field in model._meta.concrete_fields if field.name not in leave_out]
    return model._default_manager.filter(**of).order_by("pk").values(*fields)


def _lines(rows: QuerySet[Any, dict[str, Any]]) -> Iterator[str]:
    """Read in chunks by key, so that neither memory nor a cursor is held while a slow client reads."""
    last, separator = 0, "\n"
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield separator + ",\n".join(_json(row) for row in chunk)
        last, separator = chunk[-1]["id"], ",\n"


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)

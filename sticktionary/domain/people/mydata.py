"""Everything that is held about a player, for them to take away."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet

from sticktionary.models import (
    Annotation,
    AuditEntry,
    Case,
    Consent,
    Flag,
    Judgement,
    LedgerEntry,
    Notice,
    PlayDay,
    Player,
    PlayerQuality,
    Preview,
    Query,
    Retrieval,
    Revision,
    Round,
    Ruling,
    Sanction,
    Sitting,
    Skip,
    Turn,
)

CHUNK = 500
ACCOUNT = ["id", "username", "display_name", "email", "language", "is_guest", "on_board", "points", "date_joined"]
# Never who judged, nor whom else it concerns.
NOT_OF_FLAGS = {"player", "partner", "decided_by", "key"}
NOT_OF_JUDGEMENTS = {"reviewer", "undone_by", "key", "detail"}
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
    yield "annotations", _rows(Annotation, mine)
    yield "quality", _rows(PlayerQuality, mine, leave_out={"player", "n_gold", "n_gold_passed"})
    yield "flags", _rows(Flag, mine | {"partner": None}, leave_out=NOT_OF_FLAGS)
    yield "flags_with_a_partner", _rows(Flag, mine | {"partner__isnull": False}, leave_out=NOT_OF_FLAGS | {"evidence"})
    yield "sanctions", _rows(Sanction, mine, leave_out={"player", "imposed_by", "lifted_by"})
    yield "appeals", _rows(Case, mine, leave_out={"player", "held_by", "held_until"})
    yield (
        "judgements_about",
        _rows(Judgement, {"case__round__labeler": player_id, "case__player": None}, leave_out=NOT_OF_JUDGEMENTS),
    )
    yield "judgements_of_appeals", _rows(Judgement, {"case__player": player_id}, leave_out=NOT_OF_JUDGEMENTS)
    yield "rulings", _rows(Ruling, {"query__round__labeler": player_id})
    yield "judgements_made", _rows(Judgement, {"reviewer": player_id}, leave_out={"reviewer", "undone_by"})
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

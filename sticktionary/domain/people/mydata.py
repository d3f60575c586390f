"""Everything that is held about a player, for them to take away."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

from sticktionary.models import (
    AbusiveWord,
    Annotation,
    ApiToken,
    AuditEntry,
    Case,
    Consent,
    ConversationImport,
    Draft,
    ExportJob,
    FailedLook,
    Flag,
    ImportJob,
    Judgement,
    LedgerEntry,
    ModelVersion,
    Notice,
    PlayDay,
    Player,
    PlayerQuality,
    Preview,
    Publication,
    Query,
    Release,
    Reply,
    Retrieval,
    Revision,
    Round,
    RuleSet,
    Ruling,
    Sanction,
    SessionCut,
    SessionSummary,
    Settlement,
    Sitting,
    Skip,
    StartKey,
    TrainingRun,
    Turn,
    TurnPolarity,
)

CHUNK = 500
ACCOUNT = ["id", "username", "display_name", "email", "language", "is_guest", "on_board", "points", "date_joined"]
# Never who judged, nor whom else it concerns.
NOT_OF_FLAGS = {"player", "partner", "decided_by", "key"}
NOT_OF_JUDGEMENTS = {"reviewer", "undone_by", "key", "detail"}
ENDED = Q(state__in=[Retrieval.State.ANSWERED, Retrieval.State.SKIPPED])
OF_PAIRS = Q(kind__in=[Flag.Kind.CODE_WORD, Flag.Kind.COLLUSION])  # also when the other has left


@dataclass(frozen=True)
class Section:
    """A list of the download: the rows of a model that point at the player in this way."""

    title: str
    model: type[Model]
    by: str  # the way from a row to its player
    leave_out: Collection[str] = ("player",)
    only: Collection[str] = ()  # instead of all but those
    where: Q = Q()

    def rows(self, player_id: int) -> QuerySet[Any, Any]:
        columns = [field.attname for field in self.model._meta.concrete_fields if field.name not in self.leave_out]
        held = self.model._default_manager.filter(self.where, **{self.by: player_id})
        return held.order_by("pk").values(*(["id", *self.only] if self.only else columns))


def _of_desk(title: str, model: type[Model], by: str, *columns: str) -> Section:
    """What somebody did at a desk: that it was they, and when; not whom it concerned."""
    return Section(title, model, by, only=columns)


SECTIONS = (
    Section("emails", EmailAddress, "user", {"user"}),
    _of_desk("roles", Player.groups.through, "player", "group__name"),
    _of_desk("permissions", Player.user_permissions.through, "player", "permission__codename"),
    Section("consents", Consent, "player"),
    Section("days", PlayDay, "player"),
    Section("sittings", Sitting, "player"),
    Section("turns", Turn, "sitting__player", {"round"}),
    Section("rounds", Round, "labeler", {"labeler"}),
    Section("queries", Query, "round__labeler"),
    Section("revisions", Revision, "turn__sitting__player"),
    Section("previews", Preview, "round__labeler"),
    # An open search keeps its answer; it is listed among the turns and given in full once it has ended.
    # Which of them tried the player is not said: they would be known when they come.
    Section("retrievals", Retrieval, "player", {"player", "is_gold"}, where=ENDED),
    Section("skips", Skip, "player"),
    Section("ledger", LedgerEntry, "player"),
    Section("notices", Notice, "player"),
    Section("annotations", Annotation, "player"),
    Section("replies", Reply, "player", {"player", "is_gold", "gold_passed"}),
    Section("quality", PlayerQuality, "player", {"player", "n_gold", "n_gold_passed"}),
    Section("flags", Flag, "player", NOT_OF_FLAGS, where=~OF_PAIRS),
    Section("flags_with_a_partner", Flag, "player", NOT_OF_FLAGS | {"evidence"}, where=OF_PAIRS),
    _of_desk("failed_looks", FailedLook, "player", "what", "n_times", "at"),
    _of_desk("flags_of_a_partner", Flag, "partner", "kind", "state", "at"),
    Section("sanctions", Sanction, "player", {"player", "imposed_by", "lifted_by"}),
    Section("appeals", Case, "player", {"player", "held_by", "held_until"}),
    _of_desk("cases_about", Case, "round__labeler", "kind", "state", "reasons", "opened_at", "decided_at"),
    Section("judgements_about", Judgement, "case__round__labeler", NOT_OF_JUDGEMENTS, where=Q(case__player=None)),
    Section("judgements_of_appeals", Judgement, "case__player", NOT_OF_JUDGEMENTS),
    Section("rulings", Ruling, "query__round__labeler"),
    Section("api_tokens", ApiToken, "player", {"player", "digest"}),
    Section("starts_by_programs", StartKey, "player", {"player", "digest"}),
    # What they did for the game rather than in it.
    Section("judgements_made", Judgement, "reviewer", {"reviewer", "undone_by"}),
    _of_desk("judgements_undone", Judgement, "undone_by", "verdict", "undone_at"),
    _of_desk("cases_in_hand", Case, "held_by", "kind", "held_until"),
    _of_desk("flags_decided", Flag, "decided_by", "kind", "state", "decided_at"),
    _of_desk("sanctions_imposed", Sanction, "imposed_by", "step", "at"),
    _of_desk("sanctions_lifted", Sanction, "lifted_by", "step", "lifted_at"),
    Section("annotations_settled", Settlement, "reviewer", {"reviewer"}),
    Section("drafts_decided", Draft, "decided_by", {"decided_by"}),
    _of_desk("sessions_divided", SessionCut, "by", "begins", "at"),
    _of_desk("summaries_written", SessionSummary, "by", "text", "at"),
    _of_desk("polarities_told", TurnPolarity, "by", "feeling", "at"),
    Section("rules_set", RuleSet, "set_by", {"set_by"}),
    Section("abusive_words_added", AbusiveWord, "added_by", {"added_by"}),
    _of_desk("imports", ImportJob, "created_by", "label", "state", "created_at"),
    _of_desk("conversation_imports", ConversationImport, "created_by", "label", "state", "created_at"),
    _of_desk("exports", ExportJob, "created_by", "state", "created_at"),
    _of_desk("releases", Release, "created_by", "title", "notes", "number", "state", "created_at"),
    _of_desk("publications", Publication, "created_by", "target", "name", "url", "state", "created_at"),
    _of_desk("training_runs", TrainingRun, "created_by", "title", "recipe", "settings", "state", "created_at"),
    _of_desk("models_installed", ModelVersion, "created_by", "name", "state", "created_at"),
    _of_desk("models_approved", ModelVersion, "approved_by", "name", "why", "approved_at"),
    _of_desk("acts", AuditEntry, "actor", "verb", "at"),
    _of_desk("acts_in_the_admin_site", LogEntry, "user", "action_time", "action_flag"),
)


def download(player_id: int) -> Iterator[str]:
    """A JSON object in pieces: the account, then one list per kind of row."""
    account = Player.objects.filter(pk=player_id).values(*ACCOUNT).get()
    yield '{"account": ' + _json(account)
    for section in SECTIONS:
        yield from _list(section.title, section.rows(player_id))
    yield from _list("decisions", _decisions(player_id))
    yield "}\n"


def _decisions(player_id: int) -> QuerySet[Any, Any]:
    about = AuditEntry.objects.filter(subject=f"player {player_id}").order_by("pk")
    return about.values("id", "verb", "subject", "detail", "at")


def _list(title: str, rows: QuerySet[Any, Any]) -> Iterator[str]:
    yield f',\n"{title}": ['
    yield from _lines(rows)
    yield "]"


def _lines(rows: QuerySet[Any, Any]) -> Iterator[str]:
    """Read in chunks by key, so that neither memory nor a cursor is held while a slow client reads."""
    last, separator = 0, "\n"
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield separator + ",\n".join(_json(row) for row in chunk)
        last, separator = chunk[-1]["id"], ",\n"


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)

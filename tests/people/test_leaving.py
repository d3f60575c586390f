from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import CASCADE, SET_NULL
from django.utils import timezone

from sticktionary.domain.people import accounts, guests, leaving, moderation, tokens
from sticktionary.domain.people.roles import Role
from sticktionary.models import (
    AuditEntry,
    Case,
    Flag,
    Judgement,
    LedgerEntry,
    Notice,
    Player,
    Preview,
    Query,
    Retrieval,
    Revision,
    Round,
    Ruling,
    Sanction,
)
from tests.people.conftest import PASSWORD, Play, client_of, make_player

SECRETS = [
    "tamsin_the_great",
    "Tamsin Greatheart",
    "tamsin@example.org",
    "my half typed secret",
    "a removed secret",
    "as I said",
]


def tables_with(text: str) -> list[str]:
    """Every table and column that holds the text, sessions decoded."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT "{field.column}" FROM "{model._meta.db_table}"')  # noqa: S608
                if any(text.casefold() in str(value).casefold() for (value,) in cursor.fetchall()):
                    found.append(f"{model._meta.db_table}.{field.column}")
    decoded = [str(session.get_decoded()) for session in Session.objects.all()]
    return found + ["session data"] * any(text in data for data in decoded)


def player_with_a_past(play: Play, admin: Player) -> Player:
    player = make_player(SECRETS[0], email=SECRETS[2])
    accounts.rename(player_id=player.pk, name=SECRETS[1])
    now = timezone.now()
    done, begun = play.round(player, "monday", "gone"), play.round(player, SECRETS[3], submitted=False)
    Query.objects.filter(text="gone").update(text=SECRETS[4], removed_at=now)
    for round_ in (done, begun):
        Preview.objects.create(round=round_, text=SECRETS[3], at=now, hits=[], model_version="m", ms=1)
        Revision.objects.create(round=round_, key="k", move="add", detail={"text": SECRETS[3]}, at=now)
    sitting = play.sitting(player, done, begun)
    theirs = play.round(None, "tuesday")
    play.retrieval(theirs, player)
    Revision.objects.create(
        round=theirs, turn=sitting.turns.first(), key="s", move="suggest", detail={"text": SECRETS[3]}, at=now
    )
    play.pay(player, 100, round=done)
    Notice.objects.create(player=player, kind="found", key="n")
    moderation.grant(actor=admin, player_id=player.pk, role=Role.REVIEWER)
    moderation.change_language(actor=admin, player_id=player.pk, language="en", reason=f"{SECRETS[1]} asked for it")
    judge_them(player, done, admin)
    player.refresh_from_db()
    return player


def judge_them(player: Player, round_: Round, admin: Player) -> None:
    """A verdict on their words that they appealed against, a flag and a sanction."""
    now, query = timezone.now(), Query.objects.get(round=round_, removed_at=None)
    case = Case.objects.create(kind="appeal", player=player, round=round_, words=SECRETS[5], opened_at=now)
    judgement = Judgement.objects.create(case=case, reviewer=admin, verdict="uphold", key="j", at=now)
    Ruling.objects.create(query=query, judgement=judgement, verdict="corrected", text="mondays", normalised="mondays")
    Flag.objects.create(kind="pasted", player=player, evidence={"texts": [SECRETS[3]]}, key=f"f{player.pk}", at=now)
    sanction = Sanction.objects.create(player=player, step="weight", reason=SECRETS[5], at=now)
    Case.objects.create(kind="appeal", player=player, sanction=sanction, words=SECRETS[5], opened_at=now)


def test_nothing_that_tells_who_they_were_is_left(play: Play, admin: Player) -> None:
    player = player_with_a_past(play, admin)
    client = client_of(None)
    client.post("/account/login/", {"login": SECRETS[0], "password": PASSWORD})
    client_of(None).post("/account/login/", {"login": SECRETS[0], "password": PASSWORD})
    assert all(tables_with(secret) for secret in SECRETS), "the scan finds what is there"
    response = client.post("/me/delete/", {"password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/goodbye/")
    assert {secret: tables_with(secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}
    assert not Player.objects.filter(pk=player.pk).exists()


def test_what_was_published_stays_without_a_name(play: Play, admin: Player) -> None:
    player = player_with_a_past(play, admin)
    client_of(player).post("/me/delete/", {"password": PASSWORD})
    assert list(Round.objects.filter(queries__text="monday").values_list("labeler", "state")) == [(None, "open")]
    assert list(Retrieval.objects.values_list("player", "rank")) == [(None, 1)]
    assert not LedgerEntry.objects.exists()
    assert AuditEntry.objects.order_by("-pk")[0].verb == "delete_account"


def test_what_was_decided_about_published_words_stays_with_them(play: Play, admin: Player) -> None:
    player = player_with_a_past(play, admin)
    client_of(player).post("/me/delete/", {"password": PASSWORD})
    assert list(Ruling.objects.values_list("query__text", "verdict", "text")) == [("monday", "corrected", "mondays")]
    assert list(Case.objects.values_list("player", "words", "state")) == [(None, "", "closed")]
    assert not Flag.objects.exists()
    assert not Sanction.objects.exists()


STAYS_WITHOUT_A_NAME = {
    *("round.labeler", "retrieval.player", "annotation.player", "reply.player"),  # what was published
    *("auditentry.actor", "judgement.reviewer", "judgement.undone_by", "settlement.reviewer"),  # what was decided
    *("flag.partner", "flag.decided_by", "sanction.imposed_by", "sanction.lifted_by", "case.held_by"),
    *("draft.decided_by", "sessioncut.by", "sessionsummary.by", "turnpolarity.by"),
    *("ruleset.set_by", "abusiveword.added_by", "modelversion.approved_by"),
    *("importjob.created_by", "conversationimport.created_by", "exportjob.created_by", "release.created_by"),
    *("publication.created_by", "trainingrun.created_by", "modelversion.created_by"),
}
GOES = {
    *("player_groups.player", "player_user_permissions.player", "logentry.user", "emailaddress.user"),
    *("consent.player", "notice.player", "playday.player", "skip.player", "sitting.player", "ledgerentry.player"),
    *("playerquality.player", "flag.player", "sanction.player", "case.player"),
    *("apitoken.player", "startkey.player", "failedlook.player"),
}


def test_of_every_row_that_points_at_a_player_it_is_said_what_becomes_of_it() -> None:
    ways = {
        f"{model._meta.model_name}.{field.name}": field.remote_field.on_delete
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is Player
    }
    assert {way for way, becomes in ways.items() if becomes is SET_NULL} == STAYS_WITHOUT_A_NAME
    assert {way for way, becomes in ways.items() if becomes is CASCADE} == GOES
    assert ways.keys() == STAYS_WITHOUT_A_NAME | GOES


def test_a_token_opens_nothing_any_more(player: Player, admin: Player) -> None:
    _token, secret = tokens.make(
        actor=admin, label="nightly", scopes=["read"], until=timezone.now() + timedelta(days=2)
    )
    assert tokens.find(secret) is not None
    leaving.erase(player_id=admin.pk)
    assert tokens.find(secret) is None


def test_the_password_is_asked_for(player: Player) -> None:
    response = client_of(player).post("/me/delete/", {"password": "wrong", "word": "delete"})
    assert list(response.context["form"].errors) == ["password"]
    assert Player.objects.filter(pk=player.pk).exists()


def test_a_guest_types_a_word_instead(guest: Player) -> None:
    client = client_of(guest)
    assert list(client.post("/me/delete/", {"word": "no"}).context["form"].errors) == ["word"]
    assert client.post("/me/delete/", {"word": "Delete "}).status_code == 302
    assert not Player.objects.filter(pk=guest.pk).exists()


def test_a_chinese_guest_types_a_chinese_word(db: None) -> None:
    guest = guests.start(language="zh")
    assert client_of(guest).post("/me/delete/", {"word": "注销"}).status_code == 302
    assert not Player.objects.filter(pk=guest.pk).exists()


def test_other_players_lose_nothing(play: Play, player: Player) -> None:
    other = make_player("other")
    round_ = play.round(other, "monday")
    play.retrieval(round_, player)
    play.pay(other, 150, round=round_)
    client_of(player).post("/me/delete/", {"password": PASSWORD})
    other.refresh_from_db()
    assert (other.points, other.rounds.count(), other.ledger.count()) == (150, 1, 1)

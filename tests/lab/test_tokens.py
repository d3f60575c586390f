"""Keys for programs: made, shown once, worth what their owner may, revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import moderation, tokens
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import ApiToken, AuditEntry, Player
from tests.people.conftest import client_of, make_player


def made(player: Player, *scopes: str, days: float = 30) -> tuple[ApiToken, str]:
    until = timezone.now() + timedelta(days=days)
    return tokens.make(actor=player, label="nightly", scopes=scopes or ["read"], until=until)


def test_only_the_hash_of_a_token_is_kept(researcher: Player) -> None:
    token, secret = made(researcher, "train", "read")
    row = ApiToken.objects.values().get()
    assert all(secret not in str(value) for value in row.values())
    assert (token.scopes, secret[: len(token.hint)]) == (["read", "train"], token.hint)
    assert tokens.find(secret) == token
    assert tokens.find(secret[:-1]) is None
    assert AuditEntry.objects.get(verb="make_token").detail == {"scopes": ["read", "train"]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"label": "  "}, "no_label"),
        ({"label": "x" * 81}, "no_label"),
        ({"scopes": []}, "no_scope"),
        ({"until": timezone.now() - timedelta(seconds=1)}, "expiry"),
        ({"until": timezone.now() + timedelta(days=400)}, "expiry"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(researcher: Player, changes: dict[str, object], code: str) -> None:
    asked = {"label": "nightly", "scopes": ["read"], "until": timezone.now() + timedelta(days=1)} | changes
    with pytest.raises(Refused) as refused:
        tokens.make(actor=researcher, **asked)  # type: ignore[arg-type]
    assert (refused.value.code, ApiToken.objects.count()) == (code, 0)


def test_nobody_hands_on_more_than_they_may(researcher: Player, db: None) -> None:
    researcher.groups.clear()
    with pytest.raises(NotAllowed):
        made(Player.objects.get(pk=researcher.pk), "read")
    with pytest.raises(NotAllowed):
        made(make_player("somebody"), "train")


def test_a_scope_that_does_not_exist_is_refused(researcher: Player) -> None:
    with pytest.raises(NotAllowed):
        made(researcher, "read", "everything")


def test_a_token_ends_when_it_is_revoked_expired_or_its_owner_is_blocked(researcher: Player) -> None:
    (first, secret), (second, other), (_third, last) = made(researcher), made(researcher), made(researcher)
    tokens.revoke(actor=researcher, token=first)
    ApiToken.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    assert [tokens.find(each) is None for each in (secret, other, last)] == [True, True, False]
    with pytest.raises(Refused):
        tokens.revoke(actor=researcher, token=first)
    Player.objects.filter(pk=researcher.pk).update(is_active=False)
    assert tokens.find(last) is None


def test_a_token_is_worth_no_more_than_its_owners_roles_at_that_moment(researcher: Player) -> None:
    token, secret = made(researcher, "read", "train")
    tokens.allow(token, Scope.TRAIN)
    with pytest.raises(NotAllowed):
        tokens.allow(token, Scope.PROMOTE)
    researcher.groups.clear()
    found = tokens.find(secret)
    assert found is not None
    with pytest.raises(NotAllowed):
        tokens.allow(found, Scope.TRAIN)


def test_others_tokens_are_none_of_ones_business_save_an_admins(researcher: Player) -> None:
    token, secret = made(researcher)
    with pytest.raises(NotAllowed):
        tokens.revoke(actor=make_player("other"), token=token)
    admin = moderation.make_admin(username="ada", password="seven quiet otters", language="en")
    tokens.revoke(actor=admin, token=token)
    assert tokens.find(secret) is None


def test_there_is_an_end_to_tokens(researcher: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    token, _secret = made(researcher)
    with pytest.raises(Refused):
        made(researcher)
    tokens.revoke(actor=researcher, token=token)
    made(researcher)


def test_the_page_shows_a_new_token_once(researcher: Player) -> None:
    browser = client_of(researcher)
    answer = browser.post("/studio/lab/tokens/", {"label": "nightly", "scopes": ["read", "search"], "days": "30"})
    secret = answer.context["secret"]
    token = tokens.find(secret)
    assert token is not None
    assert (token.label, token.scopes, token.player) == ("nightly", ["read", "search"], researcher)
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    again = browser.get("/studio/lab/tokens/").content.decode()
    assert (secret in again, token.hint in again) == (False, True)


def test_a_player_revokes_only_their_own_on_the_page(researcher: Player) -> None:
    token, secret = made(researcher)
    stranger = moderation.make_admin(username="ada", password="seven quiet otters", language="en")
    assert client_of(stranger).post(f"/studio/lab/tokens/{token.pk}/revoke/").status_code == 404
    assert tokens.find(secret) == token
    assert client_of(researcher).post(f"/studio/lab/tokens/{token.pk}/revoke/").status_code == 302
    assert tokens.find(secret) is None

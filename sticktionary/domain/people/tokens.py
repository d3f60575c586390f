"""Keys for programs. A token may do what its owner may at that moment, as far as its scopes reach; only its hash is
kept, so whoever made it sees it once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.models import ApiToken, AuditEntry, Player

PREFIX = "stk_"  # so that scanners for lost secrets can know one
N_HINT = len(PREFIX) + 4
MOST = 20  # that one player may have in use at once
LONGEST = timedelta(days=366)
TOUCHED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a program may do with a token."""

    READ = "read"
    SEARCH = "search"
    REPLY = "reply"
    TRAIN = "train"
    PROMOTE = "promote"


PERMISSION_OF = {
    Scope.READ: "view_trainingrun",
    Scope.SEARCH: "view_modelversion",
    Scope.REPLY: "view_modelversion",
    Scope.TRAIN: "train",
    Scope.PROMOTE: "promote_model",
}


def in_use() -> QuerySet[ApiToken]:
    """Those that open something: not revoked, not expired."""
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


def scopes_for(player: Player) -> list[Scope]:
    """What this player may hand on to a program."""
    return [scope for scope, permission in PERMISSION_OF.items() if player.has_perm(f"sticktionary.{permission}")]


@transaction.atomic
def make(*, actor: Player, label: str, scopes: Collection[str], until: datetime) -> tuple[ApiToken, str]:
    """A token and its secret, which is nowhere else from here on."""
    owner = Player.objects.select_for_update().get(pk=actor.pk)
    accounts.require(owner, PERMISSION_OF[Scope.READ])
    _check(owner, label, scopes, until)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        player=owner,
        label=label.strip(),
        hint=secret[:N_HINT],
        digest=_digest(secret),
        scopes=[scope.value for scope in Scope if scope in scopes],
        expires_at=until,
    )
    AuditEntry.objects.create(
        actor=owner, verb="make_token", subject=f"token {token.pk}", detail={"scopes": token.scopes}
    )
    return token, secret


def _check(owner: Player, label: str, scopes: Collection[str], until: datetime) -> None:
    if not label.strip() or len(label.strip()) > 80:
        raise Refused("no_label", _("Say in up to 80 characters what the token is for."))
    if not scopes:
        raise Refused("no_scope", _("Choose what the token may do."))
    if not set(scopes) <= {scope.value for scope in scopes_for(owner)}:
        raise NotAllowed("scope", _("A token cannot do more than you may do yourself."))
    if not timezone.now() < until <= timezone.now() + LONGEST:
        raise Refused("expiry", _("A token is valid for a day at least and for a year at most."))
    if in_use().filter(player=owner).count() >= MOST:
        raise Refused("too_many", _("You have %(n)s tokens in use. Revoke one first.") % {"n": MOST})


@transaction.atomic
def revoke(*, actor: Player, token: ApiToken) -> None:
    """End a token at once. One's own; an admin ends anybody's."""
    if token.player_id != actor.pk:
        accounts.require(actor, "manage_players")
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise Refused("revoked", _("This token is revoked already."))
    AuditEntry.objects.create(actor=actor, verb="revoke_token", subject=f"token {token.pk}")


def find(secret: str) -> ApiToken | None:
    """The token of this secret, if it is in use and its owner may still sign in."""
    held = in_use().select_related("player").filter(digest=_digest(secret), player__is_active=True)
    token: ApiToken | None = held.first()
    if token is not None:
        _touch(token)
    return token


def allow(token: ApiToken, scope: Scope) -> None:
    """Refuse unless the token reaches so far and its owner's roles still do."""
    if scope.value not in token.scopes:
        raise NotAllowed("scope", _("This token does not include “%(scope)s”.") % {"scope": scope.value})
    accounts.require(token.player, PERMISSION_OF[scope])


def _touch(token: ApiToken) -> None:
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCHED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

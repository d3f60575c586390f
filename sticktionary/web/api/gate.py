"""Who may call what: a token in use that reaches so far, and not too often. Cookies open nothing here."""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest
from ninja.errors import AuthenticationError, Throttled
from ninja.throttling import BaseThrottle

from sticktionary.domain.people import tokens
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import ApiToken, Player

WINDOW_S = 60


class PerMinute(BaseThrottle):
    """So many calls a minute with each token; by the clock, so that all web processes with one cache count together."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most

    def allow_request(self, request: HttpRequest) -> bool:
        return self.take(str(token_of(request).pk))

    def take(self, who: str, n: int = 1) -> bool:
        """Count so many; whether they are still within the limit."""
        key = f"api:{self.name}:{who}:{int(time.time() // WINDOW_S)}"
        cache.add(key, 0, 2 * WINDOW_S)
        return cache.incr(key, n) <= self.most

    def wait(self) -> float:
        return WINDOW_S - time.time() % WINDOW_S


CALLS = PerMinute("calls", 300)
SEARCHES = PerMinute("searches", 60)
STARTS = PerMinute("starts", 10)
REPLIES = PerMinute("replies", 300)  # conversations, in a batch or one by one
STRANGERS = PerMinute("strangers", 30)


class Needs:
    """Lets in who brings a token that includes `scope` and whose owner may still do what it stands for."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken:
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        token = tokens.find(secret.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise _stranger(request)
        tokens.allow(token, self.scope)
        return token


def _stranger(request: HttpRequest) -> Exception:
    if STRANGERS.take(get_adapter().get_client_ip(request)):
        return AuthenticationError()
    return Throttled(wait=int(STRANGERS.wait()) + 1)


def token_of(request: HttpRequest) -> ApiToken:
    token = getattr(request, "auth", None)
    assert isinstance(token, ApiToken)
    return token


def actor_of(request: HttpRequest) -> Player:
    return token_of(request).player

"""What somebody tried to write and was refused for the sake of others: that it was tried is a fact, its words are not
kept. A refusal rolls its move back, so the note is made after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, ParamSpec, TypeVar

from django.utils import timezone

from sticktionary.domain.errors import Refused
from sticktionary.domain.play import turns
from sticktionary.models import Revision, Turn

P = ParamSpec("P")
R = TypeVar("R")

MOVE = "refused"
WATCHED = {"abusive", "contact", "wrong_script"}


def noted(verb: Callable[P, R]) -> Callable[P, R]:
    """For a verb of a leased page: note the attempt, once per key, and refuse as before."""

    @wraps(verb)
    def watched(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except Refused as refusal:
            if refusal.code in WATCHED:
                _note(kwargs, refusal.code)
            raise

    return watched


def _note(move: dict[str, Any], code: str) -> None:
    """Under a key of its own: the move's own key stays free, for it was not carried out."""
    turn = Turn.objects.only("pk", "round_id").get(pk=turns.turn_id_of(move["lease"], move["player_id"]))
    Revision.objects.get_or_create(
        turn=turn,
        key=f"refused:{sha256(move['key'].encode()).hexdigest()[:32]}",
        defaults={"round_id": turn.round_id, "move": MOVE, "detail": {"code": code}, "at": timezone.now()},
    )

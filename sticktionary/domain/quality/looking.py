"""What a sweep does about a player at whom it cannot look: it goes on with the others, and says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F, QuerySet
from django.utils import timezone

from sticktionary.models import FailedLook

log = logging.getLogger(__name__)
What = FailedLook.What


@contextmanager
def survived(player_id: int, what: str) -> Iterator[None]:
    """Keep what goes wrong with one player from the others. A failure stays on the page until a look succeeds."""
    try:
        yield
    except Exception as error:
        log.exception("player %s could not be looked at", player_id)
        _note(player_id, what, f"{type(error).__name__}: {error}"[:300])
    else:
        FailedLook.objects.filter(player_id=player_id, what=what).delete()


def _note(player_id: int, what: str, error: str) -> None:
    failed, _ = FailedLook.objects.get_or_create(player_id=player_id, what=what, defaults={"at": timezone.now()})
    FailedLook.objects.filter(pk=failed.pk).update(error=error, n_times=F("n_times") + 1, at=timezone.now())


def forget(what: str) -> None:
    """Before a look that takes in everybody."""
    FailedLook.objects.filter(what=what).delete()


def again() -> set[int]:
    """Players whose own answers have to be looked at again, whether or not they played since."""
    return set(FailedLook.objects.filter(what=What.PLAY).values_list("player_id", flat=True))


def failed() -> QuerySet[FailedLook]:
    """For those who keep the game fair, the latest first."""
    return FailedLook.objects.select_related("player").order_by("-at", "-pk")

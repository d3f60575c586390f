"""Sending a release, wherever it goes: what is sent, what is tried again, and how to say plainly what failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.releases.checksums import Kept

T = TypeVar("T")
WAITS_S = (1.0, 5.0, 25.0)  # before each further attempt
PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that may be others a little later


@dataclass(frozen=True)
class Parcel:
    folder: Path
    number: int
    title: str  # of the release
    files: list[Kept]


def again(call: Callable[[], T]) -> T:
    """The answer to a call that may be made twice; what is wrong for the moment only is tried again a few times."""
    for wait_s in WAITS_S:
        try:
            return call()
        except Exception as error:
            if not _passes(error):
                raise
        time.sleep(wait_s)
    return call()


def _passes(error: BaseException) -> bool:
    return _is_cut(error) or status_of(error) in PASSING


def status_of(error: BaseException) -> int | None:
    response = getattr(_cause(error), "response", None)
    return response.status_code if isinstance(response, httpx2.Response) else None


def _cause(error: BaseException) -> BaseException:
    """The answer or the cut connection that lies below what a library says."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, httpx2.HTTPError):
        found = found.__cause__
    return found or error


@contextmanager
def plainly(place: str, token: str) -> Iterator[None]:
    """Says what went wrong on the way to `place` in words for a publisher, and never says the token."""
    try:
        yield
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        status = status_of(error)
        code, text = _said(place, status) if status or _is_cut(error) else _quoted(place, error)
        raise Refused(code, text.replace(token, "…") if token else text) from None  # the error may hold the request


def _is_cut(error: BaseException) -> bool:
    return isinstance(_cause(error), httpx2.TransportError)


def _quoted(place: str, error: BaseException) -> tuple[str, str]:
    return "failed", _("%(place)s: %(error)s") % {"place": place, "error": f"{error}"[:500]}


def _said(place: str, status: int | None) -> tuple[str, str]:
    if status is None:
        return "away", _("%(place)s cannot be reached. Try again later: what has arrived stays.") % {"place": place}
    if status == 401:
        return "token", _("%(place)s does not know the token.") % {"place": place}
    if status == 403:
        return "token", _("The token may not write there: %(place)s.") % {"place": place}
    if status == 404:
        return "unknown", _("%(place)s does not know this place.") % {"place": place}
    if status in {409, 412}:
        return "taken", _("%(place)s was changed by somebody else meanwhile. Try again.") % {"place": place}
    if status in PASSING or status >= 500:
        text = _("%(place)s answers with error %(status)s. Try again later: what has arrived stays.")
        return "away", text % {"place": place, "status": status}
    return "refused", _("%(place)s does not accept it: error %(status)s.") % {"place": place, "status": status}

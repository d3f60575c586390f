"""What the API answers instead of doing what was asked: problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from pydantic import Field

from sticktionary.domain.errors import NotAllowed, RuleBroken
from sticktionary.domain.lab.checks import RunRefused
from sticktionary.domain.replies.asking import BadQuestion

MEDIA_TYPE = "application/problem+json"
LISTED = frozenset({401, 403, 422, 429})  # what may go wrong with a list, with one thing, with a verb
KNOWN = LISTED | {404}
ACTED = KNOWN | {409}
log = logging.getLogger(__name__)


class Problem(Schema):
    """Why it was not done."""

    type: str = Field(default="about:blank", description="Always about:blank: `code` tells the kinds apart.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="A sentence for people.")
    code: str = Field(description="For programs: not_allowed, not_found, not_resumable, ...")
    errors: dict[str, str] = Field(default_factory=dict, description="A sentence for each field that is wrong.")


def problem(status: int, code: str, detail: str, errors: Mapping[str, str] | None = None) -> Problem:
    title = HTTPStatus(status).phrase
    return Problem(type="about:blank", title=title, status=status, detail=detail, code=code, errors=dict(errors or {}))


def of_refusal(refusal: RuleBroken) -> Problem:
    """What is wrong with the input by place, what may not be done, and what cannot be done now."""
    if isinstance(refusal, (RunRefused, BadQuestion)):
        return problem(422, refusal.code, refusal.message, refusal.problems)
    return problem(403 if isinstance(refusal, NotAllowed) else 409, refusal.code, refusal.message)


def malformed(found: Sequence[Any], *, below: int = 0) -> Problem:
    """What pydantic found; `below` so many parts of each place that are the call's own."""
    errors = {".".join(str(part) for part in each["loc"][below:]) or "body": str(each["msg"]) for each in found}
    return problem(422, "malformed", _("This is not what the description of the API asks for."), errors)


def answer(status: int, code: str, detail: str) -> HttpResponse:
    return _sent(problem(status, code, detail))


def _sent(told: Problem) -> HttpResponse:
    return JsonResponse(told.dict(), status=told.status, content_type=MEDIA_TYPE)


def _broken(request: HttpRequest, refusal: RuleBroken) -> HttpResponse:
    return _sent(of_refusal(refusal))


def _unknown_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = answer(401, "no_token", _("Bring a token in use: “Authorization: Bearer …”."))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _too_many(request: HttpRequest, error: Throttled) -> HttpResponse:
    response = answer(429, "too_many", _("Too many calls. Wait as long as “Retry-After” says."))
    if error.wait is not None:
        response.headers["Retry-After"] = str(int(error.wait) + 1)
    return response


def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _sent(malformed(error.errors, below=1))


def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    return answer(413, "too_large", _("More than %(n)d bytes at once are not taken.") % {"n": most})


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return answer(404, "not_found", _("There is nothing of this name or number."))


def _other(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(error.status_code, "malformed", str(error))


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("the API failed: %s %s", request.method, request.path)
    return answer(500, "failed", _("That did not work. Try again in a moment."))


def told_by(api: NinjaAPI) -> None:
    """Have everything that goes wrong in the API answered as a problem."""
    for kind, handler in (
        (RuleBroken, _broken),
        (AuthenticationError, _unknown_token),
        (Throttled, _too_many),
        (ValidationError, _malformed),
        (Http404, _not_found),
        (HttpError, _other),
        (RequestDataTooBig, _too_large),
        (Exception, _failed),
    ):
        api.add_exception_handler(kind, handler)  # type: ignore[arg-type]

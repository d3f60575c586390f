"""Where the API lies, and its description."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from sticktionary.web.api import models, problems, releases, replies, runs, search
from sticktionary.web.api.document import Api
from sticktionary.web.api.gate import CALLS

api = Api(
    title="Sticktionary lab",
    version="1.0.0",
    description=(
        "Releases, training runs, models, search, and stickers that answer conversations. "
        "Times are UTC, ISO 8601. Refusals are problem details."
    ),
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
    throttle=CALLS,
)
api.add_router("", releases.router)
api.add_router("/runs", runs.router)
api.add_router("/models", models.router)
api.add_router("/search", search.router)
api.add_router("/replies", replies.router)
problems.told_by(api)


@login_not_required
@require_GET
def document(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document; it holds no secrets."""
    return JsonResponse(api.get_openapi_schema(), json_dumps_params={"ensure_ascii": False})


@login_not_required
@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return problems.answer(404, "not_found", _("The API has no such address."))


def _patterns() -> Iterator[URLPattern]:
    """The calls ask for a token themselves: the page that signs people in is of no use to programs."""
    for pattern in api.urls[0]:
        assert isinstance(pattern, URLPattern)
        if pattern.name != "api-root":
            pattern.callback = login_not_required(pattern.callback)
            pattern.name = None  # the name of its function, which is that of a page, too
        yield pattern


urlpatterns = [
    path("openapi.json", document, name="api_document"),
    *_patterns(),
    re_path(r"^(?P<rest>.*)$", nothing_here),
]

"""Stickers as files. A name is the hash of its content, so what was fetched once never changes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.http import condition, require_safe

from sticktionary.domain.intake.pictures import path_of

FOR_EVER = "private, max-age=31536000, immutable"


def _etag(request: HttpRequest, **name: Any) -> str:
    return f'"{name["digest"][:32]}"'


@require_safe
@condition(etag_func=_etag)
def sticker(request: HttpRequest, shelf: str, digest: str) -> HttpResponse:
    try:
        content = path_of(f"{shelf}/{digest}.webp").read_bytes()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(content, content_type="image/webp", headers={"Cache-Control": FOR_EVER})


urlpatterns = [
    re_path(r"^stickers/(?P<shelf>[0-9a-f]{2})/(?P<digest>(?P=shelf)[0-9a-f]{62})\.webp\Z", sticker, name="sticker"),
]

"""The edition of a page: the player's own language, else what was last chosen, else what the browser asks for."""

from __future__ import annotations

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

EDITIONS = {"en": "en", "zh": "zh-hans"}


class EditionMiddleware(LocaleMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if request.user.is_authenticated:
            translation.activate(EDITIONS[request.user.language])
            request.LANGUAGE_CODE = translation.get_language()


def native_language() -> str:
    """The language of the edition in hand, as players have it."""
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"

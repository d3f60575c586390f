"""The front page, the game's page and what browsers ask for beside them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.vary import vary_on_cookie
from django.views.i18n import JavaScriptCatalog

from sticktionary.domain.people import accounts, admission
from sticktionary.models import Query, Sticker
from sticktionary.web.demo import demo
from sticktionary.web.edition import native_language


@login_not_required
def landing(request: HttpRequest) -> HttpResponse:
    language = native_language()
    stickers = Sticker.objects.filter(state=Sticker.State.ACTIVE)
    written = Query.objects.filter(round__sticker=OuterRef("pk"), round__language=language, removed_at=None)
    return render(
        request,
        "landing.html",
        {
            "is_chinese": language == "zh",
            "demo": demo(language),
            "n_stickers": stickers.count(),
            "n_unwritten": stickers.filter(~Exists(written)).count(),
        },
    )


@login_not_required
def play(request: HttpRequest) -> HttpResponse:
    if not (request.user.is_authenticated and accounts.has_consented(request.user)):
        return redirect("start")
    if request.user.pk is not None and admission.kept_out(request.user.pk) is not None:
        return redirect("appeals")
    return render(request, "play.html")


@method_decorator([login_not_required, vary_on_cookie, cache_control(private=True, max_age=300)], name="dispatch")
class Words(JavaScriptCatalog):
    """The scripts' words in the edition in hand."""

    packages = None
    domain = "djangojs"


@login_not_required
@cache_control(max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponsePermanentRedirect:
    return HttpResponsePermanentRedirect(static("img/favicon.ico"))


@login_not_required
@vary_on_cookie
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": static("img/icon.svg"), "type": "image/svg+xml", "sizes": "any"},
        {"src": static("img/icon-512.png"), "type": "image/png", "sizes": "512x512", "purpose": "any maskable"},
    ]
    return JsonResponse(
        {
            "name": _("Sticktionary"),
            "short_name": _("Sticktionary"),
            "start_url": reverse("play"),
            "display": "standalone",
            "background_color": "#fbf8f4",
            "theme_color": "#eef04a",
            "icons": icons,
        },
        content_type="application/manifest+json",
    )


urlpatterns = [
    path("", landing, name="landing"),
    path("play/", play, name="play"),
    path("words.js", Words.as_view(), name="words"),
    path("favicon.ico", favicon, name="favicon"),
    path("manifest.webmanifest", manifest, name="manifest"),
]

"""Coming in and going out: guests, sign-up, sign-in, passwords. Only what we need of allauth is listed."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account import views as allauth_views
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.signals import user_logged_out
from django.db import IntegrityError, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import path, re_path, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from sticktionary.domain import events
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import consent, guests
from sticktionary.models import Player
from sticktionary.web.account_adapter import guest_id_of
from sticktionary.web.edition import EDITIONS, native_language
from sticktionary.web.forms import ConsentForm, StartForm


@login_not_required
@rate_limit(action="start")  # type: ignore[untyped-decorator]
def start(request: HttpRequest) -> HttpResponse:
    """Play as a guest: the page asks, the post begins."""
    if request.user.is_authenticated:
        return redirect("play" if consent.has_consented(request.user) else "consent")
    form = StartForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        guest = guests.start(language=form.cleaned_data["language"])
        login(request, guest, settings.AUTHENTICATION_BACKENDS[0])
        request.session.set_expiry(GUEST_FOR_S)
        return redirect("play")
    return render(request, "people/start.html", {"form": form, "text": consent.text_of(native_language())})


def agree(request: HttpRequest) -> HttpResponse:
    """Ask again when the text has changed."""
    player = request.user
    assert isinstance(player, Player)
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        consent.give_consent(player_id=player.pk, language=player.language)
    if consent.has_consented(player):
        return redirect("play")
    before = player.consents.exists()
    text = consent.text_of(player.language)
    return render(request, "people/consent.html", {"form": form, "text": text, "agreed_before": before})


@receiver(user_logged_out)
def close_pages(request: HttpRequest, user: Player | None, **kwargs: Any) -> None:
    if user is not None and request.session.session_key:
        events.sign_out(user.pk, request.session.session_key)


@login_not_required
def consent_text(request: HttpRequest) -> HttpResponse:
    context = {"text": consent.text_of(native_language()), "version": settings.CONSENT_VERSION}
    return render(request, "people/consent_text.html", context)


@login_not_required
@require_POST
def set_edition(request: HttpRequest) -> HttpResponse:
    """A visitor's choice, kept in a cookie; a player's edition is that of their language."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    response = redirect(target if safe else resolve_url("landing"))
    if edition := EDITIONS.get(request.POST.get("language", "")):
        year_s = 365 * 86_400
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, edition, max_age=year_s, samesite="Lax", httponly=True, secure=settings.HTTPS
        )
    return response


GUEST_FOR_S = 180 * 86_400  # this cookie is all a guest has
NEW_PASSWORD = (_("New password"), _("At least 8 characters. A few unrelated words are good; a common one is not."))
AGAIN = (_("New password, again"), "")


class InOurWords:
    """Labels and help of allauth's fields as our other forms have them."""

    words: ClassVar[dict[str, tuple[Any, Any]]] = {}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)  # type: ignore[misc]
        for name, (label, help_text) in self.words.items():
            field = form.fields[name]
            field.label, field.help_text = label, help_text
            field.widget.attrs.pop("placeholder", None)
        return form


class GuestsWelcome:
    """Guests may sign in and up; whoever has an account already goes on to play."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not guest_id_of(request):
            return redirect(self.get_authenticated_redirect_url())  # type: ignore[attr-defined]
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc, no-any-return]


@method_decorator(login_not_required, name="dispatch")
class SignInView(GuestsWelcome, InOurWords, allauth_views.LoginView):  # type: ignore[misc]
    words: ClassVar[dict[str, tuple[Any, Any]]] = {"login": (_("Name"), ""), "password": (_("Password"), "")}


@method_decorator(login_not_required, name="dispatch")
class SignUpView(GuestsWelcome, InOurWords, allauth_views.SignupView):  # type: ignore[misc]
    words: ClassVar[dict[str, tuple[Any, Any]]] = {
        "username": (_("Name"), _("You sign in with it, and others see it. Any script, no spaces.")),
        "password1": (_("Password"), NEW_PASSWORD[1]),
        "email": (_("E-mail (optional)"), _("Only to reset a forgotten password. We send nothing else.")),
    }

    def form_valid(self, form: Any) -> HttpResponseBase:
        """All or nothing: a guest is either still a guest or has an account with name, password and consent."""
        try:
            with transaction.atomic():
                return super().form_valid(form)  # type: ignore[no-any-return]
        except Refused as refused:
            form.add_error("username", refused.message)
        except IntegrityError:
            form.add_error("username", Player._meta.get_field("username").error_messages["unique"])
        except Player.DoesNotExist:  # the same guest has just signed up in another tab
            return redirect("play")
        return self.form_invalid(form)  # type: ignore[no-any-return]


class PasswordChangeView(InOurWords, allauth_views.PasswordChangeView):  # type: ignore[misc]
    words: ClassVar[dict[str, tuple[Any, Any]]] = {
        "oldpassword": (_("Password now"), ""),
        "password1": NEW_PASSWORD,
        "password2": AGAIN,
    }
    success_url = reverse_lazy("profile")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if guest_id_of(request):
            return redirect("account_signup")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]


class PasswordResetView(InOurWords, allauth_views.PasswordResetView):  # type: ignore[misc]
    words: ClassVar[dict[str, tuple[Any, Any]]] = {"email": (_("E-mail"), "")}


class NewPasswordView(InOurWords, allauth_views.PasswordResetFromKeyView):  # type: ignore[misc]
    words: ClassVar[dict[str, tuple[Any, Any]]] = {"password1": NEW_PASSWORD, "password2": AGAIN}


urlpatterns = [
    path("start/", start, name="start"),
    path("agree/", agree, name="consent"),
    path("agreement/", consent_text, name="consent_text"),
    path("edition/", set_edition, name="set_edition"),
    path("account/login/", SignInView.as_view(), name="account_login"),
    path("account/signup/", SignUpView.as_view(), name="account_signup"),
    path("account/logout/", allauth_views.logout, name="account_logout"),
    path("account/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("account/password/change/", PasswordChangeView.as_view(), name="account_change_password"),
    path("account/password/reset/", PasswordResetView.as_view(), name="account_reset_password"),
    path("account/password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        NewPasswordView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]

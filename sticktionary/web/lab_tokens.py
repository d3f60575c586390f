"""One's tokens for the API: made, shown once, revoked."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from sticktionary.domain.errors import RuleBroken
from sticktionary.domain.people import tokens
from sticktionary.models import ApiToken
from sticktionary.web.lab_forms import SCOPES, TokenForm
from sticktionary.web.workbench import allowed, player_of, show


@never_cache
@allowed("view_trainingrun")
@sensitive_variables("secret")
def own_tokens(request: HttpRequest) -> HttpResponse:
    """The list, and a new one: its secret is on this answer and nowhere else."""
    player, secret = player_of(request), ""
    form = TokenForm(tokens.scopes_for(player), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _token, secret = tokens.make(actor=player, **form.given())
            form = TokenForm(tokens.scopes_for(player))
        except RuleBroken as refusal:
            form.add_error(None, refusal.message)
    held = ApiToken.objects.filter(player=player).order_by("-pk")
    living = set(tokens.in_use().filter(player=player).values_list("pk", flat=True))
    rows = [(token, token.pk in living, [SCOPES[tokens.Scope(scope)] for scope in token.scopes]) for token in held]
    context = {"here": "tokens", "form": form, "rows": rows, "secret": secret}
    return show(request, "lab_tokens", "lab", context, 400 if form.errors else 200)


@require_POST
@allowed("view_trainingrun")
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=token_id, player=player_of(request))
    try:
        tokens.revoke(actor=player_of(request), token=token)
        messages.success(request, _("Revoked. It opens nothing any more."))
    except RuleBroken as refusal:
        messages.error(request, refusal.message)
    return redirect("lab_tokens")


urlpatterns = [
    path("", own_tokens, name="lab_tokens"),
    path("<int:token_id>/revoke/", revoke, name="lab_revoke_token"),
]

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts, guests
from sticktionary.models import Player


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Where our players differ from a library's users: names that everybody sees, and guests."""

    def clean_username(self, username: str, shallow: bool = False) -> str:
        name: str = super().clean_username(username, shallow)
        if not shallow:
            try:
                accounts.checked_name(name, guest_id_of(context.request) or 0)
            except Refused as refused:
                raise forms.ValidationError(refused.message, code=refused.code) from refused
        return name

    def new_user(self, request: HttpRequest) -> Player:
        """A guest who signs up keeps their row."""
        guest_id = guest_id_of(request)
        return Player.objects.select_for_update().get(pk=guest_id, is_guest=True) if guest_id else Player()

    def login(self, request: HttpRequest, user: Player) -> None:
        """A guest who signs in to an account takes along what they played."""
        guest_id = guest_id_of(request)
        super().login(request, user)
        if guest_id and guest_id != user.pk:
            n_points = guests.merge(guest_id=guest_id, player_id=user.pk)
            text = _("What you played as a guest is yours now: %(n)s points came along.") % {"n": n_points}
            messages.success(request, text)


def guest_id_of(request: HttpRequest) -> int | None:
    player = request.user
    return player.pk if player.is_authenticated and player.is_guest else None

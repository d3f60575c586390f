from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import Player
from sticktionary.models.players import Language
from sticktionary.web.edition import native_language

AGREE = _("I am 16 or older and agree that what I write is published without my name, under CC BY 4.0.")
MUST_AGREE = _("To play you need to agree to this.")


def language_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Your native language"),
        choices=Language.choices,
        widget=forms.RadioSelect,
        help_text=_("You play in it. Only an admin can change it later."),
        error_messages={"required": _("Please choose the language you grew up with.")},
    )


def consent_field() -> forms.BooleanField:
    return forms.BooleanField(label=AGREE, error_messages={"required": MUST_AGREE})


class StartForm(forms.Form):
    """To play as a guest."""

    language = language_field()
    consent = consent_field()

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"language": native_language()})


class ConsentForm(forms.Form):
    consent = consent_field()


class SignUpForm(forms.Form):
    """What we ask for besides a name, a password and perhaps an e-mail address."""

    field_order = ["username", "password1", "language", "email", "consent"]
    language = language_field()
    consent = consent_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("language", native_language())

    def signup(self, request: HttpRequest, player: Player) -> None:
        accounts.register(player_id=player.pk, language=self.cleaned_data["language"])


class RefusableForm(forms.Form):
    """A form whose verb may still refuse; the reason is shown at the field it is about."""

    def carry_out(self, field: str, verb: Any, **arguments: Any) -> bool:
        try:
            verb(**arguments)
        except Refused as refused:
            self.add_error(field, refused.message)
        return not self.errors


class ProfileForm(RefusableForm):
    name = forms.CharField(label=_("Name that others see"), max_length=60, widget=forms.TextInput({"maxlength": 24}))
    on_board = forms.BooleanField(label=_("Show me on the boards"), required=False)

    def save(self, player: Player) -> bool:
        name, shown = self.cleaned_data["name"], self.cleaned_data["on_board"]
        accounts.show_on_boards(player_id=player.pk, shown=shown)
        return name == player.display_name or self.carry_out("name", accounts.rename, player_id=player.pk, name=name)


class PasswordCheckedForm(RefusableForm):
    """For what a borrowed phone should not be able to do."""

    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, player: Player, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.player = player

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.player.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


class EmailForm(PasswordCheckedForm):
    email = forms.EmailField(
        label=_("E-mail (optional)"),
        required=False,
        help_text=_("Only to reset a forgotten password. Empty it to have it deleted."),
        widget=forms.EmailInput({"autocomplete": "email"}),
    )
    field_order = ["email", "password"]

    def save(self) -> bool:
        email = self.cleaned_data["email"]
        return self.carry_out("email", accounts.set_email, player_id=self.player.pk, email=email)


class DeleteForm(PasswordCheckedForm):
    """An account asks for its password; a guest has none and types a word instead."""

    word = forms.CharField(required=False, widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "off"}))

    def __init__(self, player: Player, *args: Any, **kwargs: Any) -> None:
        super().__init__(player, *args, **kwargs)
        del self.fields["password" if player.is_guest else "word"]
        if player.is_guest:
            self.fields["word"].label = _("Type the word %(word)s") % {"word": confirm_word()}
            self.fields["word"].required = True

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip().casefold()
        if word != confirm_word():
            raise forms.ValidationError(_("Please type %(word)s to confirm.") % {"word": confirm_word()})
        return word


def confirm_word() -> str:
    return {"en": "delete", "zh": "注销"}[native_language()]

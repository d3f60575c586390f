"""Forms of the lab. The one that asks for a run is made from the recipe: its settings say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from retrieval_engine.training.recipes import Recipe, Setting
from sticktionary.domain.lab import data, uses
from sticktionary.domain.people.tokens import Scope
from sticktionary.models import Release
from sticktionary.web import lab_words

PREFIX = "settings."  # of the settings among the fields, as refusals name them
DEVICES = [
    ("auto", gettext_lazy("the fastest there is")),
    ("cuda", gettext_lazy("NVIDIA graphics card (CUDA)")),
    ("mps", gettext_lazy("Apple graphics (MPS)")),
    ("cpu", gettext_lazy("processor")),
]
DAYS = [(7, "7"), (30, "30"), (90, "90"), (365, "365")]
SCOPES = {
    Scope.READ: gettext_lazy("look at releases, recipes, runs and models"),
    Scope.SEARCH: gettext_lazy("search with any version"),
    Scope.REPLY: gettext_lazy("have conversations answered with stickers"),
    Scope.TRAIN: gettext_lazy("start, stop and resume runs"),
    Scope.PROMOTE: gettext_lazy("approve models, bring them live, roll back"),
}


class ReleaseField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django takes no arguments when it runs
    """Where conversations are learned from, each release says how many uses of stickers it holds."""

    tells_uses = False

    def label_from_instance(self, release: Any) -> str:
        if not self.tells_uses:
            return str(release)
        n = uses.n_uses(release)
        said = ngettext("%(n)s use of a sticker", "%(n)s uses of stickers", n) % {"n": n}
        return f"{release} · {said if n else _('no conversations')}"


class RunForm(forms.Form):
    """What a run is asked for with. Values are read and refused by the recipe, so each has one rule only."""

    release = ReleaseField(queryset=Release.objects.none(), label=gettext_lazy("Release"))
    title = forms.CharField(
        max_length=120,
        required=False,
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("How you will know it again. Left empty, it is named after recipe and release."),
    )
    base = forms.CharField(max_length=500, required=False, label=gettext_lazy("Start from"))
    device = forms.ChoiceField(choices=DEVICES, label=gettext_lazy("Trained on"))
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        label=gettext_lazy("Seed"),
        help_text=gettext_lazy("The same run with the same seed on the same device comes to the same result."),
    )

    def __init__(self, recipe: Recipe, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.recipe = recipe
        field = cast(ReleaseField, self.fields["release"])
        field.tells_uses = recipe.kind == "dialogue"
        field.queryset = data.usable_releases()
        self.fields["base"].help_text = _(
            "A model of the list, a name of a hub, a path on the server, or “tiny”. Empty: %(base)s"
        ) % {"base": recipe.default_base}
        for part in recipe.described():
            self.fields[PREFIX + part.name] = _field(part)

    @property
    def basics(self) -> list[forms.BoundField]:
        return [self[PREFIX + part.name] for part in self.recipe.described() if not part.advanced]

    @property
    def advanced(self) -> list[forms.BoundField]:
        return [self[PREFIX + part.name] for part in self.recipe.described() if part.advanced]

    def asked(self) -> dict[str, Any]:
        """The order, as the verbs take it; what was left empty has the recipe's default."""
        given = {name: self.cleaned_data[name] for name in ("release", "title", "base", "device", "seed")}
        settings = {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        return {"recipe": self.recipe.name, "settings": settings, **given}

    def tell(self, problems: Mapping[str, str]) -> None:
        """Put each sentence beside its field."""
        for name, problem in problems.items():
            self.add_error(name if name in self.fields else None, problem)


def _field(part: Setting) -> forms.Field:
    words: dict[str, Any] = {
        "required": False,
        "initial": part.default,
        "label": lab_words.setting(part.name),
        "help_text": lab_words.helped(part),
    }
    if part.kind is bool:
        return forms.BooleanField(**words)
    if part.choices:
        return forms.ChoiceField(choices=[(choice, choice) for choice in part.choices], **words)
    mode = {int: "numeric", float: "decimal"}.get(part.kind, "text")
    return forms.CharField(max_length=200, widget=forms.TextInput({"inputmode": mode, "autocomplete": "off"}), **words)


class TokenForm(forms.Form):
    label = forms.CharField(
        max_length=80, label=gettext_lazy("What it is for"), help_text=gettext_lazy("So that you know which to revoke.")
    )
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label=gettext_lazy("It may"))
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=90, label=gettext_lazy("Valid for so many days"))

    def __init__(self, scopes: list[Scope], *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["scopes"].choices = [(scope.value, SCOPES[scope]) for scope in scopes]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        until = timezone.now() + timedelta(days=self.cleaned_data["days"])
        return {"label": self.cleaned_data["label"], "scopes": self.cleaned_data["scopes"], "until": until}


class WhyForm(forms.Form):
    why = forms.CharField(max_length=300, required=False)


class TryForm(forms.Form):
    """A query, and the versions to answer it."""

    q = forms.CharField(max_length=200, required=False, label=gettext_lazy("Query"))
    left = forms.ChoiceField(required=False, label=gettext_lazy("Left"))
    right = forms.ChoiceField(required=False, label=gettext_lazy("Right"))

    def __init__(self, versions: list[tuple[str, str]], *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["left"].choices = versions  # type: ignore[attr-defined]
        self.fields["right"].choices = [("", _("no second one")), *versions]  # type: ignore[attr-defined]

"""The form that asks for a release: its title and notes, and the rules that decide what is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.domain.releases import asking, tombstones
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.models import Pack, Tombstone
from sticktionary.models.players import Language

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

USUAL = ReleaseRules()
RULES = [name for name in ReleaseRules.__struct_fields__ if name != "credit"]


def _tick(label: _StrOrPromise, usual: bool, help_text: _StrOrPromise = "") -> forms.BooleanField:
    return forms.BooleanField(required=False, initial=usual, label=label, help_text=help_text)


class TakeBackForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[(name, Tombstone.Kind(name).label) for name in tombstones.VERBS], label=gettext_lazy("What")
    )
    number = forms.IntegerField(
        min_value=1,
        max_value=2**62,
        label=gettext_lazy("Number"),
        help_text=gettext_lazy("As the admin site shows it."),
    )
    why = forms.CharField(max_length=300, label=gettext_lazy("Why"), help_text=gettext_lazy("It is kept in the audit."))


class ReleaseForm(forms.Form):
    title = forms.CharField(max_length=120, label=gettext_lazy("Title"))
    notes = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=gettext_lazy("Notes"),
        help_text=gettext_lazy("What is new in it. They stand in its release notes."),
    )
    languages = forms.MultipleChoiceField(
        choices=Language.choices,
        initial=list(USUAL.languages),
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Languages"),
    )
    packs = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Packs"),
        help_text=gettext_lazy("None ticked: all that are in play."),
    )
    least_found = forms.IntegerField(
        min_value=0,
        max_value=20,
        initial=USUAL.least_found,
        label=gettext_lazy("Retrievers who found the sticker, at least"),
        help_text=gettext_lazy("Others than who wrote it, with the sticker among the candidates, not counting gold."),
    )
    least_weight = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=USUAL.least_weight,
        label=gettext_lazy("Weight of who wrote it, at least"),
        help_text=gettext_lazy("From 0 to 1; 0 takes everybody, and the weight stands beside each query."),
    )
    with_pictures = _tick(
        gettext_lazy("Pictures"),
        USUAL.with_pictures,
        gettext_lazy("Of packs whose pictures may be published; of all others there are the queries only."),
    )
    with_house = _tick(gettext_lazy("Queries that came with the stickers, marked as such"), USUAL.with_house)
    with_suggestions = _tick(gettext_lazy("Retrievers’ own suggestions"), USUAL.with_suggestions)
    with_reviewed = _tick(gettext_lazy("What nobody found but a reviewer accepted"), USUAL.with_reviewed)
    with_unproven = _tick(gettext_lazy("What nobody found and nobody accepted, marked as such"), USUAL.with_unproven)
    leave_out_excluded = _tick(gettext_lazy("Leave out players whom a person excluded"), USUAL.leave_out_excluded)
    leave_out_outliers = _tick(
        gettext_lazy("Leave out players whose figures lie far out"),
        USUAL.leave_out_outliers,
        gettext_lazy("As the paper did."),
    )
    personal = forms.ChoiceField(
        choices=[
            ("leave_out", gettext_lazy("left out")),
            ("mask", gettext_lazy("published with the place masked")),
        ],
        initial=USUAL.personal,
        label=gettext_lazy("Queries with personal data are"),
    )
    group_packs = _tick(
        gettext_lazy("Keep whole packs on one side of the split"),
        USUAL.group_packs,
        gettext_lazy("Near-duplicates always are. A sticker that was for testing once stays so, and its pack with it."),
    )
    split = forms.CharField(
        initial="80 / 10 / 10",
        label=gettext_lazy("Split: training, validation, test"),
        help_text=gettext_lazy("In parts of a hundred; holds for stickers that no release has had yet."),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        packs = Pack.objects.filter(is_active=True).order_by("title").values_list("slug", "title")
        self.fields["packs"].choices = list(packs)  # type: ignore[attr-defined]

    def clean_split(self) -> tuple[int, ...]:
        parts = re.findall(r"\d+", self.cleaned_data["split"])
        if len(parts) != 3:
            raise forms.ValidationError(_("Give three numbers, such as 80 / 10 / 10."))
        return tuple(int(part) for part in parts)

    def rules(self) -> ReleaseRules:
        """Raises Refused when they do not fit together."""
        return asking.rules_from({name: self.cleaned_data[name] for name in RULES})

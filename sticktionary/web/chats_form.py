"""What is filled in to send conversations in: a file, and how it is to be taken."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.domain.chats.conversations import Options
from sticktionary.domain.chats.foreign import FORMATS
from sticktionary.models.players import Language
from sticktionary.web.uploads import UploadForm


class ChatsForm(UploadForm):
    """A file of chats and how it is to be taken in: the options of `conversations.Options`."""

    file_field, suffix = "file", ".jsonl"

    file = forms.FileField(
        required=False,
        label=gettext_lazy("A file of conversations"),
        help_text=gettext_lazy("JSON lines (.jsonl): one conversation a line, or one turn a line; or another form."),
    )
    format = forms.ChoiceField(
        choices=[("", gettext_lazy("Our own JSON lines")), *FORMATS.items()],
        required=False,
        label=gettext_lazy("Form of the file"),
        help_text=gettext_lazy("Of another collection, as it was released. What came with it is kept as its word."),
    )
    language = forms.ChoiceField(
        choices=[("", gettext_lazy("As the lines say")), *Language.choices],
        required=False,
        label=gettext_lazy("Language"),
    )
    source = forms.CharField(
        max_length=300,
        label=gettext_lazy("Where it comes from"),
        help_text=gettext_lazy("Who collected it, and a link if there is one."),
    )
    licence = forms.CharField(
        max_length=120,
        label=gettext_lazy("Licence"),
        help_text=gettext_lazy("What may be done with the conversations. Lines that say their own keep it."),
    )
    key_prefix = forms.CharField(
        max_length=40,
        required=False,
        label=gettext_lazy("Before each number"),
        help_text=gettext_lazy("When another collection counts its chats in the same way."),
    )
    gap_minutes = forms.IntegerField(
        min_value=0,
        max_value=1_000_000,
        initial=0,
        required=False,
        label=gettext_lazy("Minutes of silence that end a session"),
        help_text=gettext_lazy("0: sessions are as the file gives them."),
    )
    paper_filter = forms.BooleanField(
        required=False, label=gettext_lazy("Only chats with enough words before a sticker, and no commands")
    )
    least_words = forms.IntegerField(
        min_value=0, max_value=10_000, initial=20, required=False, label=gettext_lazy("Words before the sticker")
    )
    skip_bad = forms.BooleanField(
        required=False, label=gettext_lazy("Leave out chats with a bad line and take in the others")
    )
    dry_run = forms.BooleanField(required=False, label=gettext_lazy("Dry run: check every line, import nothing"))

    def clean_file(self) -> TemporaryUploadedFile | None:
        return self.uploaded(_("Choose a file first."))

    def options(self) -> Options:
        """`file_name` is what the file was called when it came."""
        file = self.cleaned_data[self.file_field]
        name = file.name if file is not None else self.checked.label if self.checked is not None else ""
        given = {field: self.cleaned_data[field] for field in Options.__struct_fields__ if field != "file_name"}
        given |= {"gap_minutes": given["gap_minutes"] or 0, "least_words": given["least_words"] or 0}
        return Options(**given, file_name=name[:200])

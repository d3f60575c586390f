"""Files that people send in, streamed to disk and no larger than allowed; and what is filled in with stickers and for a
model to install."""

from __future__ import annotations

import os
import shutil
import uuid
import zipfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar, Self

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from sticktionary.models import ConversationImport, ImportJob, Pack
from sticktionary.web.workbench import View

AROUND = 2**20  # bytes of the form around the file
Checked = ImportJob | ConversationImport


def limit() -> int:
    return settings.MAX_UPLOAD_MB * 2**20


class Quota(TemporaryFileUploadHandler):
    """Straight to a file on disk; what goes on past the limit is dropped and the form hears of it."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.n_bytes = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.n_bytes += len(raw_data)
        if self.n_bytes > limit():
            self.request.is_over_quota = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)


def within_quota(refuse: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[View], View]:
    """For a view that takes an upload. The quota is put before the check of the token, which reads the upload in; what
    says at once that it is too long is not read, but answered by `refuse`."""

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            if int(request.META.get("CONTENT_LENGTH") or 0) > limit() + AROUND:
                return refuse(request)
            request.upload_handlers = [Quota(request)]
            return protected(request, *args, **named)

        return guarded

    return decorate


class UploadForm(forms.Form):
    """A form around a file. One that was checked in a dry run need not come again."""

    file_field: ClassVar[str]
    suffix: ClassVar[str]

    def __init__(
        self,
        *args: Any,
        checked: Checked | None = None,
        is_over_quota: bool = False,
        **named: Any,
    ) -> None:
        super().__init__(*args, **named)
        self.is_over_quota = is_over_quota
        self.checked = checked

    @classmethod
    def sent(cls, request: HttpRequest, checked: Checked | None) -> Self:
        data, files = request.POST, request.FILES  # reading them takes the upload in
        return cls(data, files, checked=checked, is_over_quota=getattr(request, "is_over_quota", False))

    def uploaded(self, missing: str) -> TemporaryUploadedFile | None:
        """The file, or none where the one that was checked will do."""
        if self.is_over_quota:
            raise forms.ValidationError(_("The file is larger than %(n)d MB.") % {"n": settings.MAX_UPLOAD_MB})
        file: TemporaryUploadedFile | None = self.cleaned_data[self.file_field]
        if file is None and self.checked is None:
            raise forms.ValidationError(missing)
        return file

    def kept(self) -> tuple[Path, str]:
        """The file in the uploads folder, and the name it came with."""
        file: TemporaryUploadedFile | None = self.cleaned_data[self.file_field]
        if file is None:
            assert self.checked is not None
            return Path(self.checked.path), self.checked.label
        kept = Path(settings.UPLOADS_DIR) / f"{uuid.uuid4().hex}{self.suffix}"
        shutil.move(file.temporary_file_path(), kept)
        os.chmod(kept, 0o600)
        return kept, file.name or kept.name


class ImportForm(UploadForm):
    file_field, suffix = "archive", ".zip"

    archive = forms.FileField(
        required=False,
        label=gettext_lazy("A zip of stickers"),
        help_text=gettext_lazy("png, jpg, webp, gif, apng and webm, with or without lists of queries (CSV, JSONL)."),
    )
    pack = forms.ModelChoiceField(
        Pack.objects.order_by("title"),
        required=False,
        label=gettext_lazy("Pack"),
        empty_label=gettext_lazy("A new one"),
    )
    title = forms.CharField(max_length=120, required=False, label=gettext_lazy("Title of the new pack"))
    source = forms.CharField(
        max_length=300,
        required=False,
        label=gettext_lazy("Where it comes from"),
        help_text=gettext_lazy("Who drew it, and a link if there is one."),
    )
    licence = forms.CharField(
        max_length=120,
        required=False,
        label=gettext_lazy("Licence"),
        help_text=gettext_lazy("What may be done with the stickers, for example CC0 or CC BY 4.0."),
    )
    dry_run = forms.BooleanField(
        required=False, label=gettext_lazy("Dry run: check every file and report, import nothing")
    )

    def clean_archive(self) -> TemporaryUploadedFile | None:
        archive = self.uploaded(_("Choose a zip first."))
        if archive is not None and not zipfile.is_zipfile(archive):
            raise forms.ValidationError(_("This is not a zip, or a damaged one."))
        return archive

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("pack") and not data.get("dry_run"):
            for field in ("title", "source", "licence"):
                if not data.get(field):
                    self.add_error(field, _("A new pack needs this."))
        return data


class ModelForm(forms.Form):
    source = forms.CharField(
        max_length=500,
        label=gettext_lazy("Model"),
        help_text=gettext_lazy(
            "NAME:PRETRAINED as open_clip calls it, such as xlm-roberta-base-ViT-B-32:laion5b_s13b_b90k, "
            "or a folder on the server."
        ),
    )

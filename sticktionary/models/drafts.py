from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.conversations import Utterance
from sticktionary.models.players import Language


class Draft(models.Model):
    """What a model, or a stub, says of a sticker or a session. Nobody's word until a person takes it or changes it."""

    class Kind(models.TextChoices):
        ATTRIBUTES = "attributes", _("attributes")
        CAPTION = "caption", _("description")
        SUMMARY = "summary", _("summary")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        EDITED = "edited", _("changed")
        REFUSED = "refused", _("refused")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), null=True, blank=True, on_delete=models.CASCADE, related_name="drafts"
    )
    first = models.ForeignKey(  # of a session: the turns it runs from and to
        Utterance, null=True, blank=True, on_delete=models.CASCADE, related_name="drafts"
    )
    last = models.ForeignKey(Utterance, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    value = models.JSONField(_("value"))  # lists of words by attribute, or {"text": ...}
    provider = models.CharField(_("provider"), max_length=200)  # name@version
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    kept = models.JSONField(_("kept"), null=True, blank=True)  # what the person said, in the form of `value`
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("when"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language", "sticker", "provider"],
                condition=Q(sticker__isnull=False),
                name="drafted_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "first", "last", "provider"],
                condition=Q(first__isnull=False),
                name="drafted_once_of_session",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(decided_at__isnull=False), name="draft_decided_when"
            ),
        ]
        indexes = [models.Index(fields=["state", "kind", "language"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

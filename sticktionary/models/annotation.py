from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.conversations import Utterance
from sticktionary.models.play import Sitting
from sticktionary.models.players import Language


class Task(models.TextChoices):
    """What a bonus page asks about a sticker, or about its use in a conversation."""

    EMOTION = "emotion", _("emotion")
    STYLE = "style", _("style")
    TEXT = "text", _("words on it")
    DESCRIPTION = "description", _("description")
    GESTURE = "gesture", _("gesture")
    POSTURE = "posture", _("posture")
    FACE = "face", _("facial expression")
    VERBAL = "verbal", _("what it says")
    INTENT = "intent", _("intent in a chat")
    FITS = "fits", _("does it fit the chat")
    SCENARIO = "scenario", _("reply or supplement")

    @property
    def needs_conversation(self) -> bool:
        return self in {Task.INTENT, Task.FITS, Task.SCENARIO}


class Annotation(models.Model):
    """One person's answer to one task. Facts: a second answer of the same person is refused, nothing is overwritten."""

    class State(models.TextChoices):
        DEALT = "dealt", _("dealt")
        ANSWERED = "answered", _("answered")
        SKIPPED = "skipped", _("skipped")
        LAPSED = "lapsed", _("lapsed")

    task = models.CharField(_("task"), max_length=12, choices=Task)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), on_delete=models.CASCADE, related_name="annotations"
    )
    utterance = models.ForeignKey(  # the use of the sticker that is asked about
        Utterance, null=True, blank=True, on_delete=models.CASCADE, related_name="annotations"
    )
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("player"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="annotations",
    )
    sitting = models.ForeignKey(  # the bonus page after its six, on which this was asked
        Sitting, null=True, blank=True, on_delete=models.SET_NULL, related_name="bonus_pages"
    )
    key = models.CharField(max_length=40, blank=True)  # of the move that answered or skipped it
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DEALT)
    value = models.JSONField(_("value"), null=True, blank=True)
    taxonomy = models.CharField(_("label set"), max_length=40, blank=True)  # name@version
    dealt_at = models.DateTimeField(_("dealt"))
    lease_until = models.DateTimeField(_("held until"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("annotation")
        verbose_name_plural = _("annotations")
        constraints = [
            models.UniqueConstraint(
                fields=["task", "sticker", "language", "player"], condition=Q(utterance=None), name="annotated_once"
            ),
            models.UniqueConstraint(
                fields=["task", "utterance", "player"],
                condition=Q(utterance__isnull=False),
                name="annotated_once_in_chat",
            ),
        ]
        indexes = [models.Index(fields=["task", "language", "state"])]

    def __str__(self) -> str:
        return f"{self.get_task_display()} {self.pk}"


class Settlement(models.Model):
    """What a reviewer made of a question whose annotators were still split, or of a model's draft of an answer. Of
    several the newest holds."""

    task = models.CharField(_("task"), max_length=12, choices=Task)
    language = models.CharField(_("language"), max_length=2, choices=Language, blank=True)  # none: of every language
    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), on_delete=models.CASCADE, related_name="settlements"
    )
    utterance = models.ForeignKey(
        Utterance, null=True, blank=True, on_delete=models.CASCADE, related_name="settlements"
    )
    value = models.JSONField(_("value"))
    taxonomy = models.CharField(_("label set"), max_length=40, blank=True)
    why = models.CharField(_("why"), max_length=300, blank=True)
    drafted_by = models.CharField(_("drafted by"), max_length=200, blank=True)  # the provider, where there was a draft
    is_edited = models.BooleanField(_("changed"), default=False)  # by the reviewer, of the draft
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("settled annotation")
        verbose_name_plural = _("settled annotations")
        indexes = [models.Index(fields=["sticker", "task"])]

    def __str__(self) -> str:
        return f"{self.get_task_display()} {self.pk}"

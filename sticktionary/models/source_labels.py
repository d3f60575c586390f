from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.conversations import Utterance


class SourceLabel(models.Model):
    """What came with a conversation about a turn of it: its source's word. Nobody here said it, so it counts in no
    agreement and no majority; where people here say something, theirs holds."""

    class Kind(models.TextChoices):
        """The tasks of annotators, as far as a source answers them, and how the words of a turn feel."""

        INTENT = "intent", _("intent in a chat")
        FITS = "fits", _("does it fit the chat")
        SCENARIO = "scenario", _("reply or supplement")
        FEELING = "feeling", _("emotion of the sender")
        STYLE = "style", _("style")
        GESTURE = "gesture", _("gesture")
        POSTURE = "posture", _("posture")
        FACE = "face", _("facial expression")
        VERBAL = "verbal", _("what it says")
        POLARITY = "polarity", _("polarity")

    utterance = models.ForeignKey(Utterance, on_delete=models.CASCADE, related_name="source_labels")
    kind = models.CharField(_("task"), max_length=10, choices=Kind)
    value = models.JSONField(_("value"))  # in the form of the task's answers
    taxonomy = models.CharField(_("label set"), max_length=40, blank=True)  # name@version

    class Meta:
        verbose_name = _("label of a source")
        verbose_name_plural = _("labels of sources")
        constraints = [models.UniqueConstraint(fields=["utterance", "kind"], name="source_label_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

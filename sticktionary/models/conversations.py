from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.job import Job
from sticktionary.models.players import Language


class ConversationImport(Job):
    path = models.CharField(_("path"), max_length=500)
    label = models.CharField(_("file"), max_length=200)
    options = models.JSONField(_("options"), default=dict)
    is_dry_run = models.BooleanField(_("dry run"), default=False)
    report = models.JSONField(_("report"), default=dict)  # counts, and the refused lines by number with the reason

    class Meta:
        verbose_name = _("import of conversations")
        verbose_name_plural = _("imports of conversations")
        permissions = [("import_conversations", "Can import conversations")]


class Conversation(models.Model):
    """A chat of several sessions among pseudonymous speakers."""

    key = models.CharField(_("number in its source"), max_length=120, unique=True)
    language = models.CharField(_("language"), max_length=2, choices=Language)
    source = models.CharField(_("source"), max_length=300)
    licence = models.CharField(_("licence"), max_length=120)
    is_active = models.BooleanField(_("in play"), default=True)
    takes_replies = models.BooleanField(_("answered by players"), default=False)  # cleared to be read by anybody
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")

    def __str__(self) -> str:
        return self.key


class ChatSession(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="sessions")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    summary = models.TextField(blank=True)
    summary_by = models.CharField(max_length=80, blank=True)  # who wrote it: a source, a provider, a person

    class Meta:
        verbose_name = _("session of a chat")
        verbose_name_plural = _("sessions of chats")
        constraints = [models.UniqueConstraint(fields=["conversation", "number"], name="session_number_once")]


class Utterance(models.Model):
    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="utterances")
    number = models.PositiveIntegerField()
    speaker = models.CharField(max_length=40)  # User_1, User_2, ... within the conversation
    text = models.TextField(blank=True)
    sticker = models.ForeignKey(Sticker, null=True, blank=True, on_delete=models.SET_NULL, related_name="uses")
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("utterance")
        verbose_name_plural = _("utterances")
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="utterance_number_once")]

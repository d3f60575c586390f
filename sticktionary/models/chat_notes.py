"""What people made of a chat after it came in: where its sessions begin, what they are about, how its turns feel.

Facts: nothing is overwritten, the newest holds, and a release reads those before its watermark.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.conversations import Utterance


class SessionCut(models.Model):
    """From now on a session begins at this turn, or none does. The session's number stays with the turn, so that a
    session that is put together and cut again is the same one."""

    utterance = models.ForeignKey(Utterance, on_delete=models.CASCADE, related_name="cuts")
    begins = models.BooleanField()
    session_id = models.PositiveBigIntegerField()  # of the session that begins here now, or did; its row may be gone
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("division of a chat")
        verbose_name_plural = _("divisions of chats")


class SessionSummary(models.Model):
    """A session in a few sentences. It holds for as long as the session runs from `first` to `last`; an empty text
    takes it away."""

    first = models.ForeignKey(Utterance, on_delete=models.CASCADE, related_name="summaries")
    last = models.ForeignKey(Utterance, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(blank=True)
    source = models.CharField(max_length=80, blank=True)  # where it came with the chat; else a person said it
    drafted_by = models.CharField(max_length=200, blank=True)  # the provider whose draft a person took or changed
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("summary of a session")
        verbose_name_plural = _("summaries of sessions")


class TurnPolarity(models.Model):
    """How somebody finds that a turn's words feel."""

    class Feeling(models.TextChoices):
        GLAD = "glad", _("glad")
        NOT_GLAD = "not_glad", _("not glad")
        BOTH = "both", _("both")
        NEITHER = "neither", _("neither")
        UNSAID = "unsaid", _("not said")  # takes an earlier word back

    utterance = models.ForeignKey(Utterance, on_delete=models.CASCADE, related_name="polarities")
    feeling = models.CharField(_("polarity"), max_length=8, choices=Feeling)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("polarity of a turn")
        verbose_name_plural = _("polarities of turns")

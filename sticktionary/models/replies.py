from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.conversations import Utterance
from sticktionary.models.play import Sitting
from sticktionary.models.players import Language


class Reply(models.Model):
    """Which sticker one player would send at one place of a chat, before they learn which one was sent. Facts: whom it
    agrees with is worked out when it is asked."""

    class State(models.TextChoices):
        DEALT = "dealt", _("dealt")
        ANSWERED = "answered", _("answered")
        PASSED = "passed", _("passed on")
        LAPSED = "lapsed", _("lapsed")
        DOUBLE = "double", _("second one of the same person")  # a guest's who turned out to be somebody who answered

    class Why(models.TextChoices):
        NO_STICKER = "no_sticker", _("No sticker fits here")
        UNCLEAR = "unclear", _("I don’t understand the chat")
        HARMFUL = "harmful", _("It should not be here")

    utterance = models.ForeignKey(  # in whose place the reply stands; its own sticker was not shown
        Utterance, verbose_name=_("utterance"), on_delete=models.CASCADE, related_name="replies"
    )
    language = models.CharField(_("language"), max_length=2, choices=Language)
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("player"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="replies",
    )
    sitting = models.ForeignKey(  # during or after which it was asked for
        Sitting, null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    key = models.CharField(max_length=40, blank=True)  # of the move that answered it or passed it on
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DEALT)
    offered = models.JSONField(_("offered"), default=list)  # ids of the stickers that lay there from the beginning
    pick = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    also = models.JSONField(_("would do as well"), default=list)  # ids of stickers
    intent = models.CharField(_("intent"), max_length=40, blank=True)
    taxonomy = models.CharField(_("label set"), max_length=40, blank=True)  # of the intent: name@version
    scenario = models.CharField(_("reply or supplement"), max_length=2, blank=True)
    words = models.CharField(_("typed to find it"), max_length=80, blank=True)  # of a context: no query of the sticker
    why = models.CharField(_("why passed on"), max_length=12, choices=Why, blank=True)
    is_gold = models.BooleanField(_("gold"), default=False)  # what others send here was known; it is none of theirs
    gold_passed = models.BooleanField(_("gold passed"), null=True, blank=True)
    dealt_at = models.DateTimeField(_("dealt"))
    lease_until = models.DateTimeField(_("held until"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)  # what others sent was looked at and turned over

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        constraints = [models.UniqueConstraint(fields=["utterance", "player"], name="one_reply_per_player_and_place")]
        indexes = [
            models.Index(fields=["sitting", "closed_at"]),
            models.Index(fields=["language", "state"]),
            models.Index(fields=["answered_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_by_choice(self) -> bool:
        """Whether its player asked for it, the pages of the sitting being over."""
        ended_at = self.sitting.ended_at if self.sitting else None
        return ended_at is not None and self.dealt_at >= ended_at

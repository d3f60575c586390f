from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.play import Retrieval, Round


class LedgerEntry(models.Model):
    """Every point with its reason. `key` is what the points are for, so nothing is paid twice."""

    class Reason(models.TextChoices):
        LABELLED = "labelled", _("your queries were found")
        RETRIEVED = "retrieved", _("you found it")
        NONE_OF_THESE = "none", _("rightly none of these")
        SUGGESTED = "suggested", _("your suggestion was found")
        REVIEWED = "reviewed", _("a reviewer accepted your queries")
        PRACTISED = "practised", _("practice")
        ANNOTATED = "annotated", _("an extra page was confirmed")
        REPLIED = "replied", _("others would reply as you did")

    player = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("player"), on_delete=models.CASCADE, related_name="ledger"
    )
    n_points = models.IntegerField(_("points"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    key = models.CharField(_("key"), max_length=80, unique=True)
    round = models.ForeignKey(Round, verbose_name=_("round"), null=True, on_delete=models.SET_NULL, related_name="+")
    retrieval = models.ForeignKey(
        Retrieval, verbose_name=_("retrieval"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    detail = models.JSONField(_("breakdown"), default=dict)  # the breakdown as it was shown
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        indexes = [
            models.Index(fields=["player", "-at", "n_points"]),
            models.Index(fields=["at", "player", "n_points"]),
        ]

    def __str__(self) -> str:
        return self.key

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.players import Language


class DayFigures(models.Model):
    """What a day of play came to in one language: worked out from the facts, and again while it may change."""

    day = models.DateField(_("day"))
    language = models.CharField(_("language"), max_length=2, choices=Language)
    n_written = models.PositiveIntegerField(_("pages written"), default=0)
    n_looked_up = models.PositiveIntegerField(_("pages looked up"), default=0)
    n_skipped = models.PositiveIntegerField(_("pages skipped"), default=0)
    n_players = models.PositiveIntegerField(_("players"), default=0)
    played_s = models.PositiveBigIntegerField(_("seconds played"), default=0)
    n_decided = models.PositiveIntegerField(_("rounds decided"), default=0)
    n_proven = models.PositiveIntegerField(_("rounds found or accepted"), default=0)
    n_verified = models.PositiveIntegerField(_("queries verified"), default=0)
    written_at = models.DateTimeField(_("worked out"))

    class Meta:
        verbose_name = _("figures of a day")
        verbose_name_plural = _("figures by day")
        constraints = [models.UniqueConstraint(fields=["day", "language"], name="one_row_per_day_and_language")]

    def __str__(self) -> str:
        return f"{self.day} {self.language}"

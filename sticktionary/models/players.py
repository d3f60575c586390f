from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    """The languages people play in: their own one."""

    EN = "en", "English"
    ZH = "zh", "中文"


class Player(AbstractUser):
    """Everyone who signs in: contributors, and through groups reviewers, researchers and admins."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    display_name = models.CharField(_("display name"), max_length=24, blank=True)
    name_key = models.CharField(max_length=120, unique=True, null=True, editable=False)  # equal if names look alike
    language = models.CharField(_("native language"), max_length=2, choices=Language, default=Language.EN)
    is_guest = models.BooleanField(_("guest"), default=False)
    on_board = models.BooleanField(_("show me on the boards"), default=True)
    points = models.IntegerField(_("points"), default=0)  # always the sum of the ledger; kept here to be read cheaply
    practised_at = models.DateTimeField(_("practised"), null=True, blank=True)  # when the practice rounds were done
    waiting_since = models.DateTimeField(  # waiting for somebody's round to look up
        _("waiting since"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("player")
        verbose_name_plural = _("players")
        indexes = [
            models.Index(fields=["language", "waiting_since"]),
            models.Index(fields=["language", "points"]),
        ]
        permissions = [
            ("manage_players", "Can give roles, change languages, block and help players back in"),
            ("moderate", "Can judge flags, impose and lift sanctions, and keep the list of abusive words"),
            ("view_statistics", "Can see the statistics"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.display_name or self.username


class Consent(models.Model):
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="consents")
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=2, choices=Language)
    text_sha256 = models.CharField(max_length=64)
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["player", "version"], name="consent_once_per_version")]


class Notice(models.Model):
    """Something a player should hear of, over the socket at once or as "while you were away"."""

    player = models.ForeignKey(Player, verbose_name=_("player"), on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(_("kind"), max_length=20)  # found, not_found, suggestion_found
    payload = models.JSONField(_("contents"), default=dict)
    key = models.CharField(_("key"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [models.Index(fields=["player", "seen_at"])]


class PlayDay(models.Model):
    """A day on which a player finished at least one round; streaks are counted from these."""

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    n_rounds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["player", "day"], name="one_row_per_day")]
        indexes = [models.Index(fields=["day", "player"])]


class AuditEntry(models.Model):
    """Who did what to which thing, and why. Written by domain verbs, never changed."""

    actor = models.ForeignKey(Player, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+")
    verb = models.CharField(_("what"), max_length=40)
    subject = models.CharField(_("to what"), max_length=200)
    detail = models.JSONField(_("details"), default=dict)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["subject"], opclasses=["varchar_pattern_ops"], name="audit_subject"),
            models.Index(fields=["verb", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.verb}: {self.subject}"

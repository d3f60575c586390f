from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.job import Job


class Release(Job):
    """A frozen dataset. What it holds follows from the facts up to its watermark, and from its rules alone."""

    number = models.PositiveIntegerField(  # given when it is frozen, so that a failed one leaves no gap
        _("number"), null=True, blank=True, unique=True
    )
    title = models.CharField(_("title"), max_length=120)
    notes = models.TextField(_("notes"), blank=True)
    rules = models.JSONField(_("rules"), default=dict)  # ReleaseRules, as they were when it was asked for
    basis = models.JSONField(  # what it rests on that has no history of its own, as it was then: packs, weights, ...
        _("basis"), default=dict, editable=False
    )
    watermark_at = models.DateTimeField(_("facts up to"))
    salt = models.CharField(max_length=64, editable=False)  # of this release's pseudonyms
    code_version = models.CharField(_("code"), max_length=80, blank=True)
    path = models.CharField(_("folder"), max_length=200, blank=True)  # below RELEASES_DIR, once it is whole
    manifest = models.JSONField(_("manifest"), default=dict)
    manifest_sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    why_withdrawn = models.CharField(_("why it was withdrawn"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        permissions = [("publish_release", "Can freeze, publish and withdraw releases")]

    def __str__(self) -> str:
        return f"{self.title} {self.number or ''}".strip()


class Publication(Job):
    """A release on its way to a hub or an archive."""

    class Target(models.TextChoices):
        HUB = "hub", _("dataset hub")
        ZENODO = "zenodo", _("Zenodo draft")

    release = models.ForeignKey(
        Release, verbose_name=_("release"), on_delete=models.PROTECT, related_name="publications"
    )
    target = models.CharField(_("to"), max_length=8, choices=Target)
    name = models.CharField(_("repository"), max_length=200, blank=True)
    url = models.CharField(_("address"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")


class SplitPart(models.Model):
    """On which side of the split a sticker stands from a release on. Lines are added, never changed; of a sticker's
    lines the strictest holds: test before validation before training. So a test sticker stays one for ever."""

    class Part(models.TextChoices):
        TRAIN = "train", _("training")
        VALIDATION = "validation", _("validation")
        TEST = "test", _("test")

    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), on_delete=models.CASCADE, related_name="split_parts"
    )
    part = models.CharField(_("part"), max_length=10, choices=Part)
    since = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sticker", "part"], name="part_once")]


class Tombstone(models.Model):
    """What was taken back. The next release and the next training leave it out, and say that they do."""

    class Kind(models.TextChoices):
        PLAYER = "player", _("player")
        STICKER = "sticker", _("sticker")
        QUERY = "query", _("query")
        CONVERSATION = "conversation", _("conversation")
        ANSWER = "answer", _("answer")  # of a retriever
        REPLY = "reply", _("reply")  # to a chat

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    subject = models.BigIntegerField(_("number"))  # not a foreign key: the row itself may be gone
    why = models.CharField(_("why"), max_length=300, blank=True)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="one_tombstone")]
        indexes = [models.Index(fields=["at"], condition=Q(kind="query"), name="withdrawn_queries")]

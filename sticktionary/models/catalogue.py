from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sticktionary.models.job import Job


class Pack(models.Model):
    slug = models.SlugField(_("address"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=120)
    title_zh = models.CharField(_("Chinese title"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=300, help_text=_("Where the stickers come from."))
    licence = models.CharField(_("licence"), max_length=120, help_text=_("What may be done with them."))
    is_active = models.BooleanField(_("in play"), default=True)
    bonus_tasks = models.JSONField(_("bonus pages"), default=list, blank=True)  # of models.annotation.Task
    may_publish_pictures = models.BooleanField(  # else releases hold its queries only
        _("its pictures may be published"), default=False
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("pack")
        verbose_name_plural = _("packs")

    def __str__(self) -> str:
        return self.title


class Sticker(models.Model):
    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        HALTED = "halted", _("halted")  # skipped by many; an admin looks
        WITHDRAWN = "withdrawn", _("withdrawn")

    pack = models.ForeignKey(Pack, verbose_name=_("pack"), on_delete=models.PROTECT, related_name="stickers")
    name = models.CharField(  # the file name it came with: `sticker_id` in a StickerQueries file
        _("file name"), max_length=200
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE, db_index=True)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)  # of the file as it came
    perceptual_hash = models.CharField(  # 64 bits in hex; none if it is plain
        _("hash of its looks"), max_length=16, blank=True
    )
    twin_of = models.ForeignKey(
        "self", verbose_name=_("looks like"), null=True, blank=True, on_delete=models.SET_NULL, related_name="twins"
    )
    original = models.CharField(  # below MEDIA_ROOT, as it came: for exports
        _("file as it came"), max_length=120, default=""
    )
    image = models.CharField(  # below MEDIA_ROOT: webp in a 512 px box, named by its own sha256
        _("picture"), max_length=120
    )
    poster = models.CharField(_("still"), max_length=120)  # the same file when it does not move
    width = models.PositiveSmallIntegerField(_("width"))
    height = models.PositiveSmallIntegerField(_("height"))
    n_frames = models.PositiveSmallIntegerField(_("frames"), default=1)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), default=0)
    printed_text = models.CharField(  # words that can be read on the sticker
        _("words on it"), max_length=300, blank=True
    )
    labels = models.JSONField(_("labels"), default=dict, blank=True)  # emotion, style, gesture, posture, drawn, ...
    source = models.CharField(_("source"), max_length=300, blank=True)  # where it differs from its pack's
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    n_skips = models.PositiveIntegerField(_("skips"), default=0)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("sticker")
        verbose_name_plural = _("stickers")
        constraints = [models.UniqueConstraint(fields=["pack", "name"], name="sticker_name_once_per_pack")]

    def __str__(self) -> str:
        return self.name

    @property
    def moves(self) -> bool:
        return self.n_frames > 1


class IndexChange(models.Model):
    """A line per change that search must take over; every process reads on from the last line it has seen."""

    sticker = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)


class ImportJob(Job):
    pack = models.ForeignKey(  # none: dry run
        Pack, verbose_name=_("pack"), null=True, on_delete=models.PROTECT, related_name="imports"
    )
    path = models.CharField(_("path"), max_length=500)  # the folder or archive being read
    label = models.CharField(_("file"), max_length=200)  # what the admin called it: the uploaded file's name
    is_dry_run = models.BooleanField(_("dry run"), default=False)  # reports, and writes nothing into the catalogue

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("import_stickers", "Can import stickers")]


class ImportItem(models.Model):
    """What became of one file of an import; the job resumes after the files that have a line here."""

    class Outcome(models.TextChoices):
        IMPORTED = "imported", _("imported")
        DUPLICATE = "duplicate", _("exact duplicate")
        REFUSED = "refused", _("refused")

    job = models.ForeignKey(ImportJob, verbose_name=_("import"), on_delete=models.CASCADE, related_name="items")
    name = models.CharField(_("file name"), max_length=500)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    sticker = models.ForeignKey(
        Sticker, verbose_name=_("sticker"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_near_duplicate = models.BooleanField(_("looks like another"), default=False)

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="item_once_per_import")]

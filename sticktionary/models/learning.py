from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.job import Job


class ModelVersion(Job):
    """A retrieval model, from its installation through re-embedding the catalogue to live search."""

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        CHAMPION = "champion", _("champion")
        RETIRED = "retired", _("retired")

    name = models.CharField(  # title@content-hash; provisional until the bundle is made
        _("name"), max_length=80, unique=True
    )
    title = models.CharField(_("title"), max_length=120)
    source = models.CharField(_("source"), max_length=500, blank=True)  # what was asked for: NAME:PRETRAINED or a path
    path = models.CharField(_("path"), max_length=500, blank=True)  # the bundle's folder
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.CANDIDATE)
    promoted_at = models.DateTimeField(_("live since"), null=True, blank=True)

    class Meta:
        verbose_name = _("retrieval model")
        verbose_name_plural = _("retrieval models")
        constraints = [models.UniqueConstraint(fields=["stage"], condition=Q(stage="champion"), name="one_champion")]
        permissions = [("install_model", "Can install retrieval models")]

    def __str__(self) -> str:
        return self.name


class Embedding(models.Model):
    """A sticker's image vector in one model's space. A new model's grow beside the live ones until it is promoted."""

    sticker = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="embeddings")
    embedded_by = models.CharField(max_length=80, db_index=True)  # ModelVersion.name
    vector = models.BinaryField()  # float32

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sticker", "embedded_by"], name="one_vector_per_model")]


class ExportJob(Job):
    path = models.CharField(_("path"), max_length=500, blank=True)  # below EXPORTS_DIR when done

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        permissions = [("export_queries", "Can export datasets")]

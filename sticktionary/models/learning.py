from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sticktionary.models.catalogue import Sticker
from sticktionary.models.job import Job
from sticktionary.models.play import Round
from sticktionary.models.players import Language
from sticktionary.models.releases import Release


class TrainingRun(Job):
    """One training of a recipe on a release. All that it depends on stands here before it starts."""

    class Phase(models.TextChoices):
        PREPARING = "preparing", _("preparing")
        TRAINING = "training", _("training")
        EVALUATING = "evaluating", _("evaluating")
        PUBLISHING = "publishing", _("publishing the model")

    title = models.CharField(_("title"), max_length=120)
    recipe = models.CharField(_("recipe"), max_length=40)
    settings = models.JSONField(_("settings"), default=dict)  # every value, defaults too
    base = models.CharField(_("base model"), max_length=500)
    release = models.ForeignKey(Release, verbose_name=_("release"), on_delete=models.PROTECT, related_name="runs")
    is_evaluation = models.BooleanField(  # of a model that is there: nothing is trained, no model comes of it
        _("evaluation"), default=False
    )
    seed = models.PositiveIntegerField(_("seed"), default=0)
    device = models.CharField(_("device"), max_length=120, default="auto")  # as asked; once it runs, what it is
    code_version = models.CharField(_("code"), max_length=80, blank=True)
    packages = models.JSONField(_("packages"), default=dict)
    facts = models.JSONField(_("facts"), default=dict)  # what the run found itself with
    phase = models.CharField(_("phase"), max_length=12, choices=Phase, blank=True)
    report = models.JSONField(_("report"), default=dict)  # retrieval_engine.training.figures.Report
    log = models.TextField(_("log"), blank=True)  # the last lines that its process wrote
    path = models.CharField(_("folder"), max_length=200, blank=True)  # below RUNS_DIR
    purged_at = models.DateTimeField(_("files removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        permissions = [("train", "Can start and stop training runs")]

    def __str__(self) -> str:
        return f"{self.title} {self.pk or ''}".strip()


class RunEvent(models.Model):
    """One line of a run's progress, as the worker read it: what the run's page shows, whatever process it runs in."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="events")
    position = (
        models.PositiveIntegerField()
    )  # byte after it in the run's progress file: a worker that takes over reads on
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    step = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="event_once")]


class ModelVersion(Job):
    """A model, from its installation through making the catalogue ready beside the live one to live search."""

    class Kind(models.TextChoices):
        RETRIEVAL = "retrieval", _("retrieval model")
        GENERATOR = "generator", _("query generator")
        DIALOGUE = "dialogue", _("conversation model")

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        CHAMPION = "champion", _("live")
        PREVIOUS = "previous", _("live before")
        RETIRED = "retired", _("retired")
        REJECTED = "rejected", _("rejected")

    name = models.CharField(  # title@content-hash; provisional until the bundle is made
        _("name"), max_length=80, unique=True
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.RETRIEVAL)
    title = models.CharField(_("title"), max_length=120)
    source = models.CharField(_("source"), max_length=500, blank=True)  # what was asked for: NAME:PRETRAINED or a path
    path = models.CharField(_("path"), max_length=500, blank=True)  # the bundle's folder
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.CANDIDATE)
    promoted_at = models.DateTimeField(_("live since"), null=True, blank=True)
    run = models.OneToOneField(
        TrainingRun, verbose_name=_("run"), null=True, blank=True, on_delete=models.PROTECT, related_name="model"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=300, blank=True)  # it goes live although it measured worse; or does not
    is_shadow = models.BooleanField(_("runs beside the live one"), default=False)
    is_trial = models.BooleanField(_("is made ready to be tried, not to go live"), default=False)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(stage="champion"), name="one_champion"),
            models.UniqueConstraint(fields=["kind"], condition=Q(stage="previous"), name="one_previous"),
            models.UniqueConstraint(fields=["kind"], condition=Q(is_shadow=True), name="one_shadow"),
        ]
        permissions = [
            ("install_model", "Can install models"),
            ("promote_model", "Can approve models, bring them live and roll back"),
        ]

    def __str__(self) -> str:
        return self.name


class Embedding(models.Model):
    """A sticker's vector in one model's space. A new model's grow beside the live ones until it is promoted."""

    sticker = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="embeddings")
    embedded_by = models.CharField(max_length=80, db_index=True)  # ModelVersion.name
    vector = models.BinaryField()  # float32; empty: the model cannot see it
    heat = models.BinaryField(default=b"")  # where a conversation model looks: the number of columns, then rows, uint8
    made_of = models.CharField(max_length=16, blank=True)  # a hash of what a conversation model was told of the sticker

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sticker", "embedded_by"], name="one_vector_per_model")]


class GeneratedQuery(models.Model):
    """What a query generator would type for a sticker. Helps search and novelty; never proof, never released."""

    sticker = models.ForeignKey(Sticker, on_delete=models.CASCADE, related_name="generated")
    language = models.CharField(max_length=2, choices=Language)
    text = models.CharField(max_length=60)
    normalised = models.CharField(max_length=60)
    log_probability = models.FloatField()  # the mean over its tokens
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="generated")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "sticker", "language", "normalised"], name="generated_once")
        ]


class ShadowLook(models.Model):
    """What the model beside the live one would have shown for a real preview, or picked in a real round."""

    class Kind(models.TextChoices):
        PREVIEW = "preview", _("preview")
        ROUND = "round", _("round")

    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="shadow_looks")
    champion = models.CharField(max_length=80)  # ModelVersion.name it stands beside
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField(db_index=True)
    round = models.ForeignKey(Round, null=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=2, choices=Language)
    rank = models.PositiveIntegerField(null=True)  # of the target with this model; none: not found
    champion_rank = models.PositiveIntegerField(null=True)
    overlap = models.FloatField(null=True)  # share of the first ten that both show
    ms = models.FloatField(null=True)

    class Meta:
        indexes = [models.Index(fields=["model", "at"])]


class ApiToken(models.Model):
    """A key for programs. Only its hash is kept; it may do what its owner may, as far as its scopes reach."""

    player = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(_("what it is for"), max_length=80)
    hint = models.CharField(max_length=12)  # its first characters, to tell it from others
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")


class StartKey(models.Model):
    """A program's own name for a start: asked again under it, it is told of the same run."""

    player = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)  # SHA-256 of what was asked for: another order needs another key
    run = models.ForeignKey(TrainingRun, null=True, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["player", "key"], name="start_once")]


class ExportJob(Job):
    path = models.CharField(_("path"), max_length=500, blank=True)  # below EXPORTS_DIR when done

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        permissions = [("export_queries", "Can export datasets")]

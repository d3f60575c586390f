"""What every piece of long work has: a state, a lease that one worker holds, a heartbeat, and progress to show."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED, db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    started_at = models.DateTimeField(_("taken up"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=80, blank=True)  # who holds the lease
    n_attempts = models.PositiveSmallIntegerField(  # leases taken; one that kills its workers is given up
        _("attempts"), default=0
    )
    n_total = models.PositiveIntegerField(_("in all"), default=0)
    n_done = models.PositiveIntegerField(_("done so far"), default=0)
    cancel_asked_at = models.DateTimeField(  # the worker leaves at its next sign of life
        _("to be cancelled"), null=True, blank=True
    )
    error = models.TextField(_("error"), blank=True)

    class Meta:
        abstract = True

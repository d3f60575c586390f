"""Imports and exports, stopped and taken up again by whoever may start them."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from sticktionary.domain import jobs
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, ConversationImport, ExportJob, ImportJob, Player
from sticktionary.models.job import Job

PERMISSION_OF: dict[type[Job], str] = {
    ImportJob: "import_stickers",
    ConversationImport: "import_conversations",
    ExportJob: "export_queries",
}


@transaction.atomic
def cancel(*, actor: Player, job: Job) -> None:
    """End it at its next sign of life. What is done by then stays, and it can be gone on with."""
    _carry_out(jobs.cancel, "cancel", actor, job)


@transaction.atomic
def resume(*, actor: Player, job: Job) -> None:
    """Go on where it stopped, failed or was lost."""
    _carry_out(jobs.resume, "resume", actor, job)


def _carry_out(verb: Callable[[Job], None], name: str, actor: Player, job: Job) -> None:
    accounts.require(actor, PERMISSION_OF[type(job)])
    verb(job)
    kind = job._meta.model_name
    AuditEntry.objects.create(actor=actor, verb=f"{name}_{kind}", subject=f"{kind} {job.pk}")

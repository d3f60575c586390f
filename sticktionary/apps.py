from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SticktionaryConfig(AppConfig):
    name = "sticktionary"
    verbose_name = "Sticktionary"

    def ready(self) -> None:
        post_migrate.connect(write_roles, sender=self)


def write_roles(sender: AppConfig, using: str, **told: Any) -> None:
    from django.contrib.auth.management import create_permissions

    from sticktionary.domain import roles

    create_permissions(sender, verbosity=0, using=using)  # Django's own turn comes after ours
    roles.write()

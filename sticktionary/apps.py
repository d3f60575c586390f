from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import post_migrate


class SticktionaryConfig(AppConfig):
    name = "sticktionary"
    verbose_name = "Sticktionary"

    def ready(self) -> None:
        post_migrate.connect(write_roles, sender=self)
        post_migrate.connect(plant_words, sender=self)


class DeskConfig(SimpleAdminConfig):
    """The admin site with our own models alone: what libraries register could be edited past the verbs."""

    default_site = "sticktionary.admin.site.Desk"
    parts = ("annotation", "audit", "catalogue", "learning", "play", "players", "quality", "releases", "review")

    def ready(self) -> None:
        super().ready()
        for part in self.parts:
            import_module(f"sticktionary.admin.{part}")


def write_roles(sender: AppConfig, using: str, **told: Any) -> None:
    from django.contrib.auth.management import create_permissions

    from sticktionary.domain.people import roles

    create_permissions(sender, verbosity=0, using=using)  # Django's own turn comes after ours
    roles.write()


def plant_words(sender: AppConfig, **told: Any) -> None:
    from sticktionary.domain.quality import word_lists

    word_lists.plant()

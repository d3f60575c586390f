"""The roles, and what each may do. A contributor is a player without a group. Written into the database after every
migration, so that what stands here is what holds."""

from __future__ import annotations

from enum import StrEnum

from django.contrib.auth.models import Group, Permission
from django.db import transaction


class Role(StrEnum):
    REVIEWER = "reviewer"
    RESEARCHER = "researcher"
    ADMIN = "admin"


VERBS = {
    Role.REVIEWER: set[str](),
    Role.RESEARCHER: {"install_model", "export_queries"},
    Role.ADMIN: {
        "manage_players",
        "change_pack",
        "change_sticker",
        "import_stickers",
        "install_model",
        "export_queries",
    },
}
PLAY = {"pack", "sticker", "round", "query", "preview", "retrieval"}
VIEWS = {
    Role.REVIEWER: PLAY | {"revision", "skip"},
    Role.RESEARCHER: PLAY | {"modelversion", "exportjob"},
}


@transaction.atomic
def write() -> None:
    ours = Permission.objects.filter(content_type__app_label="sticktionary")
    everything = set(ours.filter(codename__startswith="view_").values_list("codename", flat=True))
    for role, verbs in VERBS.items():
        views = everything if role == Role.ADMIN else {f"view_{model}" for model in VIEWS[role]}
        group, _is_new = Group.objects.get_or_create(name=role.value)
        group.permissions.set(ours.filter(codename__in=verbs | views))

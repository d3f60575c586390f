"""The roles, and what each may do. A contributor is a player without a group. Written into the database after every
migration, so that what stands here is what holds."""

from __future__ import annotations

from enum import StrEnum

from django.contrib.auth.models import Group, Permission
from django.db import transaction


class Role(StrEnum):
    MODERATOR = "moderator"
    REVIEWER = "reviewer"
    PUBLISHER = "publisher"
    RESEARCHER = "researcher"
    ADMIN = "admin"


PLAY = {"pack", "sticker", "round", "query", "preview", "retrieval"}
REVIEW = {"annotation", "reply", "settlement", "case", "judgement", "ruling", "samestickers", "flag", "conversation"}
QUALITY = {"playerquality", "stickerdifficulty", "gold", "sanction", "ruleset", "abusiveword"}
RELEASES = {"release", "publication", "tombstone", "exportjob", "conversation"}
VERBS = {
    Role.MODERATOR: {"moderate", "review", "change_sticker"},
    Role.REVIEWER: {"review"},
    Role.PUBLISHER: {"publish_release", "export_queries", "view_statistics"},
    Role.RESEARCHER: {
        "train",
        "promote_model",
        "install_model",
        "export_queries",
        "import_conversations",
        "view_statistics",
    },
    Role.ADMIN: {
        "manage_players",
        "moderate",
        "review",
        "change_rules",
        "change_pack",
        "change_sticker",
        "import_stickers",
        "import_conversations",
        "train",
        "promote_model",
        "install_model",
        "export_queries",
        "publish_release",
        "view_statistics",
    },
}
VIEWS = {
    Role.MODERATOR: PLAY | REVIEW | QUALITY | {"revision", "skip", "player", "auditentry", "notice"},
    Role.REVIEWER: PLAY | REVIEW | {"revision", "skip"},
    Role.PUBLISHER: PLAY | RELEASES | {"annotation", "reply", "settlement"},
    Role.RESEARCHER: PLAY
    | RELEASES
    | {"modelversion", "trainingrun", "generatedquery", "annotation", "reply", "settlement", "conversationimport"},
}


@transaction.atomic
def write() -> None:
    ours = Permission.objects.filter(content_type__app_label="sticktionary")
    everything = set(ours.filter(codename__startswith="view_").values_list("codename", flat=True))
    for role, verbs in VERBS.items():
        views = everything if role == Role.ADMIN else {f"view_{model}" for model in VIEWS[role]}
        group, _is_new = Group.objects.get_or_create(name=role.value)
        group.permissions.set(ours.filter(codename__in=verbs | views))

"""The way through the desk: each role sees what it may look at, and the studio's pages on which it may work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

Item = dict[str, Any]

DESK: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Catalogue"), ("sticker", "pack", "importjob", "importitem")),
    (_("What was played"), ("round", "retrieval", "skip", "notice", "ledgerentry")),
    (_("People"), ("player", "playerquality", "sanction", "auditentry")),
    (_("Review"), ("case", "judgement", "ruling", "samestickers")),
    (_("Quality"), ("flag", "gold", "stickerdifficulty", "abusiveword", "ruleset")),
    (_("Annotation"), ("annotation", "settlement", "reply", "conversation", "conversationimport")),
    (_("Releases"), ("release", "publication", "tombstone", "exportjob")),
    (_("Learning"), ("trainingrun", "modelversion", "generatedquery", "apitoken", "dayfigures")),
)
STUDIO = (
    ("studio_review", _("Review"), "review"),
    ("studio_quality", _("Quality"), "view_flag"),
    ("studio_releases", _("Releases"), "view_release"),
    ("studio_statistics", _("Statistics"), "view_statistics"),
    ("studio_conversations", _("Conversations"), "view_conversation"),
    ("studio_packs", _("Stickers"), "view_sticker"),
    ("studio_import", _("Import"), "import_stickers"),
    ("lab", _("Lab"), "view_trainingrun"),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    from django.contrib.admin import site

    names = {model._meta.model_name: model._meta.verbose_name_plural for model in site._registry}
    lists = [
        {"title": title, "items": [_list(name, names[name]) for name in models if name in names]}
        for title, models in DESK
    ]
    front = {"title": "", "items": [{"title": _("Dashboard"), "link": reverse("admin:index"), "permission": _anybody}]}
    return [front, {"title": _("Studio"), "items": list(_pages())}, *lists]


def _pages() -> Any:
    for name, title, permission in STUDIO:
        try:
            yield {"title": title, "link": reverse(name), "permission": _having(permission)}
        except NoReverseMatch:  # a page that this edition of the house does not have
            continue


def _list(name: str, title: Any) -> Item:
    return {
        "title": str(title).capitalize(),
        "link": reverse(f"admin:sticktionary_{name}_changelist"),
        "permission": _having(f"view_{name}"),
    }


def _anybody(request: HttpRequest) -> bool:
    return True


def _having(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(f"sticktionary.{permission}")

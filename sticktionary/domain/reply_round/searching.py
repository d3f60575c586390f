"""The search of a page with a chat: the same as a labeler's, but nothing is looked for that the page could mark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.play.snapshot import Offer
from sticktionary.domain.reply_round import dealing
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Reply


@dataclass(frozen=True)
class Desk:
    """What a search needs to know of a page, read once so that typing asks no database."""

    lease: str
    language: str
    lease_until: datetime


def open_desk(*, player_id: int, lease: str) -> Desk:
    page = Reply.objects.filter(pk=dealing.reply_id_of(lease, player_id), player=player_id).first()
    if page is None or page.state != Reply.State.DEALT:
        raise Refused("wrong_page", _("That cannot be done on this page."))
    return Desk(lease, page.language, page.lease_until)


def found(text: str, language: str, k: int) -> list[Offer]:
    """The first stickers for a half-typed text; touches no database."""
    ids = catalogue_search.found(text, k)
    pictures = catalogue_search.known_pictures(ids, language)
    return [
        Offer(id, picture.image, picture.poster, picture.alt) for id in ids if (picture := pictures.get(id)) is not None
    ]

"""Dealing a place of a chat: after the six pages of a sitting, or because a player asks for one.

The page is held by a signed lease. It belongs to the sitting it was dealt in or after, and stays, answered, until its
player turns it over.
"""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed
from sticktionary.domain.play import candidates
from sticktionary.domain.play.turns import LEASE
from sticktionary.domain.prepared import prepared
from sticktionary.domain.reply_round import places
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Player, Reply, Sitting, Utterance

N_OFFERED, N_BY_WORDS = 12, 8
LAST_SAID = 2  # texts by which some of the offered stickers are found
HAD = (Reply.State.ANSWERED, Reply.State.PASSED)
_signer = signing.Signer(salt="sticktionary.reply")


def lease_of(reply_id: int, player_id: int) -> str:
    return _signer.sign(f"{player_id}.{reply_id}")


def reply_id_of(lease: str, player_id: int) -> int:
    """The page a lease was signed for, if it was signed for this player."""
    try:
        owner, reply_id = map(int, _signer.unsign(lease).split("."))
    except (signing.BadSignature, ValueError):
        owner = reply_id = 0
    if owner != player_id:
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    return reply_id


def in_hand(sitting: Sitting) -> Reply | None:
    """The chat that lies open: to be answered, or answered and not turned over yet."""
    return next(iter(_open(sitting.pk)), None)


@prepared
def _open(sitting_id: int) -> QuerySet[Reply]:
    is_open = Q(state=Reply.State.DEALT) | Q(state=Reply.State.ANSWERED, closed_at=None)
    rows = Reply.objects.filter(is_open, sitting_id=sitting_id).order_by("-pk")[:1]
    return rows.select_related("utterance__session__conversation", "utterance__sticker", "pick", "sitting")


def n_had(sitting: Sitting) -> int:
    """Answered or passed on."""
    return sitting.replies.filter(state__in=HAD).count()


def deal(player: Player, sitting: Sitting) -> bool:
    """Keep the chat of a locked sitting, or put the next one into it; False when there is none or enough."""
    page = in_hand(sitting)
    if page is not None and page.state == Reply.State.DEALT:
        if take_up(page):
            return True
        lapse(page)
    elif page is not None:
        close(page)
    return n_had(sitting) < rules.current().n_reply_pages and put_next(player, sitting)


def put_next(player: Player, sitting: Sitting) -> bool:
    if not places.there_are_any(player.language):
        return False
    found = places.next_place(player)
    if found is not None:
        _put(player, sitting, *found)
    return found is not None


def take_up(page: Reply) -> bool:
    """Go on with a chat that was dealt: while its lease runs, or while its place is not taken."""
    if not places.is_asked(page.utterance):
        return False
    now = timezone.now()
    if page.lease_until <= now:
        places.lock(page.utterance_id)
        if not is_still_needed(page):
            return False
        page.lease_until = now + LEASE
        page.save(update_fields=["lease_until"])
    return True


def is_still_needed(page: Reply) -> bool:
    """Whether a chat whose lease is over still has a place; as any other, a gold one waits for who comes back to it."""
    return page.is_gold or places.standing_of(page.utterance_id).n_places > 0


def lapse(page: Reply) -> None:
    Reply.objects.filter(pk=page.pk, state=Reply.State.DEALT).update(state=Reply.State.LAPSED)


def close(page: Reply) -> None:
    Reply.objects.filter(pk=page.pk, closed_at=None).update(closed_at=timezone.now())


def _put(player: Player, sitting: Sitting, place: Utterance, is_gold: bool) -> None:
    """One that lapsed is dealt to the same player in the same row: nobody has two for one place."""
    now = timezone.now()
    dealt: dict[str, Any] = {
        "state": Reply.State.DEALT,
        "language": player.language,
        "sitting": sitting,
        "key": "",
        "offered": _offered(place),
        "is_gold": is_gold,
        "dealt_at": now,
        "lease_until": now + LEASE,
    }
    lapsed = Reply.objects.filter(player=player, utterance=place, state=Reply.State.LAPSED)
    if not lapsed.update(**dealt):
        Reply.objects.create(player=player, utterance=place, **dealt)


def _offered(place: Utterance) -> list[int]:
    """Stickers to begin with: some that say what was said last, some by chance. That the one that was sent is among
    them is as likely as of any other."""
    before = Utterance.objects.filter(session=place.session_id, number__lt=place.number).exclude(text="")
    texts = [*before.order_by("-number").values_list("text", flat=True)[:LAST_SAID]]
    if place.text:
        texts.insert(0, place.text)
    return candidates.offered(catalogue_search.by_words(texts, N_BY_WORDS), N_OFFERED)

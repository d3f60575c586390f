"""Replying to a chat, or passing it on; what is paid when others reply alike."""

from __future__ import annotations

from typing import Annotated
from unicodedata import normalize

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from retrieval_engine import taxonomy
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import candidates, checks, contact, ledger, notices, turns
from sticktionary.domain.play import dealing as sittings
from sticktionary.domain.reply_round import agreement, dealing, places
from sticktionary.domain.reply_round.agreement import MOST_NAMED, Likeness, Said
from sticktionary.models import LedgerEntry, Reply, Sitting

SCENARIOS = "scenario-2"
LONGEST = 80  # what the column of typed words holds

StickerId = Annotated[int, Meta(ge=1, le=2**53)]


class GivenReply(Struct, forbid_unknown_fields=True, frozen=True):
    """A reply as a page sends it."""

    pick: StickerId
    intent: Annotated[str, Meta(max_length=40)]
    scenario: Annotated[str, Meta(max_length=2)]
    also: Annotated[list[StickerId], Meta(max_length=MOST_NAMED)] = []
    words: Annotated[str, Meta(max_length=200)] = ""  # in the search line when it was picked


@transaction.atomic
def answer(*, player_id: int, lease: str, key: str, given: GivenReply) -> None:
    """Keep the reply and pay everybody who agrees. What others sent is shown then, until the page is turned over."""
    page = _take(player_id, lease)
    if page.key == key:
        return
    _require_in_hand(page)
    _keep(page, given)
    _end(page, Reply.State.ANSWERED, key)
    turns.count_day(player_id, timezone.now().date())
    _settle(page)
    announce(player_id)


@transaction.atomic
def pass_on(*, player_id: int, lease: str, key: str, why: str = "", finish: bool = False) -> None:
    """Pass the chat on for a reason, which is a fact of its own; or leave it to others and end the sitting."""
    page = _take(player_id, lease)
    if page.key == key:
        return
    if page.state != Reply.State.DEALT:
        raise Refused("turn_over", _("This page is finished."))
    if not finish and why not in Reply.Why.values:
        raise Refused("no_reason", _("Say why first."))
    page.why = "" if finish else why
    _end(page, Reply.State.LAPSED if finish else Reply.State.PASSED, key)
    _go_on(page, finish=finish)
    announce(player_id)


@transaction.atomic
def turn_over(*, player_id: int, lease: str, key: str) -> None:
    """What others sent has been looked at: on to the next page, or back to the summary."""
    page = _take(player_id, lease)
    if page.state != Reply.State.ANSWERED or page.closed_at is not None:
        return
    dealing.close(page)
    _go_on(page)
    announce(player_id)


@transaction.atomic
def another(*, player_id: int, key: str) -> None:
    """A chat because the player asks for one, at a summary or after another chat; asked twice, it is dealt once."""
    sitting = _last_sitting(player_id)
    if sitting is None or sitting.ended_at is None:
        raise Refused("not_now", _("Finish the pages of this sitting first."))
    page = dealing.in_hand(sitting)
    if page is not None and page.state == Reply.State.DEALT:
        if page.is_by_choice and dealing.take_up(page):
            announce(player_id)
            return
        dealing.lapse(page)
    elif page is not None:
        dealing.close(page)
    if not dealing.put_next(sitting.player, sitting):
        raise Refused("no_chat", _("You have replied to every chat there is. New ones will come."))
    announce(player_id)


def _go_on(page: Reply, *, finish: bool = False) -> None:
    """Within an open sitting to what comes next; after it nothing comes by itself."""
    assert page.sitting is not None
    assert page.player_id is not None
    if page.sitting.ended_at is not None:
        return
    if finish:
        sittings.end(page.sitting)
    else:
        sittings.deal(player_id=page.player_id)


def _last_sitting(player_id: int) -> Sitting | None:
    held = Sitting.objects.select_for_update(no_key=True, of=("self",)).select_related("player")
    return held.filter(player_id=player_id).order_by("-started_at", "-pk").first()


def _take(player_id: int, lease: str) -> Reply:
    """The leased page with its sitting locked: one player's moves follow one another."""
    reply_id = dealing.reply_id_of(lease, player_id)
    held = Sitting.objects.select_for_update(no_key=True, of=("self",))
    if held.filter(replies__pk=reply_id, player_id=player_id).first() is None:
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    return Reply.objects.select_related("sitting", "utterance__session__conversation").get(pk=reply_id)


def _require_in_hand(page: Reply) -> None:
    if page.state != Reply.State.DEALT:
        raise Refused("turn_over", _("This page is finished."))
    places.lock(page.utterance_id)
    if not places.is_asked(page.utterance):
        raise Refused("sticker_gone", _("This chat has been taken out of the game."))
    if page.lease_until <= timezone.now() and not dealing.is_still_needed(page):
        raise Refused("went_to_others", _("This page had waited for ten minutes and went to somebody else."))


def _keep(page: Reply, given: GivenReply) -> None:
    """Raises Refused with what the player should change."""
    also = [id for id in dict.fromkeys(given.also) if id != given.pick]
    there = set(candidates.playable().filter(pk__in=[given.pick, *also]).values_list("pk", flat=True))
    if not {given.pick, *also} <= there:
        raise Refused("no_such_sticker", _("One of these stickers has just left the game. Take another one."))
    intents = taxonomy.load(places.INTENTS)
    if given.intent not in intents.labels:
        raise Refused("no_intent", _("Say what you mean by it first."))
    if given.scenario not in taxonomy.load(SCENARIOS).labels:
        raise Refused("no_scenario", _("Say whether it goes with words of yours first."))
    page.pick_id, page.also, page.words = given.pick, also, _words(given.words)
    page.intent, page.taxonomy, page.scenario = given.intent, intents.reference, given.scenario


def _words(text: str) -> str:
    """What led to the pick is kept as it was typed; what could tell who somebody is, not at all."""
    words = checks.legible(text)[:LONGEST]
    return "" if contact.holds_contact_data(normalize("NFKC", words)) else words


def _end(page: Reply, state: str, key: str) -> None:
    page.state, page.key = state, key
    page.answered_at = None if state == Reply.State.LAPSED else timezone.now()
    page.save()


# --- agreement ---


def _settle(page: Reply) -> None:
    """Pay this reply, and those it agrees with, for each other. A reply at a gold place is paid like any other, and
    nobody is paid for it: those who made the place gold have had their share."""
    others, sent_id = places.others_of(page), page.utterance.sticker_id
    said, kin = places.said_at([page, *others], sent_id)
    mine, sent = said[page.pk], kin.get(sent_id) if sent_id else None
    payments = [_of_pair(page, other, mine, said[other.pk]) for other in others]
    payments += [_of_sent(page, mine, sent, [said[other.pk] for other in others])]
    if page.is_gold:
        page.gold_passed = agreement.passes(mine, places.wanted(places.standing_of(page.utterance_id).answered))
        page.save(update_fields=["gold_passed"])
    else:
        for other in others:
            theirs = said[other.pk]
            payments += [_of_pair(other, page, theirs, mine), _of_sent(other, theirs, sent, [mine])]
            _tell(other, page, theirs, mine)
    ledger.pay(payment for payment in payments if payment is not None)


def _of_pair(row: Reply, other: Reply, said: Said, theirs: Said) -> ledger.Payment | None:
    detail = {"code": str(agreement.likeness(said, theirs)), "intent": agreement.intent_points(said, theirs)}
    return _payment(row, agreement.pair_points(said, theirs), str(other.pk), detail)


def _of_sent(row: Reply, said: Said, sent: agreement.Kin | None, others: list[Said]) -> ledger.Payment | None:
    code = str(agreement.sent_likeness(said, sent)) if sent else ""
    return _payment(row, agreement.sent_points(said, sent, others), "sent", {"code": f"sent_{code}"})


def _payment(row: Reply, n_points: int, whom: str, detail: dict[str, object]) -> ledger.Payment | None:
    if row.player_id is None:
        return None
    key = f"{ledger_key(row.pk)}{whom}"
    return ledger.Payment(row.player_id, n_points, LedgerEntry.Reason.REPLIED, key, detail=dict(detail))


def ledger_key(reply_id: int) -> str:
    """How the keys of all points begin that a reply brought."""
    return f"reply:{reply_id}:"


def reply_of(key: str) -> int:
    """The reply that a key of the ledger is of."""
    return int(key.split(":")[1])


def _tell(row: Reply, other: Reply, said: Said, theirs: Said) -> None:
    """Who has turned the page over hears of it; who has not sees it there."""
    announce(row.player_id)
    n_points = agreement.pair_points(said, theirs)
    if row.closed_at is not None and agreement.likeness(said, theirs) in {Likeness.SAME, Likeness.NAMED}:
        notices.replied(row, other, n_points)

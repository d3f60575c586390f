"""What a page shows of a chat to reply to, and of what others replied; what a summary says of them.

Here the sticker that was sent is cut: before the answer a page holds what was said before it, no more.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from retrieval_engine import taxonomy
from sticktionary.domain.annotation import bonus_page
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.snapshot import ChatLine, Choice, Nothing, Offer, Picture, Replied, RepliedTurn, ReplyTurn
from sticktionary.domain.reply_round import agreement, alike, dealing, places, replying
from sticktionary.models import LedgerEntry, Player, Reply, Sitting, Sticker, Utterance


def turn_of(player: Player, page: Reply) -> ReplyTurn | RepliedTurn | Nothing:
    if page.state == Reply.State.ANSWERED:
        return _replied(player, page)
    if not places.is_asked(page.utterance):
        return Nothing("gone")
    if page.lease_until <= timezone.now() and not dealing.is_still_needed(page):
        return Nothing("lapsed")
    return ReplyTurn(
        lease=dealing.lease_of(page.pk, player.pk),
        lease_until=page.lease_until.timestamp(),
        chat=chat_before(page.utterance),
        speaker=page.utterance.speaker,
        offers=offers(page.offered),
        groups=bonus_page.groups(taxonomy.load(places.INTENTS), page.language),
        scenarios=_scenarios(page.language),
        by_choice=page.is_by_choice,
    )


def chat_before(place: Utterance) -> list[ChatLine]:
    """The last lines before the sticker, and what its speaker said with it."""
    *before, last = bonus_page.chat_of(place)
    return [*before, ChatLine(last.speaker, last.text)] if last.text else before


def offers(sticker_ids: list[int]) -> list[Offer]:
    held = Sticker.objects.filter(state=Sticker.State.ACTIVE).in_bulk(sticker_ids)
    pictures = {id: picture_of(held[id]) for id in sticker_ids if id in held}
    return [Offer(id, picture.image, picture.poster, picture.alt) for id, picture in pictures.items()]


def _scenarios(language: str) -> list[Choice]:
    labels = taxonomy.load(replying.SCENARIOS).labels.values()
    return [bonus_page.choice(label, language) for label in labels]


# --- what others replied ---


def _replied(player: Player, page: Reply) -> RepliedTurn:
    others, sent_id = places.others_of(page), page.utterance.sticker_id
    said, kin = places.said_at([page, *others], sent_id)
    mine, sent = said[page.pk], kin.get(sent_id) if sent_id else None
    paid = _paid(page)
    pictures = {
        id: picture_of(sticker) for id, sticker in Sticker.objects.in_bulk(alike.named_in([page, *others])).items()
    }
    rows = [
        _card(
            other,
            pictures,
            name=other.player.name if other.player else "",
            likeness=str(agreement.likeness(mine, said[other.pk])),
            n_points=paid.get(str(other.pk), 0),
        )
        for other in others
    ]
    return RepliedTurn(
        lease=dealing.lease_of(page.pk, player.pk),
        chat=bonus_page.chat_of(page.utterance),
        mine=_card(page, pictures),
        others=rows,
        sent_likeness=str(agreement.sent_likeness(mine, sent)) if sent else "",
        sent_points=paid.get("sent", 0),
        n_points=sum(paid.values()),
        n_awaited=0 if page.is_gold else max(0, places.n_repliers() - 1 - len(others)),
        by_choice=page.is_by_choice,
    )


def _card(row: Reply, pictures: dict[int, Picture], **more: Any) -> Replied:
    assert row.pick_id is not None
    label = taxonomy.load(places.INTENTS).labels.get(row.intent)
    return Replied(
        **{"name": "", **more},
        sticker=pictures[row.pick_id],
        also=[pictures[id] for id in row.also if id in pictures],
        intent=label.name[row.language] if label else row.intent,
    )


def _paid(page: Reply) -> dict[str, int]:
    """What the reply has brought so far, by whom it agreed with, or `sent`."""
    start = replying.ledger_key(page.pk)
    entries = LedgerEntry.objects.filter(key__startswith=start).values_list("key", "n_points")
    return {key.removeprefix(start): n_points for key, n_points in entries}


def tally(player: Player, sitting: Sitting) -> dict[str, Any]:
    """How many chats of the sitting were replied to, and what has been paid for them so far; whether there are more."""
    ids = set(sitting.replies.filter(state=Reply.State.ANSWERED).values_list("pk", flat=True))
    entries = LedgerEntry.objects.filter(player=player, reason=LedgerEntry.Reason.REPLIED, at__gte=sitting.started_at)
    paid = sum(n_points for key, n_points in entries.values_list("key", "n_points") if replying.reply_of(key) in ids)
    can_reply = places.there_are_any(player.language) and places.open_to(player).exists()
    return {"n_replies": len(ids), "reply_points": paid, "can_reply": can_reply}

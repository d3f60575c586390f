"""Which open round a retriever may get, and which sticker a labeler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.play.candidates import playable
from sticktionary.domain.play.outcome import PROVEN, standings
from sticktionary.models import Player, Retrieval, Round, Skip, Sticker, Turn

IN_A_ROW = 3
RECENT, SHARE_OF_RECENT = 12, 6
_LOOK_AT = 24  # rounds at a time
_HUMAN = (Round.Source.PLAY, Round.Source.SUGGESTION)


def next_round(player: Player, *, human_only: bool = False) -> Round | None:
    """The round to look up, locked: people's before the house's, theirs oldest first, the house's in no order (the next
    one would be easy to guess). It has a place left among its retrievers."""
    open_ = open_rounds(player)
    human = open_.filter(source__in=_HUMAN).exclude(labeler_id__in=tiring_partners(player))
    if round_ := _first_with_place(human.order_by("submitted_at", "pk")):
        return round_
    return None if human_only else _first_with_place(open_.filter(source=Round.Source.HOUSE).order_by("?"))


def open_rounds(player: Player) -> QuerySet[Round]:
    return unseen_by(player, Round.objects.filter(state=Round.State.OPEN))


def unseen_by(player: Player, rounds: QuerySet[Round]) -> QuerySet[Round]:
    """Never their own, never one they had before, never a sticker whose answer they have seen or which they skipped."""
    return (
        rounds.filter(language=player.language)
        .filter(sticker__state=Sticker.State.ACTIVE, sticker__pack__is_active=True)
        .exclude(source=Round.Source.PRACTICE)
        .exclude(sticker_id__in=Round.objects.filter(labeler=player).values("sticker_id"))
        .exclude(sticker_id__in=_answered(player).values("round__sticker_id"))
        .exclude(sticker_id__in=Skip.objects.filter(player=player).values("sticker_id"))
        .exclude(pk__in=Retrieval.objects.filter(player=player).values("round_id"))
    )


def _answered(player: Player) -> QuerySet[Retrieval]:
    """Retrievals that ended with the answer being shown."""
    return Retrieval.objects.filter(player=player, state=Retrieval.State.ANSWERED, target_absent=False)


def tiring_partners(player: Player) -> list[int]:
    """Labelers the player has had three times in a row, or half of the time lately."""
    recent = list(
        Retrieval.objects.filter(player=player)
        .order_by("-dealt_at", "-pk")
        .values_list("round__labeler_id", flat=True)[:RECENT]
    )
    too_many = {labeler for labeler, n in Counter(recent).items() if labeler and n >= SHARE_OF_RECENT}
    last = set(recent[:IN_A_ROW])
    if len(recent) >= IN_A_ROW and len(last) == 1:
        too_many |= {labeler for labeler in last if labeler}
    return sorted(too_many)


def _first_with_place(rounds: QuerySet[Round]) -> Round | None:
    now = timezone.now()
    tried: list[int] = []
    while batch := list(rounds.exclude(pk__in=tried).values_list("pk", flat=True)[:_LOOK_AT]):
        if round_ := _lock_one_with_place(batch, now):
            return round_
        tried += batch
    return None


def _lock_one_with_place(round_ids: Sequence[int], now: datetime) -> Round | None:
    """Two players may look at the same round at once; whoever locks it counts again."""
    for round_id, standing in standings(round_ids, now).items():
        if standing.n_places and (round_ := lock(round_id)) and standings([round_id], now)[round_id].n_places:
            return round_
    return None


def lock(round_id: int) -> Round | None:
    """The round, held until the end of the transaction; None when somebody else holds it or it is no longer open."""
    free = Round.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("sticker")
    return free.filter(pk=round_id, state=Round.State.OPEN).first()


def next_sticker(player: Player) -> Sticker | None:
    """The sticker to write for: one the player has not written for, rather one whose answer they have not seen, among
    these one with the fewest rounds. When they have written for all, the one they wrote for longest ago. Never one that
    was found often enough in their language."""
    free = playable().exclude(pk__in=Skip.objects.filter(player=player).values("sticker_id"))
    new = free.exclude(pk__in=Round.objects.filter(labeler=player).values("sticker_id"))
    unseen = new.exclude(pk__in=_answered(player).values("round__sticker_id"))
    sticker_id = _least_labelled(unseen, player.language) or _least_labelled(new, player.language)
    return Sticker.objects.get(pk=sticker_id) if sticker_id else _longest_ago(free, player)


def _least_labelled(stickers: QuerySet[Sticker], language: str) -> int | None:
    """Out of a random few; all of the catalogue is only counted through when the few are all done."""
    ids = list(stickers.order_by("?").values_list("pk", flat=True)[:_LOOK_AT])
    done = done_among(ids, language)
    wanted = [id for id in ids if id not in done]
    if ids and not wanted:
        left = without_done(stickers, language).order_by("?")
        wanted = list(left.values_list("pk", flat=True)[:_LOOK_AT])
    n_rounds = Counter(
        Round.objects.filter(sticker_id__in=wanted, language=language, source=Round.Source.PLAY)
        .exclude(state__in=[Round.State.SKIPPED, Round.State.LAPSED])
        .values_list("sticker_id", flat=True)
    )
    return min(wanted, key=lambda sticker_id: n_rounds[sticker_id], default=None)


def _longest_ago(stickers: QuerySet[Sticker], player: Player) -> Sticker | None:
    stickers = without_done(stickers, player.language)
    labelled = Turn.objects.filter(sitting__player=player, role=Turn.Role.LABELER).order_by("-dealt_at")
    latest_first = dict.fromkeys(labelled.values_list("round__sticker_id", flat=True))
    free = set(stickers.filter(pk__in=latest_first).values_list("pk", flat=True))
    oldest = next((sticker_id for sticker_id in reversed(latest_first) if sticker_id in free), None)
    return Sticker.objects.get(pk=oldest) if oldest else stickers.order_by("?").first()


# --- retirement ---


def done_among(sticker_ids: Sequence[int], language: str) -> set[int]:
    """Those of the stickers that need no more rounds in a language, by the rules that hold now."""
    enough = rules.current().done_after_found
    if not enough:
        return set()
    found = Counter(_found(language).filter(sticker_id__in=sticker_ids).values_list("sticker_id", flat=True))
    return {sticker_id for sticker_id, n_found in found.items() if n_found >= enough}


def without_done(stickers: QuerySet[Sticker], language: str) -> QuerySet[Sticker]:
    enough = rules.current().done_after_found
    if not enough:
        return stickers
    found = _found(language).order_by().values("sticker_id").annotate(n=Count("pk")).filter(n__gte=enough)
    return stickers.exclude(pk__in=found.values("sticker_id"))


def _found(language: str) -> QuerySet[Round]:
    return Round.objects.filter(language=language, source=Round.Source.PLAY, state__in=PROVEN)

"""Which open round a retriever may get, and which sticker a labeler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db.models import Count, QuerySet
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.play import chance
from sticktionary.domain.play.candidates import playable
from sticktionary.domain.play.outcome import PROVEN, standings
from sticktionary.domain.prepared import prepared
from sticktionary.models import Player, Retrieval, Round, Skip, Sticker, Turn

IN_A_ROW = 3
RECENT, SHARE_OF_RECENT = 12, 6
_LOOK_AT = 24  # rounds at a time
Row = TypeVar("Row", bound=tuple[Any, ...])
_HUMAN = (Round.Source.PLAY, Round.Source.SUGGESTION)


def next_round(player: Player, *, human_only: bool = False) -> Round | None:
    """The round to look up, locked: people's before the house's, theirs oldest first, the house's in no order (the next
    one would be easy to guess). It has a place left among its retrievers."""
    tiring = set(tiring_partners(player))
    people = _untried(_of_people, player.pk, player.language)
    if round_ := _first_with_place([pk for pk, labeler in rows if labeler not in tiring] for rows in people):
        return round_
    return None if human_only else _first_with_place(_of_house_in_no_order(player))


def _untried(ask: Callable[..., list[Row]], *known: int | str) -> Iterator[list[Row]]:
    """Rows whose first column is their id, some at a time."""
    tried: list[int] = []
    while rows := ask(*known, *tried):
        yield rows
        tried += [row[0] for row in rows]


def _of_house_in_no_order(player: Player) -> Iterator[list[int]]:
    """From anywhere on and round again, each time some in no order: to shuffle all of them takes the database as long
    as there are many."""
    for begin in (_up_to(_newest_round()), 0):
        for rows in _untried(_of_house, player.pk, player.language, begin):
            yield chance.dice.sample([pk for (pk,) in rows], len(rows))


@prepared
def _newest_round() -> QuerySet[Round, int]:
    return Round.objects.order_by("-pk").values_list("pk", flat=True)[:1]


def _up_to(newest: list[int]) -> int:
    """Any number, up to that of the newest."""
    return chance.dice.randint(0, newest[0] if newest else 0)


@prepared
def _of_people(player_id: int, language: str, *tried: int) -> QuerySet[Round, tuple[int, int | None]]:
    """Open rounds of people's, oldest first, with who wrote them."""
    rounds = _unseen_by(player_id, language, Round.objects.filter(state=Round.State.OPEN, source__in=_HUMAN))
    rounds = rounds.exclude(pk__in=tried).order_by("submitted_at", "pk")
    return rounds.values_list("pk", "labeler_id")[:_LOOK_AT]


@prepared
def _of_house(player_id: int, language: str, begin: int, *tried: int) -> QuerySet[Round, tuple[int]]:
    rounds = Round.objects.filter(state=Round.State.OPEN, source=Round.Source.HOUSE, pk__gte=begin)
    rounds = _unseen_by(player_id, language, rounds).exclude(pk__in=tried)
    return rounds.order_by("pk").values_list("pk")[:_LOOK_AT]


def unseen_by(player: Player, rounds: QuerySet[Round]) -> QuerySet[Round]:
    """Never their own, never one they had before, never a sticker whose answer they have seen or which they skipped."""
    return _unseen_by(player.pk, player.language, rounds)


def _unseen_by(player_id: int, language: str, rounds: QuerySet[Round]) -> QuerySet[Round]:
    return (
        rounds.filter(language=language)
        .filter(sticker__state=Sticker.State.ACTIVE, sticker__pack__is_active=True)
        .exclude(source=Round.Source.PRACTICE)
        .exclude(sticker_id__in=Round.objects.filter(labeler_id=player_id).values("sticker_id"))
        .exclude(sticker_id__in=_answered(player_id).values("round__sticker_id"))
        .exclude(sticker_id__in=Skip.objects.filter(player_id=player_id).values("sticker_id"))
        .exclude(pk__in=Retrieval.objects.filter(player_id=player_id).values("round_id"))
    )


def _answered(player_id: int) -> QuerySet[Retrieval]:
    """Retrievals that ended with the answer being shown."""
    return Retrieval.objects.filter(player_id=player_id, state=Retrieval.State.ANSWERED, target_absent=False)


@prepared
def _partners(player_id: int) -> QuerySet[Retrieval, int | None]:
    """Who wrote what the player looked up, the latest first."""
    lately = Retrieval.objects.filter(player_id=player_id).order_by("-dealt_at", "-pk")
    return lately.values_list("round__labeler_id", flat=True)[:RECENT]


def tiring_partners(player: Player) -> list[int]:
    """Labelers the player has had three times in a row, or half of the time lately."""
    recent = _partners(player.pk)
    too_many = {labeler for labeler, n in Counter(recent).items() if labeler and n >= SHARE_OF_RECENT}
    last = set(recent[:IN_A_ROW])
    if len(recent) >= IN_A_ROW and len(last) == 1:
        too_many |= {labeler for labeler in last if labeler}
    return sorted(too_many)


def _first_with_place(batches: Iterable[Sequence[int]]) -> Round | None:
    """Two players may look at the same round at once; whoever locks it counts again."""
    now = timezone.now()
    for batch in batches:
        for round_id, standing in standings(batch, now).items():
            if standing.n_places and (round_ := lock(round_id)) and standings([round_id], now)[round_id].n_places:
                return round_
    return None


def lock(round_id: int) -> Round | None:
    """The round, held until the end of the transaction; None when somebody else holds it or it is no longer open."""
    return next(iter(_locked(round_id)), None)


@prepared
def _locked(round_id: int) -> QuerySet[Round]:
    free = Round.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("sticker")
    return free.filter(pk=round_id, state=Round.State.OPEN)


def next_sticker(player: Player) -> Sticker | None:
    """The sticker to write for: one the player has not written for, rather one whose answer they have not seen, among
    these one with the fewest rounds. When they have written for all, the one they wrote for longest ago. Never one that
    was found often enough in their language."""
    begin = _up_to(_newest_sticker())
    for a_few, all_such in ((_unseen_stickers, _unseen_of), (_new_stickers, _new_to)):
        few = a_few(player.pk, begin) or a_few(player.pk, 0)
        if sticker_id := _least_labelled(few, partial(all_such, player.pk), player.language):
            return _of_id(sticker_id)[0]
    return _longest_ago(_free_to(player.pk), player)


@prepared
def _newest_sticker() -> QuerySet[Sticker, int]:
    return Sticker.objects.order_by("-pk").values_list("pk", flat=True)[:1]


@prepared
def _of_id(sticker_id: int) -> QuerySet[Sticker]:
    return Sticker.objects.filter(pk=sticker_id)


def _free_to(player_id: int) -> QuerySet[Sticker]:
    return playable().exclude(pk__in=Skip.objects.filter(player_id=player_id).values("sticker_id"))


def _new_to(player_id: int) -> QuerySet[Sticker]:
    return _free_to(player_id).exclude(pk__in=Round.objects.filter(labeler_id=player_id).values("sticker_id"))


def _unseen_of(player_id: int) -> QuerySet[Sticker]:
    return _new_to(player_id).exclude(pk__in=_answered(player_id).values("round__sticker_id"))


@prepared
def _new_stickers(player_id: int, begin: int) -> QuerySet[Sticker, int]:
    return _new_to(player_id).filter(pk__gte=begin).order_by("pk").values_list("pk", flat=True)[:_LOOK_AT]


@prepared
def _unseen_stickers(player_id: int, begin: int) -> QuerySet[Sticker, int]:
    return _unseen_of(player_id).filter(pk__gte=begin).order_by("pk").values_list("pk", flat=True)[:_LOOK_AT]


def _least_labelled(few: list[int], all_such: Callable[[], QuerySet[Sticker]], language: str) -> int | None:
    """Out of a few, by chance where several have as few rounds; all of the catalogue is only counted through when the
    few are all done."""
    done = done_among(few, language) if few else set()
    wanted = [id for id in few if id not in done]
    if few and not wanted:
        left = without_done(all_such(), language).order_by("?")
        wanted = list(left.values_list("pk", flat=True)[:_LOOK_AT])
    n_rounds = Counter(_written_for(language, *wanted)) if wanted else Counter[int]()
    chance.dice.shuffle(wanted)
    return min(wanted, key=lambda sticker_id: n_rounds[sticker_id], default=None)


@prepared
def _written_for(language: str, *sticker_ids: int) -> QuerySet[Round, int]:
    """The sticker of each round that was played for one of these."""
    rounds = Round.objects.filter(sticker_id__in=sticker_ids, language=language, source=Round.Source.PLAY)
    dropped = [Round.State.SKIPPED, Round.State.LAPSED]
    return rounds.exclude(state__in=dropped).order_by().values_list("sticker_id", flat=True)


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

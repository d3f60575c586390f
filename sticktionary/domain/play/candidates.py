"""The candidates of a retrieval: the target among its nearest, its pack and chance, in an order that says nothing.

No two of them are near twins or judged to say the same, whether of the target or of each other: a pair would tell that
it is not the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet

from sticktionary.domain import rules
from sticktionary.domain.play import chance
from sticktionary.domain.prepared import prepared
from sticktionary.domain.search.live import catalogue_search
from sticktionary.models import Retrieval, Round, SameStickers, Sticker

SIZE = 24
N_HARD = 11
N_OF_PACK = 4
FEWEST = 2
N_DRAWN = 6 * SIZE  # numbers; some of them belong to no sticker, or to one that is not played
FEW = 4_000  # stickers that are shuffled in no time

Row = tuple[int, int | None, str]  # id, twin_of, perceptual hash


def draw(
    target: Sticker, texts: Sequence[str], player_id: int, *, may_be_absent: bool, hard: bool = True
) -> tuple[list[int], bool]:
    """The candidates' ids in the order they are shown, and whether the target is left out. Empty when the catalogue is
    too small to look anything up in. The number of candidates is the same with and without the target."""
    chosen = _others(target, texts, player_id, N_HARD if hard else 0)
    absent = may_be_absent and chance.happens(rules.current().absent_share)
    if not absent and chosen:
        chosen[-1] = target.pk
    chance.dice.shuffle(chosen)
    return (chosen, absent) if len(chosen) >= FEWEST else ([], False)


def offered(first: Sequence[int], n: int) -> list[int]:
    """Stickers of which no two are kin: those named, as far as they are played, then any."""
    by_id = {row[0]: row for row in (_of_ids(*_padded(first)) if first else ())}
    any_ = _any()
    chosen = _Distinct(None, set(), _judged_same([*by_id, *(row[0] for row in any_)]) if any_ else {})
    chosen.take([by_id[sticker_id] for sticker_id in first if sticker_id in by_id], n)
    chosen.take(any_, n)
    return chosen.ids


def playable() -> QuerySet[Sticker]:
    return Sticker.objects.filter(state=Sticker.State.ACTIVE, pack__is_active=True)


def _others(target: Sticker, texts: Sequence[str], player_id: int, n_hard: int) -> list[int]:
    near = catalogue_search.hard_negatives(target.pk, texts, 2 * n_hard) if n_hard else []
    by_id = {row[0]: row for row in (_of_ids(*_padded(near)) if near else ())}
    hard = [by_id[sticker_id] for sticker_id in near if sticker_id in by_id]
    of_pack = _of_pack(target.pack_id) if n_hard else []
    any_ = _any()
    same = _judged_same([target.pk, *(row[0] for row in [*hard, *of_pack, *any_])])
    chosen = _Distinct(target, seen_by(player_id), same)
    chosen.take(hard, n_hard)
    chosen.take(of_pack, len(chosen.ids) + N_OF_PACK)
    chosen.take(any_, SIZE)
    return chosen.ids


def _judged_same(sticker_ids: Sequence[int]) -> dict[int, set[int]]:
    """By sticker, those that a reviewer found to say the same."""
    same: dict[int, set[int]] = {}
    for first, second in _same_pairs(*_padded(sticker_ids)) if _one_pair() else ():
        same.setdefault(first, set()).add(second)
        same.setdefault(second, set()).add(first)
    return same


@prepared
def _of_pack(pack_id: int) -> QuerySet[Sticker, Row]:
    return _columns(playable().filter(pack_id=pack_id).order_by("?")[:16])


def _any() -> list[Row]:
    """Stickers by chance. Of very many they are drawn by their numbers: to shuffle them takes the database as long as
    there are many."""
    newest = next(iter(_newest()), 0)
    if newest > FEW:
        drawn = _of_ids(*chance.dice.sample(range(1, newest + 1), N_DRAWN))
        if len(drawn) >= 2 * SIZE:
            return chance.dice.sample(drawn, len(drawn))
    return _shuffled()


@prepared
def _newest() -> QuerySet[Sticker, int]:
    return Sticker.objects.order_by("-pk").values_list("pk", flat=True)[:1]


@prepared
def _of_ids(*sticker_ids: int) -> QuerySet[Sticker, Row]:
    return _columns(playable().filter(pk__in=sticker_ids))


@prepared
def _shuffled() -> QuerySet[Sticker, Row]:
    return _columns(playable().order_by("?")[: 3 * SIZE])


@prepared
def _one_pair() -> QuerySet[SameStickers, int]:
    return SameStickers.objects.order_by().values_list("pk", flat=True)[:1]


@prepared
def _same_pairs(*sticker_ids: int) -> QuerySet[SameStickers, tuple[int, int]]:
    pairs = SameStickers.objects.filter(first_id__in=sticker_ids, second_id__in=sticker_ids)
    return pairs.values_list("first_id", "second_id")


def _padded(ids: Sequence[int]) -> list[int]:
    """The last one again and again up to a round number: lists of few lengths make few statements."""
    return [*ids, *[ids[-1]] * (-len(ids) % 32)]


def _columns(stickers: QuerySet[Sticker]) -> QuerySet[Sticker, Row]:
    return stickers.values_list("pk", "twin_of_id", "perceptual_hash")


def seen_by(player_id: int) -> set[int]:
    """Stickers the player knows not to be the target, since no answer is asked for twice."""
    return {*_labelled(player_id), *_answered(player_id)}


@prepared
def _labelled(player_id: int) -> QuerySet[Round, int]:
    return Round.objects.filter(labeler_id=player_id).values_list("sticker_id", flat=True)


@prepared
def _answered(player_id: int) -> QuerySet[Retrieval, int]:
    found = Retrieval.objects.filter(player_id=player_id, state=Retrieval.State.ANSWERED, target_absent=False)
    return found.values_list("round__sticker_id", flat=True)


class _Distinct:
    """Stickers of which no two are kin, those that the player has not seen first."""

    def __init__(self, target: Sticker | None, seen: set[int], same: Mapping[int, set[int]]) -> None:
        self.ids: list[int] = []
        self._seen, self._same = seen, same
        self._kin = set[int | str]()
        if target is not None:
            self._adopt((target.pk, target.twin_of_id, target.perceptual_hash))

    def take(self, rows: Iterable[Row], upto: int) -> None:
        for row in sorted(rows, key=lambda row: row[0] in self._seen):
            if len(self.ids) < upto and self._kin.isdisjoint(_kin(row)):
                self.ids.append(row[0])
                self._adopt(row)

    def _adopt(self, row: Row) -> None:
        self._kin |= _kin(row) | self._same.get(row[0], set())


def _kin(row: Row) -> set[int | str]:
    sticker_id, twin_of, perceptual_hash = row
    return {sticker_id, twin_of or sticker_id, perceptual_hash or f"sticker {sticker_id}"}

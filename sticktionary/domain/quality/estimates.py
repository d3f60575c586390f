"""The running estimates of players and stickers: each answer counted once, in the order in which they were given.

The sweep counts on from where it stopped, so that no player waits for it; it leaves out the last minute, whose answers
may still be on their way into the database. Counted anew from the first answer on, the figures come out the same to the
last bit. What counts: a find or a miss where the sticker was there. Of a gold round, whose queries are known to be
good, an answer speaks of the finder alone; one without the target speaks of none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.people import accounts
from sticktionary.domain.quality import skill, weights
from sticktionary.domain.quality.skill import Belief
from sticktionary.models import AuditEntry, Player, PlayerQuality, Retrieval, Round, StickerDifficulty, Watermark

NAME = "estimates"
SETTLED_AFTER = timedelta(seconds=60)  # a move that was made longer ago is long committed
AT_ONCE = 5_000
_OF_PLAYER = [
    "find_skill", "find_sd", "label_skill", "label_sd", "n_finds", "n_labels", "n_gold", "n_gold_passed", "weight",
    "updated_at",
]  # fmt: skip
_OF_STICKER = ["difficulty", "sd", "n_answers", "updated_at"]


class Answer(NamedTuple):
    at: datetime
    finder: int | None
    writer: int | None
    sticker: int
    language: str
    rank: int
    picks: list[int]
    candidates: list[int]
    is_gold: bool


# --- verbs ---


def count_new() -> int:
    """Count the answers that were given since the last time; how many there were. Nothing while somebody else does."""
    until, n_counted = timezone.now() - SETTLED_AFTER, 0
    while n := _count_some(until):
        n_counted += n
    return n_counted


@transaction.atomic
def recount(*, actor: Player | None = None, why: str = "") -> int:
    """Forget the estimates and count all answers anew, up to where they were counted before."""
    if actor is not None:
        accounts.require(actor, "change_rules")
    mark = _mark(wait=True)
    assert mark is not None
    until, n_counted = mark.until, 0
    PlayerQuality.objects.all().delete()
    StickerDifficulty.objects.all().delete()
    mark.until = None
    while until and (n := _count_on(mark, until)):
        n_counted += n
    AuditEntry.objects.create(actor=actor, verb="recount", subject="estimates", detail={"n": n_counted, "why": why})
    return n_counted


# --- how far the count is ---


@transaction.atomic
def _count_some(until: datetime) -> int:
    mark = _mark()
    return _count_on(mark, until) if mark else 0


def _mark(*, wait: bool = False) -> Watermark | None:
    """Where the count stands, locked; None when another worker counts."""
    Watermark.objects.get_or_create(name=NAME)
    return Watermark.objects.select_for_update(skip_locked=not wait).filter(name=NAME).first()


def _count_on(mark: Watermark, until: datetime) -> int:
    """Count the next few answers; all those of a moment together, since the mark is a moment."""
    new = _answers().filter(answered_at__lte=until)
    if mark.until:
        new = new.filter(answered_at__gt=mark.until)
    last = new.values_list("answered_at", flat=True)[AT_ONCE - 1 : AT_ONCE].first()
    answers = [Answer(*row) for row in (new.filter(answered_at__lte=last) if last else new).values_list(*_COLUMNS)]
    if answers:
        _count(answers)
        Watermark.objects.filter(pk=mark.pk).update(until=answers[-1].at)
        mark.until = answers[-1].at
    return len(answers)


_COLUMNS = (
    "answered_at", "player_id", "round__labeler_id", "round__sticker_id", "round__language", "rank", "picks",
    "candidates", "is_gold",
)  # fmt: skip


def _answers() -> QuerySet[Retrieval]:
    """In the order they were given; practice proves nothing, and the machine's are no player's."""
    counts = Q(state=Retrieval.State.ANSWERED, target_absent=False)
    return Retrieval.objects.filter(counts).exclude(round__source=Round.Source.PRACTICE).order_by("answered_at", "pk")


# --- counting ---


def _count(answers: Sequence[Answer]) -> None:
    ids = {id for answer in answers for id in (answer.finder, answer.writer) if id is not None}
    players = {row.player_id: row for row in PlayerQuality.objects.filter(player_id__in=ids)}
    held = StickerDifficulty.objects.filter(sticker_id__in={answer.sticker for answer in answers})
    stickers = {(row.sticker_id, row.language): row for row in held}
    for answer in answers:
        _count_one(answer, players, stickers)
    rule = rules.current()
    for quality in players.values():
        quality.weight = weights.of_quality(quality, rule)
    _write(PlayerQuality, players.values(), ["player"], _OF_PLAYER)
    _write(StickerDifficulty, stickers.values(), ["sticker", "language"], _OF_STICKER)


def _count_one(
    answer: Answer, players: dict[int, PlayerQuality], stickers: dict[tuple[int, str], StickerDifficulty]
) -> None:
    finder, writer = _player(answer.finder, players), _player(answer.writer, players)
    place = answer.sticker, answer.language
    sticker = stickers.get(place) or StickerDifficulty(sticker_id=answer.sticker, language=answer.language)
    found, written, there = skill.update(
        Belief(finder.find_skill, finder.find_sd),
        Belief(writer.label_skill, writer.label_sd),
        Belief(sticker.difficulty, sticker.sd),
        found=answer.rank > 0,
        floor=skill.floor_of(len(answer.picks), len(answer.candidates)),
    )
    finder.find_skill, finder.find_sd = found
    finder.n_finds += 1
    finder.n_gold += answer.is_gold
    finder.n_gold_passed += answer.is_gold and answer.rank > 0
    finder.updated_at = answer.at
    if not answer.is_gold:
        writer.label_skill, writer.label_sd = written
        writer.n_labels += 1
        sticker.difficulty, sticker.sd = there
        sticker.n_answers += 1
        writer.updated_at = sticker.updated_at = answer.at
        stickers[place] = sticker


def _player(player_id: int | None, players: dict[int, PlayerQuality]) -> PlayerQuality:
    """Of the house, and of somebody who has left, nothing is kept: an average player, every time."""
    if player_id is None:
        return PlayerQuality()
    return players.setdefault(player_id, PlayerQuality(player_id=player_id))


def _write(model: type[Any], rows: Iterable[Any], key: list[str], fields: list[str]) -> None:
    """In one statement per batch, new or not. A player of whom nothing was counted has no row."""
    counted = [row for row in rows if row.updated_at is not None]
    for row in counted:
        row.pk = None  # it is the player, or the sticker and language, that says which row it is
    model._default_manager.bulk_create(
        counted, batch_size=500, update_conflicts=True, unique_fields=key, update_fields=fields
    )

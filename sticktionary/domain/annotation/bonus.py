"""Bonus pages: after the six of a sitting, a few short questions about stickers whose packs ask them. Never forced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.annotation import questions
from sticktionary.domain.annotation.questions import Question, Standing
from sticktionary.domain.errors import NotAllowed
from sticktionary.domain.play import chance
from sticktionary.domain.play.candidates import playable
from sticktionary.domain.play.turns import LEASE
from sticktionary.domain.prepared import prepared
from sticktionary.models import Annotation, Player, Sitting, Sticker, Task, Utterance

AT_A_TIME = 24  # stickers
MOST_LOOKED_AT = 120  # of those that others have begun, and again of all; what is missed now comes another time
USES_OF_A_STICKER = 12  # in chats, that are looked at
HAD = (Annotation.State.ANSWERED, Annotation.State.SKIPPED)
_signer = signing.Signer(salt="sticktionary.bonus")


def lease_of(annotation_id: int, player_id: int) -> str:
    return _signer.sign(f"{player_id}.{annotation_id}")


def annotation_id_of(lease: str, player_id: int) -> int:
    """The page a lease was signed for, if it was signed for this player."""
    try:
        owner, annotation_id = map(int, _signer.unsign(lease).split("."))
    except (signing.BadSignature, ValueError):
        owner = annotation_id = 0
    if owner != player_id:
        raise NotAllowed("bad_lease", _("This page was not dealt to you."))
    return annotation_id


def in_hand(sitting: Sitting) -> Annotation | None:
    return next(iter(_dealt(sitting.pk)), None)


@prepared
def _dealt(sitting_id: int) -> QuerySet[Annotation]:
    dealt = Annotation.objects.filter(sitting_id=sitting_id, state=Annotation.State.DEALT).order_by("pk")[:1]
    return dealt.select_related("sticker__pack", "utterance__session__conversation")


def n_had(sitting: Sitting) -> int:
    """Answered or passed on."""
    return sitting.bonus_pages.filter(state__in=HAD).count()


def deal(player: Player, sitting: Sitting) -> bool:
    """Keep the bonus page of a locked sitting, or put the next one into it; False when there is none."""
    page = in_hand(sitting)
    if page is not None:
        if take_up(page):
            return True
        lapse(page)
    if n_had(sitting) >= rules.current().n_bonus_pages:
        return False
    question = next_question(player, sitting)
    if question is not None:
        _put(player, sitting, question)
    return question is not None


def take_up(page: Annotation) -> bool:
    """Go on with a page that was dealt: while its lease runs, or while its question has a place left."""
    if not playable().filter(pk=page.sticker_id).exists():
        return False
    now = timezone.now()
    if page.lease_until <= now:
        Sticker.objects.select_for_update(no_key=True).get(pk=page.sticker_id)
        if not is_still_needed(page):
            return False
        page.lease_until = now + LEASE
        page.save(update_fields=["lease_until"])
    return True


def is_still_needed(page: Annotation) -> bool:
    """Whether a page whose lease is over still has a place."""
    question = questions.question_of(page)
    return questions.standings([question], timezone.now())[question].n_places(page.task) > 0


def lapse(page: Annotation) -> None:
    Annotation.objects.filter(pk=page.pk, state=Annotation.State.DEALT).update(state=Annotation.State.LAPSED)


def _put(player: Player, sitting: Sitting, question: Question) -> None:
    """A page that lapsed is dealt to the same player in the same row: nobody has two for one question."""
    now = timezone.now()
    dealt: dict[str, Any] = {
        "state": Annotation.State.DEALT,
        "language": player.language,
        "sitting": sitting,
        "key": "",
        "dealt_at": now,
        "lease_until": now + LEASE,
    }
    asked: dict[str, Any] = {
        "task": question.task,
        "sticker_id": question.sticker_id,
        "utterance_id": question.utterance_id,
    }
    if not Annotation.objects.filter(player=player, state=Annotation.State.LAPSED, **asked).update(**dealt):
        Annotation.objects.create(player=player, **asked, **dealt)


# --- choosing ---


def next_question(player: Player, sitting: Sitting) -> Question | None:
    """A question with a place left, its sticker locked: rather a task this sitting has not asked yet, then one that
    others have begun (a third answer before a second before a first), then any."""
    asked = set(sitting.bonus_pages.filter(state__in=HAD).values_list("task", flat=True))
    for sticker_ids in _batches(player):
        now = timezone.now()
        standings = questions.standings(list(_open_to(player, sticker_ids)), now)
        free = [question for question, standing in standings.items() if standing.n_places(question.task)]
        for question in sorted(free, key=lambda question: _rank(question, standings[question], asked)):
            if _lock(question, now):
                return question
    return None


def _rank(question: Question, standing: Standing, asked: set[str]) -> tuple[bool, int, float]:
    return question.task in asked, -len(standing.answered), chance.dice.random()


def _lock(question: Question, now: datetime) -> bool:
    """Two players may look at the same question at once; whoever locks its sticker counts again."""
    free = Sticker.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    if free.filter(pk=question.sticker_id).first() is None:
        return False
    return questions.standings([question], now)[question].n_places(question.task) > 0


def _batches(player: Player) -> Iterator[Sequence[int]]:
    """Stickers of packs that ask something: first those about which others have said something lately, then any."""
    asking = _asking()
    if not asking.exists():
        return
    begun = Annotation.objects.filter(state=Annotation.State.ANSWERED, sticker__in=asking).exclude(player=player)
    lately = list(dict.fromkeys(begun.order_by("-pk").values_list("sticker_id", flat=True)[: 2 * MOST_LOOKED_AT]))
    yield from _in_batches(lately[:MOST_LOOKED_AT])
    others = asking.exclude(pk__in=lately[:MOST_LOOKED_AT]).order_by("?")
    yield from _in_batches(list(others.values_list("pk", flat=True)[:MOST_LOOKED_AT]))


def _asking() -> QuerySet[Sticker]:
    return playable().exclude(pack__bonus_tasks=[])


def _in_batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), AT_A_TIME):
        yield ids[start : start + AT_A_TIME]


def _open_to(player: Player, sticker_ids: Sequence[int]) -> Iterator[Question]:
    """What the packs of these stickers ask and the player has neither answered nor passed on."""
    had = set(
        Annotation.objects.filter(player=player, sticker_id__in=sticker_ids)
        .exclude(state=Annotation.State.LAPSED)
        .values_list("task", "sticker_id", "utterance_id")
    )
    for question in _asked_about(sticker_ids, player.language):
        if (question.task, question.sticker_id, question.utterance_id) not in had:
            yield question


def _asked_about(sticker_ids: Sequence[int], language: str) -> Iterator[Question]:
    uses = _uses(sticker_ids, language)
    for sticker_id, tasks in Sticker.objects.filter(pk__in=sticker_ids).values_list("pk", "pack__bonus_tasks"):
        for task in map(Task, tasks):
            for utterance_id in uses.get(sticker_id, ()) if task.needs_conversation else (None,):
                yield questions.ask(task, sticker_id, language, utterance_id)


def _uses(sticker_ids: Sequence[int], language: str) -> dict[int, list[int]]:
    """Utterances in which each sticker was sent after something was said, in conversations of the language."""
    found: dict[int, list[int]] = {}
    sent = Utterance.objects.filter(sticker_id__in=sticker_ids, number__gt=1)
    sent = sent.filter(session__conversation__is_active=True, session__conversation__language=language)
    for sticker_id, pk in sent.order_by("?").values_list("sticker_id", "pk"):
        uses = found.setdefault(sticker_id or 0, [])
        if len(uses) < USES_OF_A_STICKER:
            uses.append(pk)
    return found

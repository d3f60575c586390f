"""Packs and stickers: the rounds that come with them, whether they are in play, and who is told of a change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from retrieval_engine.text import normalise
from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.search.nudges import nudge_on_commit
from sticktionary.models import AuditEntry, IndexChange, Pack, Player, Query, Round, Sticker, Task

PER_ROUND = 5  # queries


def index_changed(sticker_ids: Iterable[int]) -> None:
    """Tell every process's search to look at these stickers again; call inside the verb's transaction."""
    IndexChange.objects.bulk_create([IndexChange(sticker_id=id) for id in dict.fromkeys(sticker_ids)])
    nudge_on_commit()


def house_queries(sticker: Sticker, language: str) -> list[str]:
    """The queries a sticker came with, in their order."""
    held = Query.objects.filter(round__sticker=sticker, round__language=language, round__source=Round.Source.HOUSE)
    return list(held.filter(removed_at=None).order_by("position", "id").values_list("text", flat=True))


@transaction.atomic(savepoint=False)
def add_house_rounds(sticker: Sticker, queries: Mapping[str, Sequence[str]]) -> int:
    """Make the sticker playable with the queries it came with, and say how many were new.

    A first list is kept exactly as it came, repeats included; of a later one, what is not there yet is added.
    """
    rows: list[tuple[Round, list[Query]]] = []
    for language, texts in queries.items():
        held = house_queries(sticker, language)
        rows += _house_rounds(sticker, language, not_held(held, texts), first=len(held))
    if rows:
        Round.objects.bulk_create([round for round, _queries in rows])
        Query.objects.bulk_create([query for _round, queries in rows for query in queries])
        index_changed([sticker.pk])
    return sum(len(queries) for _round, queries in rows)


def n_new_queries(sticker: Sticker, queries: Mapping[str, Sequence[str]]) -> int:
    """How many of the queries the sticker did not come with yet."""
    return sum(len(not_held(house_queries(sticker, language), texts)) for language, texts in queries.items())


def not_held(held: Sequence[str], texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text not in held] if held else list(texts)


def _house_rounds(sticker: Sticker, language: str, texts: Sequence[str], first: int) -> list[tuple[Round, list[Query]]]:
    """Rounds of at most five queries each; positions run on through the sticker's queries in the language."""
    now, rows = timezone.now(), []
    for start in range(0, len(texts), PER_ROUND):
        round = _house_round(sticker, language, now)
        numbered = enumerate(texts[start : start + PER_ROUND], first + start)
        rows.append((round, [_query(round, text, position, now) for position, text in numbered]))
    return rows


def _query(round: Round, text: str, position: int, now: datetime) -> Query:
    return Query(round=round, text=text, normalised=normalise(text)[:200], position=position, added_at=now)


def _house_round(sticker: Sticker, language: str, now: datetime) -> Round:
    return Round(
        sticker=sticker,
        language=language,
        source=Round.Source.HOUSE,
        state=Round.State.OPEN,
        dealt_at=now,
        submitted_at=now,
    )


@transaction.atomic
def set_state(
    *,
    actor: Player | None,
    sticker_ids: Collection[int],
    state: str,
    why: str = "",
    permission: str = "change_sticker",
) -> int:
    """Put stickers in play, halt them or withdraw them; the number that changed. Nothing is deleted.

    Without an actor it is the game itself that acts, as when many have skipped a sticker. A reviewer may by a verdict.
    """
    if actor is not None:
        accounts.require(actor, permission)
    if state not in Sticker.State.values:
        raise Refused("unknown_state", _("There is no such state of a sticker."))
    changed = list(Sticker.objects.select_for_update().filter(pk__in=sticker_ids).exclude(state=state))
    Sticker.objects.filter(pk__in=[sticker.pk for sticker in changed]).update(state=state)
    for sticker in changed:
        _audit(actor, f"sticker_{state}", f"sticker {sticker.pk} {sticker.name}", was=sticker.state, why=why)
    index_changed(sticker.pk for sticker in changed)
    return len(changed)


@transaction.atomic
def set_pack_active(*, actor: Player | None, pack: Pack, is_active: bool, why: str = "") -> None:
    """Take a whole pack out of play, or back into it; its stickers keep their own state."""
    if actor is not None:
        accounts.require(actor, "change_sticker")
    Pack.objects.filter(pk=pack.pk).update(is_active=is_active)
    _audit(actor, "pack_active" if is_active else "pack_inactive", f"pack {pack.slug}", why=why)
    index_changed(pack.stickers.values_list("pk", flat=True))


@transaction.atomic
def set_may_publish_pictures(*, actor: Player | None, pack: Pack, may_publish: bool, why: str) -> None:
    """Say whether releases may hold the pictures of a pack; else they hold its queries only. A question of rights."""
    if actor is not None:
        accounts.require(actor, "change_pack")
    if not why.strip():
        raise Refused("no_reason", _("Say why: on which licence or whose word it rests."))
    Pack.objects.filter(pk=pack.pk).update(may_publish_pictures=may_publish)
    _audit(actor, "pack_pictures_public" if may_publish else "pack_pictures_withheld", f"pack {pack.slug}", why=why)


@transaction.atomic
def set_bonus_tasks(*, actor: Player | None, pack: Pack, tasks: Collection[str], why: str = "") -> list[str]:
    """Say what bonus pages ask about the stickers of a pack, in the tasks' own order. Answers that are in are kept."""
    if actor is not None:
        accounts.require(actor, "change_pack")
    if unknown := sorted(set(tasks) - set(Task.values)):
        raise Refused("unknown_task", _("There is no task called %(name)s.") % {"name": unknown[0]})
    held = Pack.objects.select_for_update().get(pk=pack.pk)
    wanted = [task for task in Task.values if task in tasks]
    if wanted != held.bonus_tasks:
        Pack.objects.filter(pk=pack.pk).update(bonus_tasks=wanted)
        _audit(actor, "bonus_tasks", f"pack {pack.slug}", was=held.bonus_tasks, now=wanted, why=why[:300])
    return wanted


def _audit(actor: Player | None, verb: str, subject: str, **detail: object) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject[:200], detail=detail)

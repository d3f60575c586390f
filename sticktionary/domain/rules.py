"""The rules that can change while people play, all in one place: each with its default, its bounds and its meaning.

The newest `RuleSet` holds; every process looks for a newer one at most every other second, so that a page that is dealt
after a change follows it, and a page that was dealt before stays as it was.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from sticktionary.domain.errors import Refused
from sticktionary.domain.people import accounts
from sticktionary.models import AuditEntry, Player, RuleSet

Share = Annotated[float, Meta(ge=0, le=1)]
Few = Annotated[int, Meta(ge=1, le=20)]
Many = Annotated[int, Meta(ge=1, le=1_000_000)]
MaybeMany = Annotated[int, Meta(ge=0, le=1_000_000)]
OneIn = Annotated[int, Meta(ge=0, le=1_000)]  # 0: never

FRESH_FOR_S = 2.0


class Rules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    # redundancy: how many look a round up, and when it is decided
    n_retrievers: Few = 2
    n_retrievers_most: Few = 3  # when they split
    absent_share: Share = 0.08  # of lookups in which the target is left out
    hidden_share: Share = 0.15  # of pages to write on which live results are hidden
    hidden_after: MaybeMany = 3  # pages a player has written on, so that they know the game with results first

    # retirement: when a sticker needs no more rounds in a language, and when it is halted
    done_after_found: MaybeMany = 0  # found rounds of play; 0: never done
    halt_after_skips: Few = 5  # by as many players; a harmful sticker counts twice
    halt_share: Share = 0.3  # and by more than this share of those it was dealt to
    review_after_skips: Few = 3  # retrievers who pass on the same queries

    # gold: rounds whose answer is known, dealt unannounced
    gold_every_first: OneIn = 6
    gold_first: MaybeMany = 50  # lookups during which the rate above holds
    gold_every: OneIn = 20
    gold_after_found_at_once: Few = 3  # by as many, and by nobody else otherwise
    gold_exposures_most: Many = 50

    # the default policy of review: what needs no person, and what goes to one
    review_not_found: bool = True
    review_split: bool = True
    review_flagged: bool = True
    take_found: bool = True  # a found round is proof without a person

    # bonus pages
    n_bonus_pages: Annotated[int, Meta(ge=0, le=6)] = 2  # after the six of a sitting
    n_annotators: Few = 2
    n_annotators_most: Few = 3  # when they disagree

    # replies: which sticker a player would send in a chat
    n_reply_pages: Annotated[int, Meta(ge=0, le=6)] = 1  # after the six of a sitting; 0: none, nor by choice
    n_repliers: Few = 4  # at one place of a chat

    # consequences by themselves; anything harder is a person's decision
    judge_after: Many = 20  # answers; nobody is judged on fewer
    weight_least: Share = 0.1
    sanction_by_itself: bool = True  # steps `weight` and `off_board`


_held: tuple[float, Rules] | None = None


def current() -> Rules:
    """The rules that hold now."""
    global _held
    now = time.monotonic()
    if _held is None or now - _held[0] > FRESH_FOR_S:
        newest = RuleSet.objects.order_by("-pk").values_list("values", flat=True).first()
        _held = (now, read(newest or {}))
    return _held[1]


def forget() -> None:
    """Look again at the next call."""
    global _held
    _held = None


def read(values: dict[str, Any]) -> Rules:
    """Rules as they were written, by whatever version of the house."""
    return msgspec.convert(_known(values), Rules)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without what this version no longer knows."""
    return {name: value for name, value in values.items() if name in Rules.__struct_fields__}


@transaction.atomic
def change(*, actor: Player, changes: dict[str, Any], why: str) -> Rules:
    """Set some of the rules anew; the others stay as they are. Raises Refused with the first that does not fit."""
    accounts.require(actor, "change_rules")
    unknown = sorted(changes.keys() - set(Rules.__struct_fields__))
    if unknown:
        raise Refused("unknown_rule", _("There is no rule called %(name)s.") % {"name": unknown[0]})
    if not why.strip():
        raise Refused("no_reason", _("Say why: whoever reads the data later will want to know."))
    held = _newest()
    new = {name: value for name, value in changes.items() if getattr(read(held), name) != value}
    rules = _checked(held | changes)
    if not new:
        raise Refused("nothing_changed", _("All of this holds already."))
    RuleSet.objects.create(values=held | new, why=why.strip()[:300], set_by=actor)
    AuditEntry.objects.create(actor=actor, verb="change_rules", subject="rules", detail={**new, "why": why[:300]})
    transaction.on_commit(forget)
    return rules


def _newest() -> dict[str, Any]:
    """What holds, read behind a lock: two changes at once follow one another and neither is lost."""
    RuleSet.objects.select_for_update().order_by("-pk").first()
    return _known(RuleSet.objects.order_by("-pk").values_list("values", flat=True).first() or {})


def _checked(values: dict[str, Any]) -> Rules:
    for field in msgspec.structs.fields(Rules):
        _check(field, values.get(field.name, field.default))
    rules = msgspec.convert(values, Rules)
    if rules.n_retrievers_most < rules.n_retrievers or rules.n_annotators_most < rules.n_annotators:
        raise Refused("bad_rule", _("The most cannot be fewer than the usual number."))
    return rules


def _check(field: msgspec.structs.FieldInfo, value: object) -> None:
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        kind = msgspec.inspect.type_info(field.type)
        values = {"name": field.name, "least": getattr(kind, "ge", 0), "most": getattr(kind, "le", 1)}
        message = _("%(name)s has to be a number from %(least)s to %(most)s.")
        if isinstance(field.default, bool):
            message = _("%(name)s is either yes or no.")
        raise Refused("bad_rule", message % values) from error

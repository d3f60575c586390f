"""The rules as a reader finds them: in sections, each with its meaning, its default, its bounds and what holds now; and
every change of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from math import isfinite

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.domain import rules
from sticktionary.domain.errors import Refused
from sticktionary.domain.rules import Rules
from sticktionary.models import RuleSet

Value = bool | int | float
YES_OR_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
SECTIONS: dict[str, dict[str, Promise]] = {
    "redundancy": {
        "n_retrievers": gettext_lazy("How many players look a round up when they agree."),
        "n_retrievers_most": gettext_lazy("How many look it up at most when they do not."),
        "absent_share": gettext_lazy("Share of lookups in which the sticker is not among the candidates."),
        "hidden_share": gettext_lazy("Share of pages to write on that show no live results."),
        "hidden_after": gettext_lazy("So many pages a player writes on with results before any are hidden."),
    },
    "retirement": {
        "done_after_found": gettext_lazy(
            "A sticker with so many found rounds in a language is dealt to no more labelers. 0: never done."
        ),
        "halt_after_skips": gettext_lazy(
            "A sticker that so many labelers pass on is halted; one called harmful counts twice."
        ),
        "halt_share": gettext_lazy("But only when they are more than this share of those it was dealt to."),
        "review_after_skips": gettext_lazy("A round that so many retrievers pass on goes to review."),
    },
    "gold": {
        "gold_every_first": gettext_lazy("One in so many of a new player's lookups is a gold round. 0: none."),
        "gold_first": gettext_lazy("For so many lookups a player is new."),
        "gold_every": gettext_lazy("One in so many lookups is a gold round after that. 0: none."),
        "gold_after_found_at_once": gettext_lazy(
            "A round is gold when so many found it at the first try and nobody did not."
        ),
        "gold_exposures_most": gettext_lazy("A gold round is retired when it was dealt so often."),
    },
    "review": {
        "take_found": gettext_lazy("A round that its retrievers found is proof without a person."),
        "review_not_found": gettext_lazy("A round that nobody found goes to review."),
        "review_split": gettext_lazy("A round on which retrievers disagreed to the end goes to review."),
        "review_flagged": gettext_lazy("A round that was flagged goes to review."),
    },
    "bonus": {
        "n_bonus_pages": gettext_lazy("Extra pages after the six of a sitting."),
        "n_annotators": gettext_lazy("How many players answer the same extra page when they agree."),
        "n_annotators_most": gettext_lazy("How many answer it at most when they do not."),
    },
    "replies": {
        "n_reply_pages": gettext_lazy(
            "Chats to reply to after the six pages of a sitting, where there are any. 0: none, not even by choice."
        ),
        "n_repliers": gettext_lazy("How many players reply at the same place of a chat."),
    },
    "consequences": {
        "judge_after": gettext_lazy("Nobody is judged on fewer answers."),
        "weight_least": gettext_lazy("The least that a player's answers can count; 1 is the most."),
        "sanction_by_itself": gettext_lazy("The two mildest steps may be taken without a person."),
    },
}
TITLES: dict[str, Promise] = {
    "redundancy": gettext_lazy("Lookups and pages"),
    "retirement": gettext_lazy("When a sticker is done or halted"),
    "gold": gettext_lazy("Gold rounds"),
    "review": gettext_lazy("What goes to review"),
    "bonus": gettext_lazy("Extra pages"),
    "replies": gettext_lazy("Replies to chats"),
    "consequences": gettext_lazy("Weights and consequences"),
    "other": gettext_lazy("Other rules"),
}


@dataclass(frozen=True)
class Rule:
    name: str
    meaning: str
    value: Value
    default: Value
    least: float | None
    most: float | None

    @property
    def kind(self) -> str:
        """What its field takes: yes, number or share."""
        return {bool: "yes", int: "number", float: "share"}[type(self.default)]


@dataclass(frozen=True)
class Change:
    """One rule set against the one before it."""

    at: datetime
    who: str
    why: str
    lines: list[tuple[str, Value, Value]]  # name, before, after


def read(current: Rules | None = None) -> dict[str, list[Rule]]:
    """Every rule by section, with what holds now."""
    held = current or rules.current()
    fields = {field.name: field for field in msgspec.structs.fields(Rules)}
    known = {name for names in SECTIONS.values() for name in names}
    sections: Mapping[str, Mapping[str, object]] = {**SECTIONS, "other": {n: n for n in fields if n not in known}}
    return {
        title: [_rule(fields[name], str(meaning), held) for name, meaning in names.items() if name in fields]
        for title, names in sections.items()
        if names
    }


def _rule(field: msgspec.structs.FieldInfo, meaning: str, held: Rules) -> Rule:
    kind = msgspec.inspect.type_info(field.type)
    return Rule(
        name=field.name,
        meaning=meaning,
        value=getattr(held, field.name),
        default=field.default,
        least=getattr(kind, "ge", None),
        most=getattr(kind, "le", None),
    )


def parse(name: str, text: str) -> Value:
    """A rule's value as somebody typed it. Raises Refused."""
    if name not in Rules.__struct_fields__:
        raise Refused("unknown_rule", _("There is no rule called %(name)s.") % {"name": name})
    kind = type(getattr(Rules(), name))
    try:
        value: Value = YES_OR_NO[text.strip().lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        raise _bad(name, text) from error
    if not isfinite(value):
        raise _bad(name, text)
    return value


def _bad(name: str, text: str) -> Refused:
    return Refused("bad_rule", _("%(name)s cannot be “%(text)s”.") % {"name": name, "text": text[:40]})


def history(n: int = 20) -> list[Change]:
    """The newest changes, each with what it made of which rule."""
    sets = list(RuleSet.objects.select_related("set_by").order_by("-pk")[: n + 1])
    return [_change(held, was) for held, was in zip_longest(sets, sets[1:])][:n]


def _change(held: RuleSet, was: RuleSet | None) -> Change:
    after, before = rules.read(held.values), rules.read(was.values if was else {})
    lines = [
        (name, getattr(before, name), getattr(after, name))
        for name in Rules.__struct_fields__
        if getattr(before, name) != getattr(after, name)
    ]
    return Change(held.at, held.set_by.name if held.set_by else "", held.why, lines)

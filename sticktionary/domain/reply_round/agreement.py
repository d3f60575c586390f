"""How two replies at the same place of a chat agree, and what that is worth. Pure; the whole rule is here.

Every two people who answered at one place are paid the same for how far they agree: for their stickers 30 when they
picked the same one, 15 when one of them picked what the other named as doing as well, 5 when only what they named as
well has something in common; for what they mean by it 10 when the intent is the same, 5 when it is of the same kind.
The sticker that was really sent counts as one more pick: 30 for picking it, 15 for naming it. Near duplicates are the
same sticker, nobody agrees with themselves, and nothing is paid before somebody else has answered.

A pair is worth the same in whichever order its two answered, so that a place pays as much to the first as to the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

SAME_PICK, NAMED, BOTH_NAMED = 30, 15, 5
SAME_INTENT, SAME_KIND = 10, 5
MOST_NAMED = 3  # stickers that would do as well
PEOPLE_FOR_GOLD = 3

Kin = frozenset[int | str]  # what a sticker shares with its near duplicates; two that share something are the same


class Likeness(StrEnum):
    """How far the stickers of two replies agree."""

    SAME = "same"  # pick
    NAMED = "named"  # one picked what the other named
    BOTH_NAMED = "both_named"
    OTHER = "other"


WORTH = {
    Likeness.SAME: SAME_PICK,
    Likeness.NAMED: NAMED,
    Likeness.BOTH_NAMED: BOTH_NAMED,
    Likeness.OTHER: 0,
}


@dataclass(frozen=True)
class Said:
    """A reply as far as it can agree with others."""

    person: int | None  # none: somebody who has left
    pick: Kin
    also: tuple[Kin, ...] = ()
    intent: str = ""
    kind: str = ""  # of the intent: its coarse label


def likeness(one: Said, other: Said) -> Likeness:
    if one.pick & other.pick:
        return Likeness.SAME
    if _holds(other.also, one.pick) or _holds(one.also, other.pick):
        return Likeness.NAMED
    if any(_holds(other.also, named) for named in one.also):
        return Likeness.BOTH_NAMED
    return Likeness.OTHER


def _holds(named: Iterable[Kin], sticker: Kin) -> bool:
    return any(sticker & each for each in named)


def intent_points(one: Said, other: Said) -> int:
    if one.intent and one.intent == other.intent:
        return SAME_INTENT
    return SAME_KIND if one.kind and one.kind == other.kind else 0


def pair_points(one: Said, other: Said) -> int:
    """What each of the two gets for the other."""
    if one.person is not None and one.person == other.person:
        return 0
    return WORTH[likeness(one, other)] + intent_points(one, other)


def sent_likeness(one: Said, sent: Kin) -> Likeness:
    """How far a reply agrees with the sticker that was sent; nobody knows what else would have done for its sender."""
    return likeness(one, Said(person=None, pick=sent))


def sent_points(one: Said, sent: Kin | None, others: Sequence[Said]) -> int:
    """What the sticker that was sent adds, once somebody else has answered."""
    is_alone = all(one.person is not None and one.person == other.person for other in others)
    return 0 if sent is None or is_alone else WORTH[sent_likeness(one, sent)]


# --- what several replies say together ---


def supporters(sticker: Kin, said: Iterable[Said]) -> tuple[int, int]:
    """How many people picked the sticker, and how many picked or named it. Somebody with two replies is one."""
    picked, held = set[int | str](), set[int | str]()
    for number, each in enumerate(said):
        person = each.person if each.person is not None else f"reply {number}"
        if sticker & each.pick:
            picked.add(person)
        if sticker & each.pick or _holds(each.also, sticker):
            held.add(person)
    return len(picked), len(held)


def accepted(kin: Mapping[int, Kin], said: Sequence[Said], people: int = 2) -> list[int]:
    """Of these stickers those that would do as well as the one that was sent: so many people picked or named them, and
    one of them at least picked it."""
    counted = {sticker_id: supporters(of, said) for sticker_id, of in kin.items()}
    return sorted(sticker_id for sticker_id, (picked, held) in counted.items() if picked and held >= people)


def clear(kin: Mapping[int, Kin], said: Sequence[Said]) -> list[int]:
    """The stickers that make a place gold: half of its people picked or named each, and three of them at least."""
    return accepted(kin, said, max(PEOPLE_FOR_GOLD, (len(said) + 1) // 2))


def passes(one: Said, wanted: Iterable[Kin]) -> bool:
    """Whether a reply at a gold place picks or names one of what was wanted there."""
    return any(one.pick & each or _holds(one.also, each) for each in wanted)

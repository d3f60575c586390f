"""Which side of the split a sticker stands on: near-duplicates on one side, a test sticker on its side for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from sticktionary.models import Release, SplitPart
from sticktionary.models.releases import SplitPart as Line

TRAIN, VALIDATION, TEST = Line.Part.TRAIN.value, Line.Part.VALIDATION.value, Line.Part.TEST.value
PARTS = (TRAIN, VALIDATION, TEST)  # from the least to the most strict


class Groups:
    """Things that belong together, joined pair by pair (union-find); a group is known by its least member."""

    def __init__(self, members: Iterable[int]) -> None:
        self._above = {member: member for member in members}

    def join(self, one: int, other: int) -> None:
        """Strangers are no reason to join anything."""
        if one in self._above and other in self._above:
            first, second = sorted((self.of(one), self.of(other)))
            self._above[second] = first

    def of(self, member: int) -> int:
        while (above := self._above[member]) != member:
            self._above[member] = self._above[above]
            member = above
        return member

    def all(self) -> dict[int, list[int]]:
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for member in self._above:
            groups[self.of(member)].append(member)
        return dict(groups)


def by_hash(key: str, shares: tuple[int, int, int]) -> str:
    """A side by chance that is the same everywhere: the key's hash falls into one of the shares."""
    place = int.from_bytes(sha256(key.encode()).digest()[:8]) % sum(shares)
    return next(part for part, upto in zip(PARTS, _running(shares), strict=True) if place < upto)


def _running(shares: tuple[int, int, int]) -> tuple[int, int, int]:
    return shares[0], shares[0] + shares[1], sum(shares)


def sides(
    groups: Iterable[list[int]], held: Mapping[int, str], key_of: Callable[[int], str], shares: tuple[int, int, int]
) -> dict[int, str]:
    """The side of every sticker: that of its group, which is the strictest that any of them had before. A group that
    nobody has seen is hashed by the least key among its stickers."""
    found = {}
    for group in groups:
        before = [held[sticker] for sticker in group if sticker in held]
        part = max(before, key=PARTS.index) if before else by_hash(min(map(key_of, group)), shares)
        found.update(dict.fromkeys(group, part))
    return found


def held_upto(last: int | None) -> dict[int, str]:
    """The strictest side of each sticker that has one, by the lines up to one of them, or by all."""
    lines = SplitPart.objects.order_by("pk")
    if last is not None:
        lines = lines.filter(pk__lte=last)
    held: dict[int, str] = {}
    for sticker_id, part in lines.values_list("sticker_id", "part").iterator():
        held[sticker_id] = max(held.get(sticker_id, TRAIN), part, key=PARTS.index)
    return held


def keep(release: Release, parts: Mapping[int, str], held: Mapping[int, str]) -> int:
    """Write down the sides that are new; the number of the last line there is."""
    fresh = [
        SplitPart(sticker_id=id, part=part, since=release) for id, part in sorted(parts.items()) if held.get(id) != part
    ]
    SplitPart.objects.bulk_create(fresh, batch_size=2_000)
    return SplitPart.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

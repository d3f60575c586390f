"""What belongs to a release by its rules: which stickers, whose play, which queries, and why each is believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db.models import QuerySet

from sticktionary.domain.quality.finding import Finders
from sticktionary.domain.releases import as_of
from sticktionary.domain.releases.about import ReleaseRules
from sticktionary.models import Consent, Player, Round, Ruling, Sticker, Tombstone


class Status(StrEnum):
    """Why a query is in, the first that holds."""

    FOUND = "found"  # enough retrievers found the sticker with its round
    REVIEWED = "reviewed"  # a reviewer accepted it
    HOUSE = "house"  # it came with the sticker
    UNPROVEN = "unproven"


@dataclass(frozen=True)
class Standing:
    """Who and what is left out, as of the watermark."""

    players: frozenset[int]
    queries: frozenset[int]
    answers: frozenset[int]
    rulings: Mapping[int, as_of.Said]
    finders: Finders = field(default_factory=Finders)  # weights and skills of players


def standing(rules: ReleaseRules, moment: datetime, finders: Finders, outliers: Iterable[int]) -> Standing:
    return Standing(
        players=frozenset(left_out(rules, moment, outliers)),
        queries=frozenset(as_of.taken_back(Tombstone.Kind.QUERY, moment)),
        answers=frozenset(as_of.taken_back(Tombstone.Kind.ANSWER, moment)),
        rulings=as_of.rulings(moment),
        finders=finders,
    )


def left_out(rules: ReleaseRules, moment: datetime, outliers: Iterable[int]) -> set[int]:
    """Players whose play is not in the release: who did not agree, took back what they gave, or is left out by rule."""
    agreed = Consent.objects.filter(given_at__lt=moment).values("player_id")
    out = set(Player.objects.exclude(pk__in=agreed).values_list("pk", flat=True))
    out |= as_of.taken_back(Tombstone.Kind.PLAYER, moment)
    if rules.leave_out_excluded:
        out |= as_of.excluded_players(moment)
    if rules.leave_out_outliers:
        out |= set(outliers)
    return out


def sticker_ids(packs: Iterable[str], moment: datetime) -> list[int]:
    """Stickers of these packs that had come by then and were not withdrawn."""
    gone = as_of.withdrawn_stickers(moment) | as_of.taken_back(Tombstone.Kind.STICKER, moment)
    held = Sticker.objects.filter(pack__slug__in=list(packs), created_at__lt=moment).order_by("pk")
    return [pk for pk in held.values_list("pk", flat=True) if pk not in gone]


NEVER = (Round.State.LABELLING, Round.State.SKIPPED, Round.State.LAPSED, Round.State.WITHDRAWN)


def rounds(rules: ReleaseRules, moment: datetime) -> QuerySet[Round]:
    """Of the languages and sources ruled, submitted by then."""
    ruled = [(Round.Source.HOUSE, rules.with_house), (Round.Source.SUGGESTION, rules.with_suggestions)]
    sources = [Round.Source.PLAY.value, *(source.value for source, is_in in ruled if is_in)]
    submitted = Round.objects.filter(submitted_at__lt=moment, source__in=sources, language__in=rules.languages)
    return submitted.exclude(state__in=NEVER)


def status_of(rules: ReleaseRules, source: str, n_found: int, verdict: str | None) -> Status | None:
    """Why a query is in the release, or None where it is not. `verdict` is a reviewer's."""
    if verdict == Ruling.Verdict.DISCARDED:
        return None
    if n_found and n_found >= rules.least_found:
        return Status.FOUND
    if rules.with_reviewed and verdict is not None:
        return Status.REVIEWED
    if source == Round.Source.HOUSE:
        return Status.HOUSE
    return Status.UNPROVEN if rules.with_unproven or rules.least_found == 0 else None

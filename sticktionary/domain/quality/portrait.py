"""One player as those who keep the game fair see them: figures, partners, what they did last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sticktionary.domain.play import outcome
from sticktionary.domain.quality import facts, sanctions, skill
from sticktionary.domain.quality.traces import Play
from sticktionary.models import Player, PlayerQuality, Retrieval, Round, Sticker

N_PARTNERS, N_LATEST = 8, 30


@dataclass(frozen=True)
class Figures:
    """Of the latest lookups and rounds, as the tests see them."""

    n_lookups: int
    n_found: int
    n_expected: float
    lookup_s: float | None
    n_rounds: int
    n_tries: int
    n_tries_found: int
    writing_s: float | None
    n_answers: int  # of all time


@dataclass(frozen=True)
class Skill:
    find: skill.Belief
    label: skill.Belief
    n_gold: int
    n_gold_passed: int


@dataclass(frozen=True)
class Partner:
    player: Player
    n: int  # times one looked up the other
    n_found: int


@dataclass(frozen=True)
class Moment:
    at: datetime
    is_lookup: bool
    sticker: Sticker
    texts: list[str]
    seconds: float
    is_found: bool | None  # None: open, or nothing to find


def figures_of(player_id: int) -> Figures:
    play = facts.play_of(player_id)
    counted = [lookup for lookup in play.lookups if not lookup.is_absent]
    tries = [found for round_ in play.rounds for found, _ in round_.tries]
    return Figures(
        n_lookups=len(counted),
        n_found=sum(lookup.is_found for lookup in counted),
        n_expected=sum(lookup.expected for lookup in counted),
        lookup_s=_median(lookup.seconds for lookup in play.lookups),
        n_rounds=len(play.rounds),
        n_tries=len(tries),
        n_tries_found=sum(tries),
        writing_s=_writing_s(play),
        n_answers=sanctions.n_answers(player_id),
    )


def _writing_s(play: Play) -> float | None:
    return _median(line.seconds for round_ in play.rounds for line in round_.lines)


def _median(times: Iterable[float]) -> float | None:
    held = list(times)
    return median(held) if held else None


def skill_of(player_id: int) -> Skill | None:
    row = PlayerQuality.objects.filter(player_id=player_id).first()
    if row is None:
        return None
    find, label = skill.Belief(row.find_skill, row.find_sd), skill.Belief(row.label_skill, row.label_sd)
    return Skill(find, label, row.n_gold, row.n_gold_passed)


def partners_of(player_id: int) -> list[Partner]:
    """Whom they met most, from either side, in their latest play."""
    answered = Retrieval.objects.filter(facts.TRIED, player__isnull=False, round__labeler__isnull=False)
    answered = answered.exclude(round__source=Round.Source.PRACTICE).order_by("-pk")
    theirs = answered.filter(player_id=player_id).values_list("round__labeler_id", "rank")
    of_them = answered.filter(round__labeler_id=player_id).values_list("player_id", "rank")
    n, found = Counter[int](), Counter[int]()
    for partner, rank in [*theirs[:500], *of_them[:500]]:
        n[partner] += 1
        found[partner] += rank > 0
    most = n.most_common(N_PARTNERS)
    players = Player.objects.in_bulk([partner for partner, _ in most])
    return [Partner(players[partner], times, found[partner]) for partner, times in most]


def latest_of(player_id: int) -> list[Moment]:
    """Their last answers and rounds, the newest first."""
    lookups = Retrieval.objects.filter(player_id=player_id, answered_at__isnull=False)
    wrote = Round.objects.filter(labeler_id=player_id, submitted_at__isnull=False)
    practice = Round.Source.PRACTICE
    answers = list(
        lookups.exclude(round__source=practice).select_related("round__sticker").order_by("-dealt_at")[:N_LATEST]
    )
    rounds = list(wrote.exclude(source=practice).select_related("sticker").order_by("-dealt_at")[:N_LATEST])
    texts = outcome.texts_of([answer.round_id for answer in answers] + [round_.pk for round_ in rounds])
    ranks = outcome.best_ranks(round_.pk for round_ in rounds)
    moments = [_lookup(answer, texts[answer.round_id]) for answer in answers]
    moments += [_round(round_, texts[round_.pk], ranks) for round_ in rounds]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:N_LATEST]


def _lookup(answer: Retrieval, texts: list[str]) -> Moment:
    assert answer.answered_at is not None
    seconds = (answer.answered_at - answer.dealt_at).total_seconds()
    found = None if answer.target_absent else answer.rank > 0
    return Moment(answer.answered_at, True, answer.round.sticker, texts, seconds, found)


def _round(round_: Round, texts: list[str], ranks: dict[int, int]) -> Moment:
    assert round_.submitted_at is not None
    seconds = (round_.submitted_at - round_.dealt_at).total_seconds()
    rank = ranks.get(round_.pk)
    return Moment(round_.submitted_at, False, round_.sticker, texts, seconds, None if rank is None else rank > 0)

"""P(find) of rounds: how likely the average player finds the sticker from what was written, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.quality import skill, weights
from sticktionary.domain.quality.skill import Answers, Belief
from sticktionary.models import Player, PlayerQuality, Retrieval, Round

AT_ONCE = 5_000
Find = tuple[float, float, float]  # P(find) and its 95 % interval
Row = tuple[int, int | None, int, list[int], list[int]]  # round, player, rank, picks, candidates


@dataclass(frozen=True)
class Finders:
    """What is known of those who look rounds up, read once for many rounds."""

    skills: dict[int, Belief] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)

    def skill_of(self, player_id: int | None) -> Belief:
        """Belief of a player; of one of whom nothing is known, or who has left, that of anybody."""
        return self.skills.get(player_id or 0, Belief())

    def weight_of(self, player_id: int | None) -> float:
        return self.weights.get(player_id or 0, 1.0)


def finders(player_ids: Sequence[int] | None = None) -> Finders:
    """Of these players, or of all."""
    ids = list(Player.objects.values_list("pk", flat=True)) if player_ids is None else list(player_ids)
    rows = PlayerQuality.objects.all() if player_ids is None else PlayerQuality.objects.filter(player_id__in=ids)
    held = rows.values_list("player_id", "find_skill", "find_sd")
    return Finders({player_id: Belief(mean, sd) for player_id, mean, sd in held}, weights.weights_of(ids))


def probability_found(round_: Round) -> Find:
    return probabilities_found([round_.pk])[round_.pk]


def probabilities_found(round_ids: Iterable[int], known: Finders | None = None) -> dict[int, Find]:
    """P(find) of each of the rounds. For very many, read the finders once and hand them over."""
    ids = sorted(set(round_ids))
    return {id: find for start in range(0, len(ids), AT_ONCE) for id, find in _of(ids[start : start + AT_ONCE], known)}


def _of(ids: Sequence[int], known: Finders | None) -> Iterator[tuple[int, Find]]:
    answers = Retrieval.objects.filter(COUNTS, round_id__in=ids).order_by("round_id", "answered_at", "pk")
    rows: list[Row] = list(answers.values_list("round_id", "player_id", "rank", "picks", "candidates"))
    if known is None:
        known = finders(sorted({player for _round, player, *_rest in rows if player is not None}))
    finds = skill.finds(columns(ids, rows, known), len(ids))
    yield from zip(ids, zip(finds.p.tolist(), finds.low.tolist(), finds.high.tolist(), strict=True), strict=True)


def columns(ids: Sequence[int], rows: Sequence[Row], known: Finders) -> Answers:
    """Rows in the order of their rounds, as the model reads them."""
    place = {id: number for number, id in enumerate(ids)}
    skills = [known.skill_of(player) for _round, player, *_rest in rows]
    return Answers(
        round=np.array([place[row[0]] for row in rows], dtype=np.int64),
        found=np.array([row[2] > 0 for row in rows], dtype=np.bool_),
        floor=np.array([skill.floor_of(len(row[3]), len(row[4])) for row in rows], dtype=np.float64),
        skill=np.array([belief.mean for belief in skills], dtype=np.float64),
        sd=np.array([belief.sd for belief in skills], dtype=np.float64),
        weight=np.array([known.weight_of(row[1]) for row in rows], dtype=np.float64),
    )

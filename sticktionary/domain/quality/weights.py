"""How much a player's answers count, from what is known of them: between the least that the rules allow and 1.

Worked out when it is read, so that a changed rule or a lifted sanction holds at once. Nobody is judged on few answers,
and always by the better end of the interval: the weight falls only as far as it is certain that it should.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import sqrt

from sticktionary.domain import rules
from sticktionary.domain.quality.skill import PLAIN_FLOOR, Z95, Belief, p_find
from sticktionary.domain.rules import Rules
from sticktionary.models import PlayerQuality, Sanction

GOLD_EXPECTED = 0.8  # of people who look; everybody found these rounds at once before


def weights_of(player_ids: Collection[int]) -> dict[int, float]:
    """The weight of each of the players; 1 for those of whom little is known, 0 for those whom a person excluded."""
    ids = set(player_ids)
    steps = _steps(ids)
    rule, weights = rules.current(), dict.fromkeys(sorted(ids), 1.0)
    for quality in PlayerQuality.objects.filter(player_id__in=ids):
        weights[quality.player_id] = of_quality(quality, rule)
    for player_id, steps_of_player in steps.items():
        weights[player_id] = 0.0 if Sanction.Step.EXCLUDED in steps_of_player else rule.weight_least
    return weights


def _steps(player_ids: Iterable[int]) -> dict[int, set[str]]:
    weighing = [Sanction.Step.WEIGHT, Sanction.Step.EXCLUDED]
    held = Sanction.objects.filter(player_id__in=player_ids, step__in=weighing, lifted_at=None)
    steps: dict[int, set[str]] = {}
    for player_id, step in held.values_list("player_id", "step"):
        steps.setdefault(player_id, set()).add(step)
    return steps


def of_quality(quality: PlayerQuality, rule: Rules) -> float:
    """What the answers of a player alone make of their weight."""
    if quality.n_finds < rule.judge_after:
        return 1.0
    skill = Belief(quality.find_skill, quality.find_sd)
    weight = of_skill(skill) * of_gold(quality.n_gold_passed, quality.n_gold)
    return max(rule.weight_least, round(weight, 4))


def of_skill(skill: Belief) -> float:
    """What they find beyond guessing at an average page, at best, against what the average player does."""
    return min(1.0, (p_find(skill.high) - PLAIN_FLOOR) / (p_find(0.0) - PLAIN_FLOOR))


def of_gold(n_passed: int, n_gold: int) -> float:
    """Their pass rate at best, against what is expected of people who look."""
    return min(1.0, wilson(n_passed, n_gold)[1] / GOLD_EXPECTED)


def wilson(n_hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); all of it where there is nothing to go by."""
    if not n:
        return 0.0, 1.0
    share, z2 = n_hits / n, Z95**2
    centre, spread = share + z2 / (2 * n), Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z2 / n)), min(1.0, (centre + spread) / (1 + z2 / n))

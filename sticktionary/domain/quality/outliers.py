"""Players so far from all others that statistics and releases can leave their data out, as the StickerQueries paper
did.

The rule: a player with enough answers is an outlier when their share of finds, or the middle time of their lookups,
lies more than 3.5 robust deviations below that of the players of their language, on the side that speaks of
carelessness: fewer finds, shorter times. Deviations are those of Iglewicz and Hoaglin (1993), 0.6745 (x - median) /
MAD, of the logit of the share and of the logarithm of the time; where half of the players are the same to the last
digit, there is no scale and nobody is an outlier. Not a verdict: nothing happens to the player.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from django.db.models import Q

from sticktionary.domain import rules
from sticktionary.domain.quality.facts import TRIED
from sticktionary.models import Retrieval, Round

FAR = 3.5
FEWEST_PLAYERS = 10  # with fewer there is no telling what is usual
SCALE = 0.6745


@dataclass
class Record:
    n: int = 0
    n_found: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def success(self) -> float:
        """Logit of the share of finds, with half a find and half a miss added."""
        return math.log((self.n_found + 0.5) / (self.n - self.n_found + 0.5))

    @property
    def pace(self) -> float:
        return math.log(max(median(self.seconds), 1e-3))


def outliers(*, until: datetime | None = None, fewest: int | None = None) -> set[int]:
    """Ids of the outliers by the answers given until then. Gold counts like any round; practice does not."""
    fewest = rules.current().judge_after if fewest is None else fewest
    found = set[int]()
    for records in _records(until).values():
        judged = {player: record for player, record in records.items() if record.n >= fewest}
        found |= far_below({player: record.success for player, record in judged.items()})
        found |= far_below({player: record.pace for player, record in judged.items()})
    return found


def far_below(values: Mapping[int, float]) -> set[int]:
    """Who lies far below the median. Pure."""
    if len(values) < FEWEST_PLAYERS:
        return set()
    middle = median(values.values())
    spread = median(abs(value - middle) for value in values.values())
    if spread == 0:
        return set()
    return {player for player, value in values.items() if SCALE * (value - middle) / spread < -FAR}


def _records(until: datetime | None) -> dict[str, dict[int, Record]]:
    rows = Retrieval.objects.filter(TRIED, player__isnull=False).exclude(round__source=Round.Source.PRACTICE)
    rows = rows.filter(Q(answered_at__lte=until) if until else Q()).order_by()
    records: dict[str, dict[int, Record]] = defaultdict(lambda: defaultdict(Record))
    columns = ("round__language", "player_id", "rank", "dealt_at", "answered_at")
    for language, player_id, rank, dealt_at, answered_at in rows.values_list(*columns).iterator(5_000):
        record = records[language][player_id]
        record.n += 1
        record.n_found += rank > 0
        record.seconds.append((answered_at - dealt_at).total_seconds())
    return records

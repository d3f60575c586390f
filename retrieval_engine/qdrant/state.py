"""What is known of a catalogue as a whole, as it lies beside it in two points of the vocabulary: what every query
reads, and what only who writes needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from .words import NAMESPACE, Statistics

STATISTICS: Final = str(NAMESPACE)
LEDGER: Final = str(NAMESPACE).replace("5c2f", "5c30", 1)
JOURNAL: Final = str(NAMESPACE).replace("5c2f", "5c31", 1)
"""The point that holds what is being written: see `store`."""


@dataclass(slots=True)
class State:
    """`statistics` by field; the rest stays empty where the ledger was not read."""

    statistics: dict[str, Statistics] = field(default_factory=dict)
    n_numbers: int = 0  # dimensions that were ever given a number
    position: dict[str, Any] = field(default_factory=dict)  # the writer's own
    weighing_from: int | None = None  # stickers from this id on have weights of the average length before

    def of(self, field: str) -> Statistics:
        return self.statistics.setdefault(field, Statistics())

    def as_points(self) -> list[tuple[str, dict[str, Any]]]:
        """The payloads of the two points, by their ids."""
        statistics = {field: each.as_payload() for field, each in self.statistics.items()}
        ledger = {
            "n_terms": {field: each.pop("n_terms") for field, each in statistics.items()},
            "n_numbers": self.n_numbers,
            "position": self.position,
            "weighing_from": self.weighing_from,
        }
        return [(STATISTICS, {"statistics": statistics}), (LEDGER, ledger)]

    @classmethod
    def of_points(cls, payloads: Mapping[str, Mapping[str, Any]]) -> Self:
        """What `as_points` has written; KeyError where there is nothing."""
        ledger = payloads.get(LEDGER, {})
        terms = ledger.get("n_terms", {})
        statistics = {
            field: Statistics.of_payload(held | {"n_terms": terms.get(field, {})})
            for field, held in payloads[STATISTICS]["statistics"].items()
        }
        return cls(statistics, ledger.get("n_numbers", 0), ledger.get("position", {}), ledger.get("weighing_from"))

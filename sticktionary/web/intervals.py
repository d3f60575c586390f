"""Intervals as they are drawn: a line from low to high with a stroke at the value, in a picture 100 wide. Numbers are
texts here, since those of a drawing are never to be written as a language writes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    value: str  # as it is read
    low: str
    high: str
    x1: str  # as it is drawn
    x2: str
    at: str  # empty: there is no value


def bar(value: float | None, low: float, high: float) -> Bar:
    """Of shares, from 0 to 1."""
    at = "" if value is None else _x(value)
    return Bar("–" if value is None else percent(value), f"{100 * low:.0f}", percent(high), _x(low), _x(high), at)


def gap(value: float, low: float, high: float) -> Bar:
    """Of differences, from -1 to 1, with none in the middle; what is beyond is drawn at the edge."""
    x1, x2, at = (_x((part + 1) / 2) for part in (low, high, value))
    return Bar("", "", "", x1, x2, at)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _x(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.1f}"

"""The dice of the game, in one place: nobody can guess what they throw, and a test can load them."""

from __future__ import annotations

from random import SystemRandom

dice = SystemRandom()


def happens(share: float) -> bool:
    """Whether something that is to happen to this share of pages happens to this one."""
    return dice.random() < share

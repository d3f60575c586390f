"""What a verb answers instead of acting. `code` is for programs, the text is what the player reads."""

from __future__ import annotations


class RuleBroken(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotAllowed(RuleBroken):
    """The player may not do this at all."""


class Refused(RuleBroken):
    """The player may do this, but not with this input or not now."""

"""The verdicts as they are shown: a proof-reader's mark, a key, a plain name and what it does."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sticktionary.domain.review.effects import Verdict
from sticktionary.domain.review.verdicts import verdicts_of
from sticktionary.models import Case, Flag

Words = str | Promise


class Mark(NamedTuple):
    verdict: str
    key: str
    sign: str
    name: Words
    meaning: Words


MARKS = {
    mark.verdict: mark
    for mark in (
        Mark(Verdict.ACCEPT, "a", "✓", _("Accept"), _("what was picked comes close: the words count")),
        Mark(Verdict.CORRECT, "c", "∧", _("Mend"), _("change a word above, then confirm: it counts mended")),
        Mark(Verdict.DISCARD, "d", "₰", _("Discard"), _("the words do not fit: they are left out")),
        Mark(Verdict.SAME, "s", "≡", _("Same sticker"), _("two that say the same: the words count")),
        Mark(Verdict.SEND_BACK, "b", "↺", _("Send back"), _("one more retriever shall look")),
        Mark(Verdict.HARMFUL, "h", "⊘", _("Harmful"), _("sticker out of the catalogue, for everybody")),
        Mark(Verdict.RESTORE, "r", "✓", _("Put back"), _("nothing is wrong with it: back in play")),
        Mark(Verdict.UPHOLD, "g", "✓", _("Grant"), _("the player is right: it is taken back")),
        Mark(Verdict.REJECT, "t", "₰", _("Turn down"), _("it stays as it was decided")),
    )
}

REASONS: dict[str, Words] = {
    Case.Kind.NOT_FOUND: _("nobody found it"),
    Case.Kind.SPLIT: _("retrievers disagree"),
    Case.Kind.FOUND: _("found; the rules ask for a person"),
    Case.Kind.FLAGGED: _("flagged"),
    Case.Kind.STICKER: _("passed on by many"),
    Case.Kind.APPEAL: _("the player appeals"),
    "skipped": _("passed on by many"),
    "harmful": _("reported as harmful"),
    **{kind.value: kind.label for kind in Flag.Kind},
}


def marks_of(case: Case) -> list[Mark]:
    return [MARKS[verdict] for verdict in verdicts_of(case)]


def reason_words(case: Case) -> list[Any]:
    codes = dict.fromkeys([case.kind, *case.reasons])
    return list(dict.fromkeys(str(REASONS.get(code, code)) for code in codes))

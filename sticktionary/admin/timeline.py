"""Everything that is known to have happened in a round, in its order: what was typed, shown, picked and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sticktionary.domain.intake import pictures
from sticktionary.domain.play.snapshot import Picture
from sticktionary.models import Case, Flag, Judgement, LedgerEntry, Retrieval, Round, Sticker

N_PREVIEWS = 200
N_REVISIONS = 400


@dataclass(frozen=True)
class Pick:
    picture: Picture
    name: str
    is_target: bool


@dataclass(frozen=True)
class Line:
    at: datetime
    what: str
    kind: str = "play"  # play, shown, outcome, doubt
    picks: list[Pick] = field(default_factory=list)
    s: float | None = None  # seconds it took


def timeline_of(round_: Round) -> list[Line]:
    lines = [*_writing(round_), *_looking_up(round_), *_leaving(round_), *_doubts(round_), *_ends(round_)]
    return sorted(lines, key=lambda line: line.at)


def _writing(round_: Round) -> Iterator[Line]:
    if round_.source == Round.Source.HOUSE:
        yield Line(round_.dealt_at, _("came with the sticker"))
        return
    yield Line(round_.dealt_at, _("dealt to %(who)s") % {"who": round_.labeler or _("somebody who has left")})
    for revision in round_.revisions.order_by("pk")[:N_REVISIONS]:
        yield Line(revision.at, _move(revision.move, revision.detail))
    for preview in round_.previews.order_by("pk")[:N_PREVIEWS]:
        said = {"text": preview.text, "place": preview.target_rank or "–"}
        yield Line(preview.at, _("typed “%(text)s”, target at %(place)s") % said, "shown")
    if round_.submitted_at:
        yield Line(round_.submitted_at, _("submitted"))


def _looking_up(round_: Round) -> Iterator[Line]:
    retrievals = list(round_.retrievals.select_related("player", "gave_away"))
    picked = Sticker.objects.in_bulk({id for retrieval in retrievals for id in retrieval.picks})
    for retrieval in retrievals:
        who = {"who": retrieval.player or _("somebody who has left")}
        yield Line(retrieval.dealt_at, _("looked up by %(who)s") % who)
        if retrieval.answered_at:
            yield _answer(round_, retrieval, picked, who)


def _answer(round_: Round, retrieval: Retrieval, picked: dict[int, Sticker], who: dict[str, Any]) -> Line:
    assert retrieval.answered_at is not None
    found = [picked[id] for id in retrieval.picks if id in picked]
    picks = [Pick(pictures.picture_of(each), each.name, each.pk == round_.sticker_id) for each in found]
    said = _("%(who)s answered: %(place)s") % {**who, "place": retrieval.rank or _verdict(retrieval)}
    if retrieval.gave_away:
        said = _("%(what)s, led there by “%(text)s”") % {"what": said, "text": retrieval.gave_away.text}
    took = (retrieval.answered_at - retrieval.dealt_at).total_seconds()
    return Line(retrieval.answered_at, said, "outcome", picks, took)


def _verdict(retrieval: Retrieval) -> str:
    if retrieval.none_of_these:
        return _("none of these, rightly") if retrieval.target_absent else _("none of these")
    return _("not found")


def _leaving(round_: Round) -> Iterator[Line]:
    for skip in round_.skips.select_related("player"):
        said = _("skipped by %(who)s: %(why)s") % {"who": skip.player, "why": skip.get_reason_display()}
        yield Line(skip.at, said)


def _doubts(round_: Round) -> Iterator[Line]:
    for flag in Flag.objects.filter(round=round_).select_related("player"):
        yield Line(flag.at, _("flagged: %(what)s") % {"what": flag.get_kind_display()}, "doubt")
    for case in Case.objects.filter(round=round_):
        yield Line(case.opened_at, _("case opened: %(what)s") % {"what": case.get_kind_display()}, "doubt")
    for judgement in Judgement.objects.filter(case__round=round_).select_related("reviewer", "undone_by"):
        yield from _judged(judgement)


def _judged(judgement: Judgement) -> Iterator[Line]:
    said = {"who": judgement.reviewer or "–", "what": judgement.get_verdict_display(), "why": judgement.why}
    words = _("judged by %(who)s: %(what)s (%(why)s)") if judgement.why else _("judged by %(who)s: %(what)s")
    yield Line(judgement.at, words % said, "outcome")
    if judgement.undone_at:
        yield Line(judgement.undone_at, _("undone by %(who)s") % {"who": judgement.undone_by or "–"}, "outcome")


def _ends(round_: Round) -> Iterator[Line]:
    for entry in LedgerEntry.objects.filter(round=round_).select_related("player"):
        said = {"n": entry.n_points, "who": entry.player, "why": entry.get_reason_display()}
        yield Line(entry.at, _("%(n)d points for %(who)s: %(why)s") % said)
    if round_.decided_at:
        yield Line(round_.decided_at, _("decided: %(state)s") % {"state": round_.get_state_display()}, "outcome")


MOVES = {
    "add": gettext_lazy("wrote “%(text)s”"),
    "edit": gettext_lazy("changed “%(was)s” to “%(text)s”"),
    "remove": gettext_lazy("took back “%(text)s”"),
    "suggest": gettext_lazy("suggested “%(text)s” for another sticker"),
}
MOVES_ALONE = {
    "reorder": gettext_lazy("put the queries in another order"),
    "submit": gettext_lazy("handed in the page"),
    "answer": gettext_lazy("handed in an answer"),
    "gave_away": gettext_lazy("said which query led there"),
    "skip": gettext_lazy("skipped the page"),
    "wait": gettext_lazy("went waiting"),
    "deal": gettext_lazy("turned the page"),
}


def _move(move: str, detail: Any) -> str:
    """In words, or as it was noted when there are none for it."""
    if move in MOVES_ALONE:
        return str(MOVES_ALONE[move])
    try:
        return f"{str(MOVES[move]) % detail}"
    except (KeyError, TypeError):
        return f"{move}: {detail}"

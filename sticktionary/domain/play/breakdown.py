"""How the points of a page add up, line by line."""

from __future__ import annotations

from django.db.models import QuerySet

from sticktionary.domain import rules
from sticktionary.domain.play import outcome, scoring
from sticktionary.domain.play.snapshot import Line
from sticktionary.domain.prepared import prepared
from sticktionary.models import Retrieval, Round


def find_lines(retrieval: Retrieval, *, practice: bool = False) -> list[Line]:
    """A retriever's own points. Codes: practice, right_none, not_there, missed, right_1 to right_3,
    wrong_above, suggestion."""
    if practice:
        return [Line("practice", retrieval.n_points, {"rank": retrieval.rank})]
    return [*_answer_lines(retrieval), *_suggestion_lines(retrieval)]


def _answer_lines(retrieval: Retrieval) -> list[Line]:
    if retrieval.target_absent:
        return [Line("right_none" if retrieval.none_of_these else "not_there", retrieval.n_points)]
    if not retrieval.rank:
        return [Line("missed", 0)]
    n_wrong = retrieval.rank - 1
    return [
        Line(f"right_{retrieval.rank}", scoring.base(retrieval.rank), {"rank": retrieval.rank}),
        Line("wrong_above", scoring.WRONG_PICK_ABOVE * n_wrong, {"n": n_wrong}),
    ]


def _suggestion_lines(retrieval: Retrieval) -> list[Line]:
    """Still open: a suggestion pays when a later retriever finds the sticker with it."""
    return [Line("suggestion", None, {"text": text}) for _, text in suggested_in(retrieval.pk)]


@prepared
def suggested_in(retrieval_id: int) -> QuerySet[Round, tuple[int, str]]:
    """The sticker and the words of each suggestion of a retrieval, in order."""
    return Round.objects.filter(suggested_in=retrieval_id).order_by("pk").values_list("sticker_id", "queries__text")


def other_lines(retrieval: Retrieval) -> list[Line]:
    """What others made of the same queries, once one's own answer is given. Codes: other_found, other_missed, machine.
    Nothing where the target was absent: who found it would say that it exists."""
    if retrieval.target_absent:
        return []
    others = [other for other in outcome.answers_of(retrieval.round_id) if other.pk != retrieval.pk]
    if retrieval.is_gold:  # no more of them than a page that is not gold would have
        others = others[: rules.current().n_retrievers - 1]
    lines = [_other(other) for other in others]
    if retrieval.machine_rank:
        lines.append(Line("machine", None, {"rank": retrieval.machine_rank}))
    return lines


def _other(other: Retrieval) -> Line:
    values: dict[str, str | int | float] = {"name": other.player.name if other.player else "", "rank": other.rank}
    return Line("other_found" if other.rank else "other_missed", None, values)


def written_lines(round_: Round) -> list[Line]:
    """A labeler's points, one line per retriever. Codes: practice, found, missed, awaiting."""
    if round_.source == Round.Source.PRACTICE:
        return [Line("practice", scoring.PRACTICE)]
    novelty = scoring.round_novelty(outcome.novelties(round_.pk))
    retrievals = outcome.answers_of(round_.pk)
    lines = [_retriever_line(retrieval, novelty) for retrieval in retrievals]
    standing = outcome.standing_of(round_.pk)
    if round_.state == Round.State.OPEN and standing.n_needed > standing.n_answers:
        lines.append(Line("awaiting", None, {"n": standing.n_needed - standing.n_answers, "novelty": novelty}))
    return lines


def _retriever_line(retrieval: Retrieval, novelty: float) -> Line:
    values: dict[str, str | int | float] = {"name": retrieval.player.name if retrieval.player else ""}
    if not retrieval.rank:
        return Line("missed", 0, values)
    values |= {"rank": retrieval.rank, "base": scoring.base(retrieval.rank), "novelty": novelty}
    if retrieval.gave_away:
        values["query"] = retrieval.gave_away.text
    return Line("found", scoring.labeler_points(retrieval.rank, novelty), values)

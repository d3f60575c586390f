"""What reviewers ruled of single queries, for all that read queries as proof.

The query stays as it was typed. Read through here, a discarded one is not there and a mended one says what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.db.models import Case, F, Q, QuerySet, When

from sticktionary.models import Query, Ruling

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

MENDED = Q(ruling__verdict=Ruling.Verdict.CORRECTED)
NOT_DISCARDED = ~Q(ruling__verdict=Ruling.Verdict.DISCARDED)


class Reading(TypedDict):
    said: str
    said_normalised: str


def as_ruled(queries: QuerySet[Query]) -> QuerySet[WithAnnotations[Query, Reading]]:
    """Those that were not discarded, with `said` and `said_normalised`: the text as it counts."""
    return queries.filter(NOT_DISCARDED).annotate(
        said=Case(When(MENDED, then=F("ruling__text")), default=F("text")),
        said_normalised=Case(When(MENDED, then=F("ruling__normalised")), default=F("normalised")),
    )

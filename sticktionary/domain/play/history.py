"""What became of everything a player wrote, looked up and replied, newest first, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Prefetch, Q, QuerySet, Sum

from retrieval_engine import taxonomy
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.reply_round import places, replying
from sticktionary.models import Case, Judgement, LedgerEntry, Query, Reply, Retrieval, Round, Ruling

N_PER_PAGE = 20
Entry = TypeVar("Entry")
Row = TypeVar("Row", Round, Retrieval, Reply)


@dataclass(frozen=True)
class Lookup:
    """One retriever's answer to a round of mine."""

    who: str  # empty for somebody who has left
    rank: int  # 0: not found
    gave_away: str  # the query that led there, when they said


@dataclass(frozen=True)
class Verdict:
    """What a reviewer decided about a round, never who."""

    why: str
    mended: list[str]
    may_appeal: bool
    is_appealed: bool


@dataclass(frozen=True)
class Written:
    at: datetime
    picture: Picture
    queries: list[Query]
    state: str
    source: str
    lookups: list[Lookup]
    n_points: int
    id: int
    verdict: Verdict | None = None  # of a reviewer


@dataclass(frozen=True)
class Searched:
    at: datetime
    picture: Picture | None  # None when it was not among the candidates: others still look for it
    queries: list[Query]
    writer: str  # empty for the house and for somebody who has left
    rank: int
    rightly_none: bool
    n_points: int


@dataclass(frozen=True)
class ReplySent:
    """A sticker I would send at a place of a chat, and how far that has been agreed with."""

    at: datetime
    picture: Picture
    intent: str  # in the language I replied in
    n_agreeing: int  # other players who paid for it so far
    is_as_sent: bool  # picked or named what was really sent, and somebody else has answered
    n_points: int


@dataclass(frozen=True)
class HistoryPage(Generic[Entry]):
    entries: list[Entry]
    older: int | None  # what to ask for as `before` to read on


def written(player_id: int, before: int | None = None) -> HistoryPage[Written]:
    rounds = Round.objects.filter(labeler_id=player_id, submitted_at__isnull=False).select_related("sticker")
    rounds = rounds.prefetch_related(_queries("queries"), Prefetch("retrievals", queryset=_answers()))
    shown, older = _page(list((rounds.filter(pk__lt=before) if before else rounds).order_by("-pk")[: N_PER_PAGE + 1]))
    ids = [round_.pk for round_ in shown]
    points, verdicts = _points(player_id, ids), _verdicts(player_id, ids)
    return HistoryPage([_written(round_, points[round_.pk], verdicts.get(round_.pk)) for round_ in shown], older)


def searched(player_id: int, before: int | None = None) -> HistoryPage[Searched]:
    mine = Retrieval.objects.filter(player_id=player_id, state=Retrieval.State.ANSWERED)
    mine = mine.select_related("round__sticker", "round__labeler").prefetch_related(_queries("round__queries"))
    shown, older = _page(list((mine.filter(pk__lt=before) if before else mine).order_by("-pk")[: N_PER_PAGE + 1]))
    return HistoryPage([_searched(retrieval) for retrieval in shown], older)


def replied(player_id: int, before: int | None = None) -> HistoryPage[ReplySent]:
    mine = _replies(player_id).select_related("pick")
    shown, older = _page(list((mine.filter(pk__lt=before) if before else mine).order_by("-pk")[: N_PER_PAGE + 1]))
    paid = _paid_for(player_id, [reply.pk for reply in shown])
    return HistoryPage([_replied(reply, paid[reply.pk]) for reply in shown], older)


def has_replied(player_id: int) -> bool:
    return _replies(player_id).exists()


def _replies(player_id: int) -> QuerySet[Reply]:
    return Reply.objects.filter(player_id=player_id, state=Reply.State.ANSWERED)


def _page(rows: list[Row]) -> tuple[list[Row], int | None]:
    """One row more than a page was read: it only tells that there is more."""
    shown = rows[:N_PER_PAGE]
    return shown, shown[-1].pk if len(rows) > N_PER_PAGE else None


def _queries(path: str) -> Prefetch[str]:
    return Prefetch(path, queryset=Query.objects.filter(removed_at=None))


def _answers() -> QuerySet[Retrieval]:
    answered = Retrieval.objects.filter(COUNTS)
    return answered.select_related("player", "gave_away").order_by("pk")


def _points(player_id: int, round_ids: list[int]) -> defaultdict[int, int]:
    """What a player earned with rounds of their own; what they earned by looking up is with the retrieval."""
    entries = LedgerEntry.objects.filter(player_id=player_id, round__in=round_ids)
    sums = entries.values_list("round").annotate(Sum("n_points")).order_by()
    return defaultdict(int, {round_id: total for round_id, total in sums if round_id})


def _verdicts(player_id: int, round_ids: list[int]) -> dict[int, Verdict]:
    """Of the rounds that a reviewer judged, the verdict that holds."""
    rulings = Ruling.objects.filter(query__round__in=round_ids).select_related("judgement", "query")
    rulings = rulings.order_by("query__position", "pk")
    if not rulings:
        return {}
    appealed = set(Case.objects.filter(player=player_id, round__in=round_ids).values_list("round", flat=True))
    found: dict[int, Verdict] = {}
    for ruling in rulings:
        round_id = ruling.query.round_id
        verdict = found.setdefault(round_id, _verdict(ruling, round_id in appealed))
        if ruling.text:
            verdict.mended.append(ruling.text)
    return found


def _verdict(ruling: Ruling, is_appealed: bool) -> Verdict:
    is_discarded = ruling.judgement.verdict == Judgement.Verdict.DISCARD
    return Verdict(ruling.judgement.why, [], may_appeal=is_discarded and not is_appealed, is_appealed=is_appealed)


def _written(round_: Round, n_points: int, verdict: Verdict | None) -> Written:
    assert round_.submitted_at is not None
    return Written(
        at=round_.submitted_at,
        picture=picture_of(round_.sticker),
        queries=list(round_.queries.all()),
        state=round_.state,
        source=round_.source,
        lookups=[_lookup(retrieval) for retrieval in round_.retrievals.all()],
        n_points=n_points,
        id=round_.pk,
        verdict=verdict,
    )


def _lookup(retrieval: Retrieval) -> Lookup:
    gave_away = retrieval.gave_away.text if retrieval.gave_away else ""
    return Lookup(retrieval.player.name if retrieval.player else "", retrieval.rank, gave_away)


def _searched(retrieval: Retrieval) -> Searched:
    assert retrieval.answered_at is not None
    round_ = retrieval.round
    return Searched(
        at=retrieval.answered_at,
        picture=None if retrieval.target_absent else picture_of(round_.sticker),
        queries=list(round_.queries.all()),
        writer=round_.labeler.name if round_.labeler else "",
        rank=retrieval.rank,
        rightly_none=retrieval.target_absent and retrieval.none_of_these,
        n_points=retrieval.n_points,
    )


def _paid_for(player_id: int, reply_ids: list[int]) -> defaultdict[int, dict[str, int]]:
    """By reply what it has brought, by whom it agreed with or `sent`."""
    found = defaultdict[int, dict[str, int]](dict)
    if not reply_ids:
        return found
    keys = Q(*(("key__startswith", replying.ledger_key(id)) for id in reply_ids), _connector=Q.OR)
    entries = LedgerEntry.objects.filter(keys, player_id=player_id, reason=LedgerEntry.Reason.REPLIED)
    for key, n_points in entries.values_list("key", "n_points"):
        reply_id = replying.reply_of(key)
        found[reply_id][key.removeprefix(replying.ledger_key(reply_id))] = n_points
    return found


def _replied(reply: Reply, paid: dict[str, int]) -> ReplySent:
    assert reply.answered_at is not None
    assert reply.pick is not None
    label = taxonomy.load(places.INTENTS).labels.get(reply.intent)
    return ReplySent(
        at=reply.answered_at,
        picture=picture_of(reply.pick),
        intent=label.name[reply.language] if label else reply.intent,
        n_agreeing=sum(n_points > 0 for whom, n_points in paid.items() if whom != "sent"),
        is_as_sent=paid.get("sent", 0) > 0,
        n_points=sum(paid.values()),
    )

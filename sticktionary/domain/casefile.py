"""All there is to know about a case, for the one who judges it: read in a fixed number of queries, without names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from sticktionary.domain import beside, spelling
from sticktionary.domain.beside import Shown
from sticktionary.domain.pictures import picture_of
from sticktionary.domain.quality import evidence
from sticktionary.domain.snapshot import Picture
from sticktionary.models import (
    Case,
    Flag,
    Judgement,
    Preview,
    Query,
    Retrieval,
    Revision,
    Round,
    Skip,
    Sticker,
)

MOST_OTHERS = 12
MOST_FLAGS = 12
MOST_PREVIEWS = 60
MOST_MOVES = 60


@dataclass(frozen=True)
class Said:
    """A query as it was typed, and what is known of it."""

    id: int
    text: str
    nudges: list[str]
    pasted: bool
    is_removed: bool
    novelty: float | None
    suggestion: str  # a likelier spelling; empty when it looks right
    ruling: str  # of a judgement in force
    mended: str
    led_there: int  # retrievers who said that it gave the sticker away


@dataclass(frozen=True)
class Seen:
    """What came up for a half-typed text; `height` is the target's place as a share of a hundred, for the drawing."""

    at_s: float  # since the sticker was dealt
    text: str
    rank: int | None
    height: int

    @property
    def top(self) -> int:
        return 100 - self.height


@dataclass(frozen=True)
class Move:
    at_s: float
    what: str
    text: str


@dataclass(frozen=True)
class Lookup:
    """A retriever's answer, by number: whoever judges does not know whose it is."""

    number: int
    seconds: float | None
    rank: int
    none_of_these: bool
    target_absent: bool
    is_gold: bool
    picks: list[Shown]
    candidates: list[Shown]
    gave_away: str
    machine_rank: int | None


@dataclass(frozen=True)
class Evidence:
    kind: str
    state: str
    sentences: list[str]


@dataclass(frozen=True)
class CaseFile:
    case: Case
    sticker: Sticker | None
    picture: Picture | None
    queries: list[Said] = field(default_factory=list)
    removed: list[Said] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    beside: list[Shown] = field(default_factory=list)
    flags: list[Evidence] = field(default_factory=list)
    skips: dict[str, int] = field(default_factory=dict)  # reasons and how often
    wrote_s: float | None = None
    judgements: list[Judgement] = field(default_factory=list)  # of this case and of others about the same

    @property
    def others(self) -> list[Shown]:
        """What may be the same sticker: what was picked in its place, most often first, then its twins."""
        picked = Counter(pick.id for lookup in self.lookups for pick in lookup.picks if not pick.is_target)
        shown = {pick.id: pick for lookup in self.lookups for pick in lookup.picks}
        picks = [replace(shown[id], why="picked") for id, _n in picked.most_common()]
        return [*picks, *(each for each in self.beside if each.id not in picked)][:MOST_OTHERS]


def read(case_id: int) -> CaseFile | None:
    case = (
        Case.objects.select_related("round__sticker__pack", "sticker__pack", "sanction", "held_by")
        .filter(pk=case_id)
        .first()
    )
    if case is None:
        return None
    round_ = case.round
    sticker = round_.sticker if round_ else case.sticker
    if round_ is None:
        return _of_sticker(case, sticker)
    queries = _queries(round_)
    retrievals = list(_retrievals(round_))
    shelf = beside.stickers(sticker, retrievals)
    said = _said(queries, retrievals, round_)
    return CaseFile(
        case=case,
        sticker=sticker,
        picture=picture_of(round_.sticker),
        queries=[each for each in said if not each.is_removed],
        removed=[each for each in said if each.is_removed],
        moves=_moves(round_),
        seen=_seen(round_),
        lookups=[_lookup(number, each, shelf, round_) for number, each in enumerate(retrievals, 1)],
        beside=beside.of(round_.sticker, shelf),
        flags=_flags(round_),
        skips=_skips(round_.sticker_id),
        wrote_s=_between(round_.dealt_at, round_.submitted_at),
        judgements=_judgements(case),
    )


def _of_sticker(case: Case, sticker: Sticker | None) -> CaseFile:
    """A halted sticker, or an appeal against a sanction, which is about no sticker."""
    if sticker is None:
        return CaseFile(case, None, None, judgements=_judgements(case))
    return CaseFile(
        case=case,
        sticker=sticker,
        picture=picture_of(sticker),
        beside=beside.of(sticker, beside.stickers(sticker, [])),
        skips=_skips(sticker.pk),
        judgements=_judgements(case),
    )


# --- what was written ---


def _queries(round_: Round) -> list[Query]:
    return list(Query.objects.filter(round=round_).select_related("ruling").order_by("position", "pk"))


def _said(queries: Iterable[Query], retrievals: list[Retrieval], round_: Round) -> list[Said]:
    vocabulary = spelling.shelf.vocabulary() if round_.language == "en" else None
    led = [retrieval.gave_away_id for retrieval in retrievals if retrieval.rank]
    return [_line(query, led.count(query.pk), vocabulary) for query in queries]


def _line(query: Query, n_led: int, vocabulary: spelling.Vocabulary | None) -> Said:
    ruling = getattr(query, "ruling", None)
    is_removed = query.removed_at is not None
    return Said(
        id=query.pk,
        text=query.text,
        nudges=query.nudges,
        pasted=query.pasted,
        is_removed=is_removed,
        novelty=query.novelty,
        suggestion=spelling.suggestion(query.text, vocabulary) if vocabulary and not is_removed else "",
        ruling=ruling.verdict if ruling else "",
        mended=ruling.text if ruling else "",
        led_there=n_led,
    )


def _moves(round_: Round) -> list[Move]:
    """What the labeler did, as it was done; what retrievers did is with their answers."""
    rows = Revision.objects.filter(Q(turn__role="labeler") | Q(turn=None), round=round_).order_by("at", "pk")
    return [
        Move(_between(round_.dealt_at, row.at) or 0.0, row.move, str(row.detail.get("text", "")))
        for row in rows[:MOST_MOVES]
    ]


def _seen(round_: Round) -> list[Seen]:
    rows = Preview.objects.filter(round=round_).order_by("at", "pk").values_list("at", "text", "target_rank")
    return [
        Seen(_between(round_.dealt_at, at) or 0.0, text, rank, _height(rank)) for at, text, rank in rows[:MOST_PREVIEWS]
    ]


def _height(rank: int | None) -> int:
    """100 for the first place, 50 for the tenth, and nothing below the hundredth: what is further down nobody sees."""
    if rank is None:
        return 0
    steps = [(1, 100), (3, 85), (6, 70), (12, 50), (24, 35), (50, 20), (100, 10)]
    return next((height for place, height in steps if rank <= place), 4)


# --- what was picked ---


def _retrievals(round_: Round) -> Iterable[Retrieval]:
    answered = Retrieval.objects.filter(round=round_, state=Retrieval.State.ANSWERED, player__isnull=False)
    return answered.select_related("gave_away").order_by("answered_at", "pk")


def _lookup(number: int, retrieval: Retrieval, shelf: Mapping[int, Sticker], round_: Round) -> Lookup:
    return Lookup(
        number=number,
        seconds=_between(retrieval.dealt_at, retrieval.answered_at),
        rank=retrieval.rank,
        none_of_these=retrieval.none_of_these,
        target_absent=retrieval.target_absent,
        is_gold=retrieval.is_gold,
        picks=_shown(retrieval.picks, shelf, round_.sticker_id),
        candidates=_shown(retrieval.candidates, shelf, round_.sticker_id),
        gave_away=retrieval.gave_away.text if retrieval.gave_away else "",
        machine_rank=retrieval.machine_rank,
    )


def _shown(ids: Iterable[int], shelf: Mapping[int, Sticker], target_id: int) -> list[Shown]:
    return [Shown(id, picture_of(shelf[id]), id == target_id) for id in ids if id in shelf]


# --- what was held against it ---


def _flags(round_: Round) -> list[Evidence]:
    """Those of the round, and those of its writer that nobody has judged yet."""
    about = Q(round=round_)
    if round_.labeler_id is not None:
        about |= Q(player=round_.labeler_id, state=Flag.State.OPEN)
    rows = Flag.objects.filter(about).order_by("-at", "-pk")[:MOST_FLAGS]
    return [_evidence(row) for row in rows]


def _evidence(flag: Flag) -> Evidence:
    said = evidence.sentences(flag.kind, flag.evidence) if flag.evidence else []
    return Evidence(flag.get_kind_display(), flag.get_state_display(), said)


def _skips(sticker_id: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in Skip.objects.filter(sticker=sticker_id).values_list("reason", flat=True)[:1_000]:
        counts[reason] = counts.get(reason, 0) + 1
    return {str(Skip.Reason(reason).label): n for reason, n in sorted(counts.items(), key=lambda pair: -pair[1])}


def _judgements(case: Case) -> list[Judgement]:
    same = Q(case=case)
    if case.round_id is not None:
        same |= Q(case__round=case.round_id)
    elif case.sticker_id is not None:
        same |= Q(case__sticker=case.sticker_id)
    told = Judgement.objects.filter(same).select_related("reviewer", "undone_by", "case")
    return list(told.order_by("-pk")[:MOST_MOVES])


def _between(start: datetime, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 1) if end else None

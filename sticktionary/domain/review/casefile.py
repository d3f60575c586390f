"""All there is to know about a case, for the one who judges it: read in a fixed number of queries, without names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db.models import Q

from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play.snapshot import Picture
from sticktionary.domain.quality import evidence
from sticktionary.domain.review import beside, writing
from sticktionary.domain.review.beside import Shown
from sticktionary.domain.review.writing import Move, Said, Seen
from sticktionary.models import (
    Case,
    Flag,
    Judgement,
    Retrieval,
    Round,
    Sanction,
    Skip,
    Sticker,
)

MOST_OTHERS = 12
MOST_FLAGS = 12
MOST_JUDGEMENTS = 60


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
    retrievals = list(_retrievals(round_))
    shelf = beside.stickers(sticker, retrievals)
    said = writing.said(round_, retrievals)
    return CaseFile(
        case=case,
        sticker=sticker,
        picture=picture_of(round_.sticker),
        queries=[each for each in said if not each.is_removed],
        removed=[each for each in said if each.is_removed],
        moves=writing.moves(round_),
        seen=writing.seen(round_),
        lookups=[_lookup(number, each, shelf, round_) for number, each in enumerate(retrievals, 1)],
        beside=beside.of(round_.sticker, shelf),
        flags=_flags(round_),
        skips=_skips(round_.sticker_id),
        wrote_s=writing.between(round_.dealt_at, round_.submitted_at),
        judgements=_judgements(case),
    )


def _of_sticker(case: Case, sticker: Sticker | None) -> CaseFile:
    """A halted sticker, or an appeal against a sanction, which is about no sticker."""
    if sticker is None:
        return CaseFile(case, None, None, flags=_flags_of(case.sanction), judgements=_judgements(case))
    return CaseFile(
        case=case,
        sticker=sticker,
        picture=picture_of(sticker),
        beside=beside.of(sticker, beside.stickers(sticker, [])),
        skips=_skips(sticker.pk),
        judgements=_judgements(case),
    )


# --- what was picked ---


def _retrievals(round_: Round) -> Iterable[Retrieval]:
    answered = Retrieval.objects.filter(round=round_, state=Retrieval.State.ANSWERED, player__isnull=False)
    return answered.select_related("gave_away").order_by("answered_at", "pk")


def _lookup(number: int, retrieval: Retrieval, shelf: Mapping[int, Sticker], round_: Round) -> Lookup:
    return Lookup(
        number=number,
        seconds=writing.between(retrieval.dealt_at, retrieval.answered_at),
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


def _flags_of(sanction: Sanction | None) -> list[Evidence]:
    rows = Flag.objects.filter(pk__in=sanction.flags if sanction else [])
    return [_evidence(row) for row in rows.order_by("-at", "-pk")[:MOST_FLAGS]]


def _evidence(flag: Flag) -> Evidence:
    said = evidence.sentences(flag.kind, flag.evidence) if flag.evidence else []
    return Evidence(flag.get_kind_display(), flag.get_state_display(), said)


def _skips(sticker_id: int) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in Skip.objects.filter(sticker=sticker_id).values_list("reason", flat=True)[:1_000]:
        counts[reason] = counts.get(reason, 0) + 1
    return {str(Skip.Reason(reason).label): n for reason, n in sorted(counts.items(), key=lambda pair: -pair[1])}


def _judgements(case: Case) -> list[Judgement]:
    """The verdicts on this case and on all others about the same round or sticker."""
    same = Q(pk=case.pk)
    if case.round_id is not None:
        same = Q(round=case.round_id)
    elif case.sticker_id is not None:
        same = Q(sticker=case.sticker_id)
    told = Judgement.objects.filter(case__in=Case.objects.filter(same)).select_related("reviewer", "undone_by")
    return list(told.order_by("-pk")[:MOST_JUDGEMENTS])

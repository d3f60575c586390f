"""What a verdict does to a round, its queries, a sticker or a sanction, and how that is put back as it was.

A judgement's `detail` keeps what stood `before` and what it made of it, so that undoing needs no second set of rules.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from sticktionary.domain import catalogue
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import ledger, notices, outcome, scoring
from sticktionary.domain.play.checks import Checked
from sticktionary.domain.quality import sanctions
from sticktionary.domain.review import casework
from sticktionary.models import (
    Case,
    Judgement,
    LedgerEntry,
    Player,
    Query,
    Round,
    Ruling,
    SameStickers,
    Sanction,
    Sticker,
)

Verdict = Judgement.Verdict
State = Round.State
JUDGED = (State.OPEN, State.FOUND, State.NEEDS_REVIEW, State.ACCEPTED, State.DISCARDED)  # submitted, and not withdrawn
TAKEN = (Verdict.ACCEPT, Verdict.CORRECT, Verdict.SAME, Verdict.UPHOLD)


@dataclass(frozen=True)
class Ruled:
    """What was judged of single queries, by their ids, and of the sticker."""

    corrections: Mapping[int, Checked] = field(default_factory=dict)
    discarded: Collection[int] = ()
    same_as: int | None = None


# --- doing ---


def carry_out(judgement: Judgement, ruled: Ruled) -> None:
    """Change what the verdict changes; the case's round is locked."""
    case = judgement.case
    judgement.detail = {"before": _standing(case)}
    if judgement.verdict in {Verdict.HARMFUL, Verdict.RESTORE}:
        _move_sticker(judgement)
    elif case.sanction_id is not None:
        _judge_sanction(judgement)
    elif case.round is not None:
        _judge_round(judgement, case.round, ruled)
    judgement.detail["after"] = _standing(case)
    judgement.save(update_fields=["detail"])


def _standing(case: Case) -> dict[str, Any]:
    """The state of all that a verdict may change, as it is now."""
    sticker_id = _sticker_id(case)
    held = Sticker.objects.filter(pk=sticker_id or 0).values_list("state", flat=True)
    found: dict[str, Any] = {"sticker": held.first()}
    if case.round_id is not None:
        state, decided_at = Round.objects.values_list("state", "decided_at").get(pk=case.round_id)
        rulings = Ruling.objects.filter(query__round=case.round_id).order_by("pk")
        found |= {
            "round": state,
            "decided_at": decided_at and decided_at.isoformat(),
            "rulings": list(rulings.values()),
        }
    return found


def _sticker_id(case: Case) -> int | None:
    return case.round.sticker_id if case.round else case.sticker_id


def _judge_round(judgement: Judgement, round_: Round, ruled: Ruled) -> None:
    match judgement.verdict:
        case Verdict.REJECT:
            _tell(judgement, round_, "appeal_rejected")
            return
        case Verdict.SEND_BACK:
            _settle(round_, State.OPEN, None)
            return
        case Verdict.DISCARD:
            _rule(judgement, round_, Ruled(discarded=outcome.live_queries(round_.pk).values_list("pk", flat=True)))
            _settle(round_, State.DISCARDED, timezone.now())
            _tell(judgement, round_, "discarded")
            return
    _rule(judgement, round_, ruled)
    if ruled.same_as is not None:
        judgement.detail["same"] = _pair(judgement, round_.sticker_id, ruled.same_as)
    _accept(judgement, round_)


def _accept(judgement: Judgement, round_: Round) -> None:
    """Into the state that the round deserves without the doubt. One still with its retrievers, or found, stays so."""
    was = round_.state
    state = _state_before_discard(round_) if was == State.DISCARDED else was
    if state == State.NEEDS_REVIEW:
        state = State.FOUND if judgement.case.kind == Case.Kind.FOUND else State.ACCEPTED
    if state != was:
        _settle(round_, state, timezone.now())
    n_points = _pay(judgement, round_) if state == State.ACCEPTED != was else 0
    kinds = {Verdict.UPHOLD: "appeal_upheld", Verdict.CORRECT: "corrected"}
    if state == State.ACCEPTED or judgement.verdict in kinds:
        _tell(judgement, round_, kinds.get(Verdict(judgement.verdict), "accepted"), n_points)


def _tell(judgement: Judgement, round_: Round, kind: str, n_points: int = 0) -> None:
    text = outcome.live_queries(round_.pk).values_list("text", flat=True).first() or ""
    notices.judged(judgement, round_.labeler_id, kind, query=text, n_points=n_points)


def _state_before_discard(round_: Round) -> str:
    discards = Judgement.objects.filter(case__round=round_, verdict=Verdict.DISCARD, undone_at=None)
    last = discards.order_by("-pk").first()
    return str(last.detail["before"]["round"]) if last else State.NEEDS_REVIEW


def _settle(round_: Round, state: str, decided_at: datetime | None) -> None:
    round_.state, round_.decided_at = state, decided_at
    round_.save(update_fields=["state", "decided_at"])
    catalogue.index_changed([round_.sticker_id])


def _rule(judgement: Judgement, round_: Round, ruled: Ruled) -> None:
    """One ruling per query that stands, in place of what an earlier judgement said of it."""
    queries = list(outcome.live_queries(round_.pk))
    Ruling.objects.filter(query__in=queries).delete()
    Ruling.objects.bulk_create([_ruling(judgement, query, ruled) for query in queries])
    catalogue.index_changed([round_.sticker_id])


def _ruling(judgement: Judgement, query: Query, ruled: Ruled) -> Ruling:
    if query.pk in set(ruled.discarded):
        return Ruling(query=query, judgement=judgement, verdict=Ruling.Verdict.DISCARDED)
    if mended := ruled.corrections.get(query.pk):
        return Ruling(
            query=query,
            judgement=judgement,
            verdict=Ruling.Verdict.CORRECTED,
            text=mended.text,
            normalised=mended.normalised,
        )
    return Ruling(query=query, judgement=judgement, verdict=Ruling.Verdict.ACCEPTED)


def _pair(judgement: Judgement, one: int, other: int) -> list[int]:
    first, second = sorted([one, other])
    SameStickers.objects.get_or_create(first_id=first, second_id=second, defaults={"judgement": judgement})
    return [first, second]


def _pay(judgement: Judgement, round_: Round) -> int:
    """The labeler, once, as for a find at the third pick: nobody found it, and yet the words were good."""
    if round_.labeler_id is None:
        return 0
    standing = outcome.live_queries(round_.pk).exclude(ruling__verdict=Ruling.Verdict.DISCARDED)
    novelties = [each for each in standing.values_list("novelty", flat=True) if each is not None]
    novelty = scoring.round_novelty(novelties)
    n_points = scoring.accepted_points(novelty)
    ledger.pay([_payment(judgement, round_, n_points, novelty=novelty)])
    return n_points


def _payment(judgement: Judgement, round_: Round, n_points: int, **detail: Any) -> ledger.Payment:
    assert round_.labeler_id is not None
    key = f"reviewed:{judgement.pk}" + (":undone" if n_points < 0 else "")
    return ledger.Payment(
        round_.labeler_id,
        n_points,
        LedgerEntry.Reason.REVIEWED,
        key,
        round_,
        detail={"judgement": judgement.pk, **detail},
    )


def _move_sticker(judgement: Judgement) -> None:
    """Out of the catalogue, with whatever else was asked about it, or back into play."""
    case, actor = judgement.case, judgement.reviewer
    sticker_id = _sticker_id(case)
    assert sticker_id is not None
    harmful = judgement.verdict == Verdict.HARMFUL
    state = Sticker.State.WITHDRAWN if harmful else Sticker.State.ACTIVE
    why = judgement.why or f"case {case.pk}"
    catalogue.set_state(actor=actor, sticker_ids=[sticker_id], state=state, why=why, permission="review")
    if harmful:
        others = Case.objects.filter(Q(sticker=sticker_id) | Q(round__sticker=sticker_id), state=Case.State.OPEN)
        judgement.detail["closed"] = casework.close_cases(others.exclude(pk=case.pk).exclude(kind=Case.Kind.APPEAL))


def _judge_sanction(judgement: Judgement) -> None:
    sanction_id = judgement.case.sanction_id
    assert sanction_id is not None
    if judgement.verdict == Verdict.UPHOLD:
        sanctions.lift(actor=judgement.reviewer, sanction_id=sanction_id, why=judgement.why)
    else:
        notices.judged(judgement, judgement.case.player_id, "appeal_rejected")


# --- putting back ---


def revert(judgement: Judgement, actor: Player) -> None:
    """Everything as it stood before the judgement. Refused when it has been built upon since."""
    case, before = judgement.case, judgement.detail["before"]
    _require_untouched(judgement)
    if case.round is not None:
        _put_back_round(judgement, case.round)
    if before["sticker"] != judgement.detail["after"]["sticker"]:
        why = f"judgement {judgement.pk} was undone"
        sticker_ids = [_sticker_id(case) or 0]
        catalogue.set_state(actor=actor, sticker_ids=sticker_ids, state=before["sticker"], why=why, permission="review")
    _reopen_closed(judgement)
    notices.unjudged(judgement)
    if case.sanction_id is not None and judgement.verdict == Verdict.UPHOLD:
        _put_back_sanction(case.sanction_id)


def _require_untouched(judgement: Judgement) -> None:
    case, before, after = judgement.case, judgement.detail["before"], judgement.detail["after"]
    now = _standing(case)
    moved = {name for name in ("round", "sticker") if before.get(name) != after.get(name) != now.get(name)}
    later = Judgement.objects.filter(undone_at=None, pk__gt=judgement.pk, case__round=case.round_id)
    if moved or (case.round_id is not None and later.exists()):
        raise Refused("built_upon", _("Something else has happened to it since. Open the case again instead."))


def _put_back_round(judgement: Judgement, round_: Round) -> None:
    before, after = judgement.detail["before"], judgement.detail["after"]
    Ruling.objects.filter(query__round=round_).delete()
    Ruling.objects.bulk_create([Ruling(**row) for row in before["rulings"]])
    SameStickers.objects.filter(judgement=judgement).delete()
    if before["round"] != after["round"]:
        decided_at = before["decided_at"]
        _settle(round_, before["round"], parse_datetime(decided_at) if decided_at else None)
    catalogue.index_changed([round_.sticker_id])
    if entry := LedgerEntry.objects.filter(key=f"reviewed:{judgement.pk}").first():
        ledger.pay([_payment(judgement, round_, -entry.n_points)])


def _reopen_closed(judgement: Judgement) -> None:
    """The cases that this judgement settled along with its own, unless somebody is asked about the same again."""
    for case in Case.objects.filter(pk__in=judgement.detail.get("closed", []), state=Case.State.CLOSED):
        if not casework.is_asked(case):
            Case.objects.filter(pk=case.pk).update(state=Case.State.OPEN, decided_at=None)


def _put_back_sanction(sanction_id: int) -> None:
    sanction = Sanction.objects.select_for_update(of=("self",)).get(pk=sanction_id)
    if Sanction.objects.filter(player=sanction.player_id, step=sanction.step, lifted_at=None).exists():
        raise Refused("built_upon", _("Something else has happened to it since. Open the case again instead."))
    sanction.lifted_at, sanction.lifted_by, sanction.why_lifted = None, None, ""
    sanction.save(update_fields=["lifted_at", "lifted_by", "why_lifted"])
    notices.sanctioned(sanction)

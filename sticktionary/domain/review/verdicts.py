"""Judging a case: one verdict in force, written once per key, told to whom it concerns, and undone without a trace."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.people import accounts
from sticktionary.domain.play import checks, outcome
from sticktionary.domain.review import casework, desk, effects
from sticktionary.domain.review.effects import Ruled, Verdict
from sticktionary.models import AuditEntry, Case, Judgement, Player, Round, Sticker

OF_ROUNDS = (Verdict.ACCEPT, Verdict.CORRECT, Verdict.DISCARD, Verdict.SAME, Verdict.SEND_BACK, Verdict.HARMFUL)
OF_STICKERS = (Verdict.RESTORE, Verdict.HARMFUL)
OF_APPEALS = (Verdict.UPHOLD, Verdict.REJECT)
UNDO_FOR = timedelta(days=1)  # for one's own verdicts; later, or another's, is to open the case again
LONGEST_WHY = 300


def verdicts_of(case: Case) -> tuple[Verdict, ...]:
    if case.kind == Case.Kind.APPEAL:
        return OF_APPEALS
    return OF_ROUNDS if case.round_id else OF_STICKERS


@transaction.atomic
def judge(
    *,
    actor: Player,
    case_id: int,
    verdict: str,
    key: str,
    why: str = "",
    corrections: Mapping[int, str] | None = None,
    discarded: Collection[int] = (),
    same_as: int | None = None,
) -> Judgement:
    """Settle a case. The same key again answers with what it did before."""
    accounts.require(actor, "review")
    case = desk.locked(case_id)
    if held := Judgement.objects.filter(key=key).first():
        return _same_move(held, actor, case)
    desk.require_open(case)
    desk.require_judgeable(actor, case)
    desk.require_free(actor, case)
    round_ = _locked_round(case)
    why = why.strip()[:LONGEST_WHY]
    _require_fits(case, round_, verdict, why)
    ruled = _ruled(verdict, round_, corrections or {}, discarded, same_as)
    if ruled.corrections and verdict == Verdict.ACCEPT:
        verdict = Verdict.CORRECT  # whoever mended a word and then accepts means the mended word
    return _decide(case, round_, actor, verdict, key, why, ruled)


def _same_move(held: Judgement, actor: Player, case: Case) -> Judgement:
    if held.case_id != case.pk or held.reviewer_id != actor.pk:
        raise Refused("key_used", _("This key belongs to another verdict."))
    return held


def _locked_round(case: Case) -> Round | None:
    if case.round_id is None:
        return None
    return Round.objects.select_for_update(no_key=True, of=("self",)).select_related("sticker").get(pk=case.round_id)


def _require_fits(case: Case, round_: Round | None, verdict: str, why: str) -> None:
    if verdict not in verdicts_of(case):
        raise Refused("wrong_verdict", _("That verdict does not fit this case."))
    if round_ is not None and round_.state not in effects.JUDGED:
        raise Refused("not_ready", _("This round is not finished, or it was withdrawn."))
    if verdict == Verdict.SEND_BACK and round_ is not None and round_.state == Round.State.OPEN:
        raise Refused("still_open", _("It is still with its retrievers."))
    if case.kind == Case.Kind.APPEAL and not why:
        raise Refused("no_reason", _("Say why: the player will read it."))


def _ruled(
    verdict: str, round_: Round | None, corrections: Mapping[int, str], discarded: Collection[int], same_as: int | None
) -> Ruled:
    if round_ is None or verdict not in effects.TAKEN:
        return Ruled()
    texts = dict(outcome.live_queries(round_.pk).values_list("pk", "text"))
    left_out = set(discarded)
    if not (left_out | corrections.keys()) <= texts.keys():
        raise Refused("no_such_query", _("There is no such line on this page."))
    if left_out == texts.keys():
        raise Refused("all_discarded", _("Nothing would be left. Discard the whole round instead."))
    said = {id: checks.clean(text) for id, text in corrections.items()}
    mended = {id: text for id, text in said.items() if text != texts[id] and id not in left_out}
    if verdict == Verdict.CORRECT and not mended:
        raise Refused("nothing_mended", _("Change the words first, then confirm."))
    checked = {id: checks.check_form(text, round_.language) for id, text in mended.items()}
    return Ruled(checked, left_out, _same(round_, same_as) if verdict == Verdict.SAME else None)


def _same(round_: Round, same_as: int | None) -> int:
    if same_as is None or same_as == round_.sticker_id or not Sticker.objects.filter(pk=same_as).exists():
        raise Refused("no_such_sticker", _("Choose the other sticker that is the same."))
    return same_as


def _decide(
    case: Case, round_: Round | None, actor: Player, verdict: str, key: str, why: str, ruled: Ruled
) -> Judgement:
    now = timezone.now()
    case.round = round_
    case.state, case.decided_at, case.held_by, case.held_until = Case.State.DECIDED, now, None, None
    case.save(update_fields=["state", "decided_at", "held_by", "held_until"])
    try:
        with transaction.atomic():
            judgement = Judgement.objects.create(
                case=case, reviewer=actor, verdict=verdict, why=why, key=key, at=now, detail={}
            )
    except IntegrityError as error:  # the same key for two cases at once
        raise Refused("key_used", _("This key belongs to another verdict.")) from error
    effects.carry_out(judgement, ruled)
    _log(actor, f"judge_{verdict}", case, judgement=judgement.pk, why=why)
    return judgement


@transaction.atomic
def undo(*, actor: Player, judgement_id: int) -> Case:
    """Take a verdict back: one's own of the last day, or for admins anybody's. The case is open again, and held."""
    accounts.require(actor, "review")
    judgement = _locked_judgement(judgement_id)
    if judgement.undone_at is not None:
        return judgement.case
    if not may_undo(actor, judgement):
        raise NotAllowed("not_yours", _("Only your own verdicts of the last day can be undone. Open the case again."))
    return _take_back(judgement, actor, "undo_judgement", "")


def may_undo(actor: Player, judgement: Judgement) -> bool:
    if judgement.undone_at is not None:
        return False
    is_fresh = judgement.reviewer_id == actor.pk and timezone.now() - judgement.at < UNDO_FOR
    return is_fresh or actor.has_perm("sticktionary.manage_players")


@transaction.atomic
def reopen(*, actor: Player, case_id: int, why: str) -> Case:
    """Put a settled case before people again: whoever sees a reason may. The verdict in force is taken back."""
    accounts.require(actor, "review")
    case = desk.locked(case_id)
    if case.state == Case.State.OPEN:
        return case
    if not why.strip():
        raise Refused("no_reason", _("Say why it needs another look."))
    if case.kind == Case.Kind.APPEAL:
        accounts.require(actor, "manage_players")
    judgement = case.judgements.filter(undone_at=None).first()
    if judgement is not None:
        return _take_back(_locked_judgement(judgement.pk), actor, "reopen_case", why.strip()[:LONGEST_WHY])
    _open_again(case, None)
    _log(actor, "reopen_case", case, why=why.strip()[:LONGEST_WHY])
    return case


def last_of(actor: Player) -> Judgement | None:
    """The reviewer's newest verdict that they may still undo."""
    mine = Judgement.objects.filter(reviewer=actor, undone_at=None, at__gt=timezone.now() - UNDO_FOR)
    return mine.order_by("-at", "-pk").first()


def _locked_judgement(judgement_id: int) -> Judgement:
    found = Judgement.objects.filter(pk=judgement_id).values_list("case", flat=True).first()
    if found is None:
        raise Refused("no_such_judgement", _("There is no such verdict."))
    case = desk.locked(found)
    case.round = _locked_round(case)
    judgement = Judgement.objects.get(pk=judgement_id)
    judgement.case = case
    return judgement


def _take_back(judgement: Judgement, actor: Player, verb: str, why: str) -> Case:
    case = judgement.case
    judgement.undone_at, judgement.undone_by = timezone.now(), actor
    judgement.save(update_fields=["undone_at", "undone_by"])
    _open_again(case, actor if verb == "undo_judgement" else None)
    effects.revert(judgement, actor)
    _log(actor, verb, case, judgement=judgement.pk, why=why)
    return case


def _open_again(case: Case, holder: Player | None) -> None:
    if casework.is_asked(case):
        raise Refused("asked_again", _("Another open case asks the same. Judge that one."))
    case.state, case.decided_at, case.held_by = Case.State.OPEN, None, holder
    case.held_until = timezone.now() + desk.HOLD if holder else None
    case.save(update_fields=["state", "decided_at", "held_by", "held_until"])


def _log(actor: Player, verb: str, case: Case, **detail: object) -> None:
    AuditEntry.objects.create(actor=actor, verb=verb, subject=f"case {case.pk}", detail=detail)

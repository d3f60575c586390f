"""The retriever's moves: up to three picks or none, better words for a candidate, the line that gave it away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from string import ascii_lowercase

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain.errors import Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import (
    attempts,
    checks,
    deciding,
    labelling,
    ledger,
    machine,
    notices,
    outcome,
    scoring,
    turns,
    waiting,
    worn,
)
from sticktionary.domain.quality import gold, words
from sticktionary.models import LedgerEntry, Query, Retrieval, Round, Sticker, Turn

MOST_SUGGESTIONS = 3
AFTERTHOUGHT = timedelta(minutes=30)  # in which suggestions are still taken after the answer
RETRIEVER = Turn.Role.RETRIEVER
STILL_TRIED = (Round.State.OPEN, Round.State.FOUND)  # found: by one more than need be, or decided meanwhile
LETTERS = ascii_lowercase[:24]


@transaction.atomic
def answer(*, player_id: int, lease: str, key: str, picks: Sequence[str]) -> machine.Guess | None:
    """Take the answer, pay for it, and let it count for the round; returns the machine's side of it as work to do."""
    turn = turns.take(player_id, lease, RETRIEVER)
    if turns.is_repeated(turn, key):
        return None
    turns.require_live(turn)
    retrieval = _retrieval(turn)
    round_ = Round.objects.select_for_update(no_key=True, of=("self",)).get(pk=turn.round_id)
    _keep_answer(retrieval, round_, [_candidate(retrieval, letter) for letter in picks])
    turns.note(turn, key, "answer", picks=list(picks))
    turns.finish(turn, player_id)
    _count(retrieval, round_, player_id)
    announce(player_id)
    return machine.guess_for(retrieval)


def _keep_answer(retrieval: Retrieval, round_: Round, picks: list[int]) -> None:
    if len(set(picks)) != len(picks):
        raise Refused("picked_twice", _("Each candidate can be picked once."))
    target = round_.sticker_id
    retrieval.picks, retrieval.none_of_these = picks, not picks
    retrieval.rank = picks.index(target) + 1 if target in picks else 0
    retrieval.n_points = _points(retrieval, round_)
    retrieval.state, retrieval.answered_at = Retrieval.State.ANSWERED, timezone.now()
    retrieval.save(update_fields=["picks", "none_of_these", "rank", "n_points", "state", "answered_at"])


def _points(retrieval: Retrieval, round_: Round) -> int:
    if round_.source == Round.Source.PRACTICE:
        return scoring.PRACTICE if retrieval.rank else 0
    return scoring.retriever_points(
        rank=retrieval.rank, none_of_these=retrieval.none_of_these, target_absent=retrieval.target_absent
    )


def _count(retrieval: Retrieval, round_: Round, player_id: int) -> None:
    """Pay both sides, tell the labeler, and close the round when its retrievers agree. A gold round was decided and
    paid for before: nothing but the retriever's own side happens."""
    payments = [_retriever_payment(retrieval, round_, player_id)]
    says_something = not retrieval.target_absent and not retrieval.is_gold
    if says_something and round_.source != Round.Source.PRACTICE and round_.state in STILL_TRIED:
        payments += _labeler_payments(retrieval, round_)
        deciding.decide(round_)
        gold.weigh(round_)
    ledger.pay(payments)


def _retriever_payment(retrieval: Retrieval, round_: Round, player_id: int) -> ledger.Payment:
    reason, key = LedgerEntry.Reason.RETRIEVED, f"retrieved:{retrieval.pk}"
    if round_.source == Round.Source.PRACTICE:
        reason, key = LedgerEntry.Reason.PRACTISED, f"practised:find:{player_id}"
    elif retrieval.target_absent:
        reason = LedgerEntry.Reason.NONE_OF_THESE
    detail = {"rank": retrieval.rank, "none_of_these": retrieval.none_of_these}
    return ledger.Payment(player_id, retrieval.n_points, reason, key, round_, retrieval, detail)


def _labeler_payments(retrieval: Retrieval, round_: Round) -> list[ledger.Payment]:
    if round_.labeler_id is None:
        return []
    novelty = scoring.round_novelty(outcome.novelties(round_.pk))
    n_points = scoring.labeler_points(retrieval.rank, novelty)
    is_suggestion = round_.source == Round.Source.SUGGESTION
    reason = LedgerEntry.Reason.SUGGESTED if is_suggestion else LedgerEntry.Reason.LABELLED
    notices.outcome(round_, retrieval, n_points)
    detail = {"rank": retrieval.rank, "novelty": novelty}
    key = f"labelled:{retrieval.pk}"
    return [ledger.Payment(round_.labeler_id, n_points, reason, key, round_, retrieval, detail)]


@attempts.noted
@transaction.atomic
def suggest(*, player_id: int, lease: str, key: str, candidate: str, text: str) -> list[str]:
    """A query of the retriever's own for a candidate: a round of one query, which others will look up."""
    turn = turns.take(player_id, lease, RETRIEVER)
    if turns.is_repeated(turn, key):
        return []
    retrieval = _retrieval(turn)
    _require_open_to_suggestions(turn, retrieval)
    sticker = Sticker.objects.get(pk=_candidate(retrieval, candidate))
    checked = _checked_suggestion(turn, retrieval, sticker, text)
    round_ = _suggestion(retrieval, sticker, checked, player_id, turn.round.language)
    turns.note(turn, key, "suggest", candidate=candidate, text=checked.text, round=round_.pk)
    if turn.state == Turn.State.PLAYING:
        turns.renew(turn)
    announce(player_id)
    transaction.on_commit(lambda: waiting.hand_over(round_.language), robust=True)
    return checked.nudges


def _require_open_to_suggestions(turn: Turn, retrieval: Retrieval) -> None:
    if turn.round.source == Round.Source.PRACTICE:
        raise Refused("practice", _("In practice rounds there is nothing to suggest yet."))
    if turn.state == Turn.State.PLAYING:
        turns.require_live(turn)
    elif retrieval.answered_at is None or timezone.now() - retrieval.answered_at > AFTERTHOUGHT:
        raise Refused("turn_over", _("This page is finished."))
    if retrieval.suggestions.count() >= MOST_SUGGESTIONS:
        raise Refused("enough_suggestions", _("Three suggestions are enough for one page."))


def _checked_suggestion(turn: Turn, retrieval: Retrieval, sticker: Sticker, text: str) -> checks.Checked:
    """The queries of the page are refused first and for every candidate alike: what is worn out for one candidate and
    not for another must not tell which of them is looked for."""
    on_page = [query.normalised for query in outcome.queries_of(turn.round_id)]
    own = Query.objects.filter(round__in=retrieval.suggestions.filter(sticker=sticker))
    form = checks.check_form(text, turn.round.language)
    words.require_harmless(form.normalised)
    if checks.is_near_copy(form.normalised, on_page):
        raise Refused("on_page", _("That is already on this page. A suggestion needs words of your own."))
    worn_out = worn.worn_out(sticker.pk, turn.round.language)
    return checks.check(
        text,
        language=turn.round.language,
        sticker=sticker,
        worn_out=worn_out,
        others=[query.normalised for query in own],
    )


def _suggestion(
    retrieval: Retrieval, sticker: Sticker, checked: checks.Checked, player_id: int, language: str
) -> Round:
    now = timezone.now()
    round_ = Round.objects.create(
        sticker=sticker,
        language=language,
        source=Round.Source.SUGGESTION,
        state=Round.State.OPEN,
        labeler_id=player_id,
        dealt_at=now,
        submitted_at=now,
        suggested_in=retrieval,
    )
    Query.objects.create(
        round=round_,
        text=checked.text,
        normalised=checked.normalised,
        position=1,
        nudges=checked.nudges,
        novelty=labelling.novelty_of(round_, checked.normalised),
        added_at=now,
    )
    return round_


@transaction.atomic
def gave_away(*, player_id: int, lease: str, key: str, number: int) -> None:
    """Which line of the page led to the sticker; asked after the answer, for those who found it. May be changed."""
    turn = turns.take(player_id, lease, RETRIEVER)
    if turns.is_repeated(turn, key):
        return
    retrieval = _retrieval(turn)
    queries = outcome.queries_of(turn.round_id)
    if retrieval.state != Retrieval.State.ANSWERED or not retrieval.rank:
        raise Refused("not_found", _("Only those who found it can say what gave it away."))
    if number > len(queries):
        raise Refused("no_such_query", _("There is no such line on this page."))
    Retrieval.objects.filter(pk=retrieval.pk).update(gave_away=queries[number - 1])
    turns.note(turn, key, "gave_away", query=queries[number - 1].pk)
    announce(player_id)
    announce(turn.round.labeler_id)


def _retrieval(turn: Turn) -> Retrieval:
    assert turn.retrieval is not None, "a retriever's page has a retrieval"
    turn.retrieval.round = turn.round
    return turn.retrieval


def _candidate(retrieval: Retrieval, letter: str) -> int:
    place = LETTERS.index(letter)
    if place >= len(retrieval.candidates):
        raise Refused("no_such_candidate", _("There is no such candidate on this page."))
    sticker_id: int = retrieval.candidates[place]
    return sticker_id

"""What a player's pages show, built from rows alone: the same after a refresh, in a second tab, after a restart.

Here the target is cut: until a retrieval is answered, its page holds the queries, candidates behind letters, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from sticktionary.domain.annotation import bonus, bonus_page
from sticktionary.domain.intake.pictures import picture_of
from sticktionary.domain.play import board, candidates, dealing, notices, outcome, scoring, turns, waiting
from sticktionary.domain.play.breakdown import find_lines, other_lines, suggested_in, written_lines
from sticktionary.domain.play.plates import plate
from sticktionary.domain.play.retrieving import LETTERS
from sticktionary.domain.play.snapshot import (
    BonusTurn,
    FindTurn,
    FoundTurn,
    LabelTurn,
    Neighbour,
    Nothing,
    NoticeLine,
    Page,
    Picture,
    QueryLine,
    RepliedTurn,
    ReplyTurn,
    Snapshot,
    Suggestion,
    Summary,
    Tab,
    Waiting,
    WrittenTurn,
)
from sticktionary.domain.prepared import prepared
from sticktionary.domain.reply_round import dealing as replies
from sticktionary.domain.reply_round import page as reply_page
from sticktionary.models import LedgerEntry, Notice, Player, Retrieval, Round, Sitting, Sticker, Turn

SUMMARY_FOR = timedelta(hours=2)  # who comes back later begins afresh
Page_ = (
    LabelTurn | FindTurn | FoundTurn | WrittenTurn | BonusTurn | ReplyTurn | RepliedTurn | Waiting | Summary | Nothing
)


def snapshot_for(player_id: int) -> Snapshot:
    return snapshot_of(Player.objects.get(pk=player_id))


def snapshot_of(player: Player) -> Snapshot:
    sitting = next(iter(_latest(player.pk)), None)
    pages = _pages(sitting.pk) if sitting else []
    return Snapshot(
        language=player.language,
        name=player.name,
        points=player.points,
        is_guest=player.is_guest,
        tabs=_tabs(sitting, pages),
        turn=_turn(player, sitting, pages),
        notices=_notice_lines(notices.unseen(player.pk)),
    )


@prepared
def _latest(player_id: int) -> QuerySet[Sitting]:
    return Sitting.objects.filter(player_id=player_id).order_by("-started_at", "-pk")[:1]


@prepared
def _pages(sitting_id: int) -> QuerySet[Turn]:
    """The sitting's pages in the order they were dealt, dropped ones included."""
    pages = Turn.objects.filter(sitting_id=sitting_id).order_by("pk")
    return pages.select_related("round__sticker__pack", "round__labeler", "retrieval")


def _turn(player: Player, sitting: Sitting | None, pages: list[Turn]) -> Page_:
    if sitting is not None and sitting.ended_at:
        if (asked_for := replies.in_hand(sitting)) and asked_for.is_by_choice:
            return reply_page.turn_of(player, asked_for)
        return _summary(player, sitting, pages) if _is_fresh(sitting) else Nothing("start")
    last = pages[-1] if pages else None
    if last is not None and last.state == Turn.State.PLAYING:
        return _playing_turn(player, last)
    if player.waiting_since is not None:
        n_writing = waiting.writers(player.language, player.pk).count()
        return Waiting(player.waiting_since.timestamp(), n_writing)
    if sitting is not None and (chat := replies.in_hand(sitting)):
        return reply_page.turn_of(player, chat)
    if sitting is not None and (asked := bonus.in_hand(sitting)):
        return bonus_page.turn_of(player, asked)
    if last is not None and last.state == Turn.State.DONE:
        return _written_turn(last) if last.role == Turn.Role.LABELER else _found_turn(player, last)
    return Nothing("start" if candidates.playable().exists() else "empty")


def _is_fresh(sitting: Sitting) -> bool:
    assert sitting.ended_at is not None
    return not sitting.is_practice and timezone.now() - sitting.ended_at < SUMMARY_FOR


# --- pages in play ---


def _playing_turn(player: Player, turn: Turn) -> LabelTurn | FindTurn | Nothing:
    if not dealing.is_in_play(turn.round.sticker):
        return Nothing("gone")
    if turn.role == Turn.Role.LABELER:
        return _label_turn(player, turn)
    is_practice = turn.round.source == Round.Source.PRACTICE
    if turns.has_lapsed(turn) and not is_practice and not turns.is_still_needed(turn):
        return Nothing("lapsed")
    return _find_turn(player, turn)


def _label_turn(player: Player, turn: Turn) -> LabelTurn:
    lines = [QueryLine(query.pk, query.text, query.nudges) for query in outcome.queries_of(turn.round_id)]
    practice = turn.round.source == Round.Source.PRACTICE
    return LabelTurn(
        lease=turns.lease_of(turn.pk, player.pk),
        lease_until=turns.lease_until(turn).timestamp(),
        sticker=picture_of(turn.round.sticker),
        worn_out=turn.round.taboo,
        queries=lines,
        results_hidden=turn.round.results_hidden,
        practice=practice,
        coach=("write_more" if lines else "write_feeling") if practice else "",
    )


def _find_turn(player: Player, turn: Turn) -> FindTurn:
    assert turn.retrieval is not None
    practice = turn.round.source == Round.Source.PRACTICE
    return FindTurn(
        lease=turns.lease_of(turn.pk, player.pk),
        lease_until=turn.retrieval.lease_until.timestamp(),
        queries=_numbered(turn.round_id),
        candidates=_plates(turn.retrieval),
        can_wait=waiting.can_wait(turn, player),
        practice=practice,
        writer=_writer(turn.round),
        suggestions=_suggestions(turn.retrieval),
        coach="find_meaning" if practice else "",
    )


def _numbered(round_id: int) -> list[QueryLine]:
    """A retriever gets no row ids: they grow with the catalogue and would narrow the target down."""
    return [QueryLine(number, text) for number, text in enumerate(outcome.words_of(round_id), start=1)]


def _plates(retrieval: Retrieval) -> list[Picture]:
    moves = set(_moving(*retrieval.candidates)) if retrieval.candidates else set()
    letters = zip(LETTERS, retrieval.candidates, strict=False)
    return [plate(retrieval.public_id, letter, moves=sticker_id in moves) for letter, sticker_id in letters]


@prepared
def _moving(*sticker_ids: int) -> QuerySet[Sticker, int]:
    return Sticker.objects.filter(pk__in=sticker_ids, n_frames__gt=1).values_list("pk", flat=True)


def _suggestions(retrieval: Retrieval) -> list[Suggestion]:
    made = suggested_in(retrieval.pk)
    return [Suggestion(LETTERS[retrieval.candidates.index(sticker_id)], text) for sticker_id, text in made]


def _writer(round_: Round) -> str:
    return round_.labeler.name if round_.labeler else ""


# --- pages that are finished ---


def _found_turn(player: Player, turn: Turn) -> FoundTurn:
    retrieval, round_ = turn.retrieval, turn.round
    assert retrieval is not None
    plates = _plates(retrieval)
    places = [retrieval.candidates.index(sticker_id) for sticker_id in retrieval.picks]
    queries = [query.pk for query in outcome.queries_of(round_.pk)]
    practice = round_.source == Round.Source.PRACTICE
    return FoundTurn(
        lease=turns.lease_of(turn.pk, player.pk),
        outcome=_outcome(retrieval),
        target=None if retrieval.target_absent else picture_of(round_.sticker),
        target_letter=_target_letter(retrieval, round_),
        queries=_numbered(round_.pk),
        picks=[LETTERS[place] for place in places],
        pictures=[plates[place] for place in places],
        candidates=plates,
        gave_away=queries.index(retrieval.gave_away_id) + 1 if retrieval.gave_away_id in queries else None,
        lines=find_lines(retrieval, practice=practice),
        n_points=retrieval.n_points,
        others=other_lines(retrieval),
        writer=_writer(round_),
        practice=practice,
        suggestions=_suggestions(retrieval),
        coach=("practice_found" if retrieval.rank else "practice_missed") if practice else "",
    )


def _outcome(retrieval: Retrieval) -> str:
    if retrieval.target_absent:
        return "rightly_none" if retrieval.none_of_these else "absent"
    if retrieval.rank:
        return ("first", "second", "third")[retrieval.rank - 1]
    return "wrongly_none" if retrieval.none_of_these else "missed"


def _target_letter(retrieval: Retrieval, round_: Round) -> str:
    if retrieval.target_absent:
        return ""
    return LETTERS[retrieval.candidates.index(round_.sticker_id)]


def _written_turn(turn: Turn) -> WrittenTurn:
    round_ = turn.round
    practice = round_.source == Round.Source.PRACTICE
    queries = outcome.queries_of(round_.pk)
    machine = round_.retrievals.filter(player=None, machine_rank__isnull=False).first() if practice else None
    return WrittenTurn(
        round=round_.pk,
        sticker=picture_of(round_.sticker),
        queries=[QueryLine(query.pk, query.text, query.nudges) for query in queries],
        lines=written_lines(round_),
        n_points=scoring.PRACTICE if practice else _paid_for([round_])[round_.pk],
        state=round_.state,
        practice=practice,
        machine_rank=machine.machine_rank if machine else None,
        coach="practice_sent" if practice else "",
    )


def _paid_for(rounds: Iterable[Round]) -> dict[int, int]:
    """Points that labelling each round has brought so far."""
    ids = [round_.pk for round_ in rounds]
    reasons = [LedgerEntry.Reason.LABELLED, LedgerEntry.Reason.SUGGESTED]
    entries = LedgerEntry.objects.filter(round_id__in=ids, player=F("round__labeler"), reason__in=reasons)
    paid = dict(entries.values_list("round_id").annotate(Sum("n_points")))
    return {round_id: paid.get(round_id, 0) for round_id in ids}


# --- the sitting ---


def _tabs(sitting: Sitting | None, pages: list[Turn]) -> list[Tab]:
    n_pages = dealing.length(sitting) if sitting else dealing.N_PAGES
    held = {turn.number: turn for turn in pages if turn.state != Turn.State.DROPPED}
    ranks = _ranks(pages)
    return [_tab(number, held.get(number), ranks) for number in range(1, n_pages + 1)]


def _tab(number: int, turn: Turn | None, ranks: dict[int, int | None]) -> Tab:
    if turn is None:
        return Tab(number, "ahead")
    return Tab(number, "done", ranks[turn.pk]) if turn.state == Turn.State.DONE else Tab(number, "now")


def _ranks(pages: list[Turn]) -> dict[int, int | None]:
    """For each finished page the place the player gave the sticker, or the best one that retrievers of their queries
    did; 0 when it was not found, None while that is open."""
    done = [turn for turn in pages if turn.state == Turn.State.DONE]
    best = outcome.best_ranks(turn.round_id for turn in done if not turn.retrieval)
    return {turn.pk: _own_rank(turn.retrieval) if turn.retrieval else _others_rank(turn, best) for turn in done}


def _own_rank(retrieval: Retrieval) -> int:
    return 1 if retrieval.target_absent and retrieval.none_of_these else retrieval.rank


def _others_rank(turn: Turn, best: dict[int, int]) -> int | None:
    rank = best.get(turn.round_id, 0)
    return rank or (None if turn.round.state == Round.State.OPEN else 0)


def _summary(player: Player, sitting: Sitting, pages: list[Turn]) -> Summary:
    now = timezone.now()
    week = board.standing(player, board.Span.WEEK, now)
    done = _summary_pages([turn for turn in pages if turn.state == Turn.State.DONE])
    return Summary(
        sitting=player.sittings.filter(is_practice=False, pk__lte=sitting.pk).count(),
        pages=done,
        n_points=sum(page.n_points for page in done),
        streak_days=board.streak_days(player.pk, now.date()),
        found_this_week=board.found_this_week(player.language, now),
        goal_this_week=board.WEEKLY_GOAL,
        neighbours=[Neighbour(row.place, row.name, row.n_points, row.is_me) for row in week.neighbours],
        to_next=week.to_next,
        **bonus_page.tally(sitting),
        **reply_page.tally(player, sitting),
    )


def _summary_pages(done: list[Turn]) -> list[Page]:
    """A sticker that was not among the candidates stays unknown."""
    ranks, texts = _ranks(done), outcome.texts_of(turn.round_id for turn in done)
    paid = _paid_for(turn.round for turn in done if not turn.retrieval)
    return [
        Page(
            number=turn.number,
            role=turn.role,
            sticker=None if turn.retrieval and turn.retrieval.target_absent else picture_of(turn.round.sticker),
            queries=texts[turn.round_id],
            writer=_writer(turn.round) if turn.retrieval else "",
            rank=ranks[turn.pk],
            n_points=turn.retrieval.n_points if turn.retrieval else paid[turn.round_id],
        )
        for turn in done
    ]


def _notice_lines(unseen: list[Notice]) -> list[NoticeLine]:
    ids = [notice.payload["retrieval"] for notice in unseen if "retrieval" in notice.payload]
    retrievals = Retrieval.objects.select_related("round__sticker", "player").in_bulk(ids)
    texts = outcome.texts_of(retrieval.round_id for retrieval in retrievals.values())
    judged = [notice.payload["round"] for notice in unseen if notice.payload.get("round")]
    rounds = Round.objects.select_related("sticker").in_bulk(judged) if judged else {}
    lines = []
    for notice in unseen:
        if retrieval := retrievals.get(notice.payload.get("retrieval", 0)):
            lines.append(_notice_line(notice, retrieval, texts[retrieval.round_id]))
        elif sentence := notices.sentence(notice):
            lines.append(_told(notice, sentence, rounds.get(notice.payload.get("round") or 0)))
    return lines


def _told(notice: Notice, sentence: str, round_: Round | None) -> NoticeLine:
    shown = round_.sticker if round_ else Sticker.objects.filter(pk=notice.payload.get("sticker")).first()
    picture = picture_of(shown) if shown else None
    n_points = notice.payload.get("n_points", 0)
    return NoticeLine(id=notice.pk, kind=notice.kind, sentence=sentence, sticker=picture, n_points=n_points)


def _notice_line(notice: Notice, retrieval: Retrieval, texts: list[str]) -> NoticeLine:
    return NoticeLine(
        id=notice.pk,
        kind=notice.kind,
        sticker=picture_of(retrieval.round.sticker),
        queries=texts,
        partner=retrieval.player.name if retrieval.player else "",
        rank=retrieval.rank,
        n_points=notice.payload["n_points"],
    )

"""The next page of a sitting: six of them, in alternating roles, as long as there is anything to play."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from sticktionary.domain import rules
from sticktionary.domain.annotation import bonus
from sticktionary.domain.errors import Refused
from sticktionary.domain.events import announce
from sticktionary.domain.play import candidates, chance, choosing, outcome, practice, turns, worn
from sticktionary.domain.prepared import prepared
from sticktionary.domain.quality import gold
from sticktionary.domain.reply_round import dealing as replies
from sticktionary.models import Player, Retrieval, Revision, Round, Sitting, Sticker, Turn

N_PAGES = 6
WAIT = timedelta(seconds=60)
LABELER, RETRIEVER = Turn.Role.LABELER, Turn.Role.RETRIEVER


@transaction.atomic
def deal(*, player_id: int, key: str = "") -> list[str]:
    """The page in play again if there is one, else the next, else the summary; asked twice, it is dealt once.

    Answers with codes of what the player should hear: `went_to_others` when a lapsed retrieval is no longer needed,
    `sticker_gone` when it was taken out of play.
    """
    [player] = _of_id(player_id)
    if key and _ended_by(player, key):
        return []
    sitting = _open_sitting(player)
    turn = playing(sitting)
    codes = _take_up(turn) if turn else []
    if turn is None or codes:
        _deal_next(player, sitting)
    if key and sitting.ended_at and not sitting.is_practice:
        turns.note(sitting.turns.latest("pk"), key, "deal")
    announce(player_id)
    return codes


@prepared
def _of_id(player_id: int) -> QuerySet[Player]:
    return Player.objects.filter(pk=player_id)


def _ended_by(player: Player, key: str) -> bool:
    """Whether this very move ended a sitting: sent again over a bad line, it must not turn the summary over."""
    return bool(_dealt_with(player.pk, key))


@prepared
def _dealt_with(player_id: int, key: str) -> QuerySet[Revision, int]:
    dealt = Revision.objects.filter(turn__sitting__player_id=player_id, key=key, move="deal")
    return dealt.values_list("pk", flat=True)


def _deal_next(player: Player, sitting: Sitting) -> None:
    """Put the next page into a locked sitting whose last one is finished, dropped or never was."""
    number = len(_done(sitting.pk)) + 1
    if _still_waits(player):
        if _deal_live(player, sitting, number):
            turns.stop_waiting(player.pk)
        return
    if player.waiting_since is not None:
        turns.stop_waiting(player.pk)
    if sitting.is_practice:
        _deal_practice(player, sitting, number)
    elif number > N_PAGES:
        if not replies.deal(player, sitting) and not bonus.deal(player, sitting):
            end(sitting)
    else:
        _deal_page(player, sitting, number)


@prepared
def _done(sitting_id: int) -> QuerySet[Turn, int]:
    return Turn.objects.filter(sitting_id=sitting_id, state=Turn.State.DONE).values_list("pk", flat=True)


def length(sitting: Sitting) -> int:
    return practice.N_PAGES if sitting.is_practice else N_PAGES


def playing(sitting: Sitting) -> Turn | None:
    return next(iter(_in_play(sitting.pk)), None)


@prepared
def _in_play(sitting_id: int) -> QuerySet[Turn]:
    held = Turn.objects.filter(sitting_id=sitting_id, state=Turn.State.PLAYING).order_by("pk")[:1]
    return held.select_related("round__sticker__pack", "retrieval")


def deal_live(player_id: int) -> bool:
    """Give a waiting player the oldest round that somebody wrote, if one is for them."""
    with transaction.atomic():
        player = Player.objects.get(pk=player_id)
        sitting = _open_sitting(player)
        if not _still_waits(player) or playing(sitting) is not None:
            return False
        _deal_next(player, sitting)
        announce(player_id)
        return playing(sitting) is not None


def _open_sitting(player: Player) -> Sitting:
    """The player's open sitting, locked; made if there is none. Two pages that ask at once get the same one."""
    if held := _locked_open(player.pk):
        return held[0]
    now, is_practice = timezone.now(), player.practised_at is None
    Sitting.objects.get_or_create(
        player=player, ended_at=None, defaults={"started_at": now, "is_practice": is_practice}
    )
    return _locked_open(player.pk)[0]


@prepared
def _locked_open(player_id: int) -> QuerySet[Sitting]:
    return Sitting.objects.select_for_update(no_key=True).filter(player_id=player_id, ended_at=None)


def _take_up(turn: Turn) -> list[str]:
    """Go on with the page in play, or drop it and answer why."""
    try:
        if not is_in_play(turn.round.sticker):
            raise Refused("sticker_gone", _("This sticker has been taken out of the game."))
        turns.require_live(turn)
    except Refused as refusal:
        lapse(turn)
        return [refusal.code]
    return []


def is_in_play(sticker: Sticker) -> bool:
    return sticker.state == Sticker.State.ACTIVE and sticker.pack.is_active


def lapse(turn: Turn) -> None:
    """Drop a page that is not to be played on; what was written and shown stays as fact."""
    turns.drop(turn)
    if turn.retrieval:
        Retrieval.objects.filter(pk=turn.retrieval.pk).update(state=Retrieval.State.LAPSED)
    else:
        Round.objects.filter(pk=turn.round_id).update(state=Round.State.LAPSED)


def _still_waits(player: Player) -> bool:
    return player.waiting_since is not None and timezone.now() - player.waiting_since < WAIT


def end(sitting: Sitting) -> None:
    sitting.ended_at = timezone.now()
    sitting.save(update_fields=["ended_at"])


def _deal_practice(player: Player, sitting: Sitting, number: int) -> None:
    if number > practice.N_PAGES or not _put_practice(player, sitting, number):
        Player.objects.filter(pk=player.pk, practised_at=None).update(practised_at=timezone.now())
        end(sitting)
        player.practised_at = timezone.now()
        _deal_next(player, _open_sitting(player))


def _put_practice(player: Player, sitting: Sitting, number: int) -> bool:
    if practice.page_of(number) == LABELER:
        written = practice.round_to_write(player)
        return written is not None and bool(_put(sitting, number, LABELER, written, None))
    found = practice.round_to_find(player)
    return found is not None and bool(_put(sitting, number, RETRIEVER, *found))


def _deal_page(player: Player, sitting: Sitting, number: int) -> None:
    """The role that is due, else the other one."""
    deals = [_deal_labelling, _deal_retrieval] if _due(player) == LABELER else [_deal_retrieval, _deal_labelling]
    if not any(dealt(player, sitting, number) for dealt in deals):
        raise Refused("no_task", _("There is nothing to play just now. Stickers have to be put in first."))


def _due(player: Player) -> str:
    """Not the role of the last page that was played; a page that was skipped leaves its role due."""
    return LABELER if _last_role(player.pk) == [RETRIEVER] else RETRIEVER


@prepared
def _last_role(player_id: int) -> QuerySet[Turn, str]:
    played = Turn.objects.filter(sitting__player_id=player_id, state=Turn.State.DONE)
    return played.order_by("-ended_at", "-pk").values_list("role", flat=True)[:1]


def _deal_labelling(player: Player, sitting: Sitting, number: int) -> bool:
    sticker = choosing.next_sticker(player)
    if sticker is None:
        return False
    now = timezone.now()
    round_ = Round.objects.create(
        sticker=sticker,
        language=player.language,
        labeler=player,
        dealt_at=now,
        lease_until=now + turns.LEASE,
        taboo=worn.shown(sticker, player.language),
        results_hidden=_hides_results(player),
    )
    return bool(_put(sitting, number, LABELER, round_, None))


def _hides_results(player: Player) -> bool:
    """By chance for each page, whatever was written before: what that changes is what the results change."""
    rule = rules.current()
    return sum(_n_written(player.pk)) >= rule.hidden_after and chance.happens(rule.hidden_share)


@prepared
def _n_written(player_id: int) -> QuerySet[Round, int]:
    """How many pages, as one row; none where there are none."""
    written = Round.objects.filter(labeler_id=player_id, source=Round.Source.PLAY).order_by()
    return written.values("labeler_id").annotate(n=Count("pk")).values_list("n", flat=True)


def _deal_live(player: Player, sitting: Sitting, number: int) -> bool:
    return _deal_retrieval(player, sitting, number, human_only=True)


def _deal_retrieval(player: Player, sitting: Sitting, number: int, *, human_only: bool = False) -> bool:
    round_, is_gold = _next_round(player, human_only=human_only)
    if round_ is None:
        return False
    texts = outcome.words_of(round_.pk)
    shown, absent = candidates.draw(round_.sticker, texts, player.pk, may_be_absent=not is_gold)
    if not shown:
        return False
    now = timezone.now()
    retrieval = Retrieval.objects.create(
        round=round_,
        player=player,
        candidates=shown,
        target_absent=absent,
        is_gold=is_gold,
        dealt_at=now,
        lease_until=now + turns.LEASE,
    )
    return bool(_put(sitting, number, RETRIEVER, round_, retrieval))


def _next_round(player: Player, *, human_only: bool) -> tuple[Round | None, bool]:
    """The round to look up, and whether its answer is known: then nothing about the page may show it."""
    if not human_only and gold.is_due(player) and (dealt := gold.next_round(player)):
        return dealt
    return choosing.next_round(player, human_only=human_only), False


def _put(sitting: Sitting, number: int, role: str, round_: Round, retrieval: Retrieval | None) -> Turn:
    return Turn.objects.create(
        sitting=sitting, number=number, role=role, round=round_, retrieval=retrieval, dealt_at=timezone.now()
    )

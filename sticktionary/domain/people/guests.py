"""Players without a password: how they begin, and how what they did follows them into an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import randbelow, token_hex

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from sticktionary.domain.events import announce
from sticktionary.domain.people import leaving
from sticktionary.domain.people.accounts import give_consent
from sticktionary.domain.people.names import key_of
from sticktionary.models import (
    Annotation,
    ApiToken,
    AuditEntry,
    Case,
    Consent,
    FailedLook,
    Flag,
    Judgement,
    LedgerEntry,
    Notice,
    PlayDay,
    Player,
    PlayerQuality,
    Reply,
    Retrieval,
    Round,
    Sanction,
    Sitting,
    Skip,
    Turn,
)

GUEST = {"en": "guest", "zh": "游客"}
IDLE_FOR = timedelta(days=30)


@transaction.atomic
def start(*, language: str) -> Player:
    """A new guest, who has agreed to the text of their edition."""
    name = _free_name(language)
    guest = Player(
        username=f"guest-{token_hex(8)}", display_name=name, name_key=key_of(name), language=language, is_guest=True
    )
    guest.set_unusable_password()
    guest.save()
    give_consent(player_id=guest.pk, language=language)
    return guest


def forget_idle(most: int = 200) -> int:
    """Delete guests who came once, a month ago or more, and played nothing; how many they were."""
    played = Q(sittings__turns__state=Turn.State.DONE) | Q(ledger__isnull=False) | Q(rounds__submitted_at__isnull=False)
    idle = Player.objects.filter(is_guest=True, date_joined__lt=timezone.now() - IDLE_FOR)
    idle = idle.exclude(pk__in=Player.objects.filter(played, is_guest=True).values("pk"))
    ids = list(idle.order_by("pk").values_list("pk", flat=True)[:most])
    for player_id in ids:
        leaving.erase(player_id=player_id)
    return len(ids)


def _free_name(language: str) -> str:
    for n_digits in (4, 4, 4, 6, 9):
        name = f"{GUEST[language]} {10 ** (n_digits - 1) + randbelow(9 * 10 ** (n_digits - 1))}"
        if not Player.objects.filter(name_key=key_of(name)).exists():
            break
    return name


@transaction.atomic
def merge(*, guest_id: int, player_id: int) -> int:
    """Give a guest's rounds, answers and points to the account they sign in to, and say how many points moved.

    What both of them touched stays where it is, without a name and without its points: nobody finds their own words,
    answers a round twice or is paid for practice twice. A guest who is gone has been merged already.
    """
    both = Player.objects.select_for_update().order_by("pk").in_bulk([guest_id, player_id])
    guest, player = both.get(guest_id), both.get(player_id)
    if guest is None or player is None or not guest.is_guest or player.is_guest:
        return 0
    _move_replies(guest, player)
    n_points = _move_points(guest, player)
    _move_play(guest, player)
    _move_days(guest, player)
    _move_quality(guest, player)
    guest.notices.update(player=player)
    guest.consents.exclude(version__in=player.consents.values("version")).update(player=player)
    player.points = player.ledger.aggregate(total=Sum("n_points", default=0))["total"]
    player.practised_at = player.practised_at or guest.practised_at
    player.save(update_fields=["points", "practised_at"])
    guest.delete()
    AuditEntry.objects.create(
        actor=player, verb="merge_guest", subject=f"player {player_id}", detail={"guest": guest_id, "points": n_points}
    )
    announce(player_id)
    return n_points


def _move_replies(guest: Player, player: Player) -> None:
    """Where both replied to the same chat, the first reply is theirs: the second was given by somebody who knew what
    others had sent. Nobody keeps points for agreeing with themselves."""
    mine = {reply.utterance_id: reply for reply in player.replies.all()}
    for theirs in guest.replies.all():
        if (own := mine.get(theirs.utterance_id)) is None:
            Reply.objects.filter(pk=theirs.pk).update(player=player)
            continue
        first, second = sorted((own, theirs), key=_when_answered)
        if second.state == Reply.State.ANSWERED:
            second.state = Reply.State.DOUBLE
        Reply.objects.filter(pk=second.pk).update(player=None, state=second.state)
        Reply.objects.filter(pk=first.pk).update(player=player)
        of_both = Q(key__startswith=f"reply:{second.pk}:") | Q(key=f"reply:{first.pk}:{second.pk}")
        LedgerEntry.objects.filter(of_both).delete()


def _when_answered(reply: Reply) -> tuple[bool, datetime]:
    """Replies that were given before those that were not."""
    return reply.state != Reply.State.ANSWERED, reply.answered_at or reply.dealt_at


def _touched_by_both(guest: Player, player: Player) -> set[int]:
    def touched(by: Player) -> set[int]:
        rounds = Round.objects.filter(Q(labeler=by) | Q(retrievals__player=by))
        return set(rounds.values_list("pk", flat=True))

    return touched(guest) & touched(player)


def _move_points(guest: Player, player: Player) -> int:
    entries = guest.ledger.exclude(round__in=_touched_by_both(guest, player))
    if player.ledger.filter(reason=LedgerEntry.Reason.PRACTISED).exists():
        entries = entries.exclude(reason=LedgerEntry.Reason.PRACTISED)
    ids = list(entries.values_list("pk", flat=True))
    moved = LedgerEntry.objects.filter(pk__in=ids)
    moved.update(player=player)
    return int(moved.aggregate(total=Sum("n_points", default=0))["total"])


def _move_play(guest: Player, player: Player) -> None:
    shared = _touched_by_both(guest, player)
    _drop(Turn.objects.filter(sitting__player=guest, round__in=shared))
    _close_older_sitting(guest, player)
    Round.objects.filter(labeler=guest).exclude(pk__in=shared).update(labeler=player)
    Retrieval.objects.filter(player=guest).exclude(round__in=shared).update(player=player)
    Skip.objects.filter(player=guest).exclude(round__in=player.skips.values("round")).update(player=player)
    Sitting.objects.filter(player=guest).update(player=player)


def _close_older_sitting(guest: Player, player: Player) -> None:
    """Only one sitting is open at a time: the one that was begun last."""
    begun = Sitting.objects.filter(player__in=[guest, player], ended_at=None).order_by("-started_at", "-pk")
    for older in begun[1:]:
        _drop(older.turns.all())
        Sitting.objects.filter(pk=older.pk).update(ended_at=timezone.now())


def _drop(turns: QuerySet[Turn]) -> None:
    turns.filter(state=Turn.State.PLAYING).update(state=Turn.State.DROPPED, ended_at=timezone.now())


def _move_days(guest: Player, player: Player) -> None:
    mine = {day.day: day for day in player.days.all()}
    for day in guest.days.all():
        if day.day in mine:
            mine[day.day].n_rounds += day.n_rounds
            mine[day.day].save(update_fields=["n_rounds"])
        else:
            PlayDay.objects.filter(pk=day.pk).update(player=player)


def _move_quality(guest: Player, player: Player) -> None:
    """What was said of the guest's play goes with it; what follows from it is worked out anew."""
    guest.flags.update(player=player)
    guest.sanctions.exclude(step__in=player.sanctions.filter(lifted_at=None).values("step")).update(player=player)
    guest.cases.update(player=player)
    held = player.annotations.all()
    same = Exists(held.filter(task=OuterRef("task"), sticker=OuterRef("sticker"), language=OuterRef("language")))
    guest.annotations.exclude(same).update(player=player)


# All that belongs to a player; the tests hold it against the models.
MOVED = {
    Annotation,
    ApiToken,  # none: guests have no roles
    Case,
    Consent,
    FailedLook,  # looked at again under the other name
    Flag,
    Judgement,  # none: guests have no roles
    LedgerEntry,
    Notice,
    PlayDay,
    PlayerQuality,  # worked out anew
    Reply,
    Retrieval,
    Round,
    Sanction,
    Sitting,
    Skip,
}

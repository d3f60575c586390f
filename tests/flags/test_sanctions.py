"""Consequences in steps: who may impose which, what comes by itself, what ends by itself, what the player hears."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.play import board, notices
from sticktionary.domain.play.board import Span
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.quality import consequences, evidence, flags, sanctions, weights
from sticktionary.models import AuditEntry, Flag, Notice, Player, RuleSet, Sanction, Sticker
from tests.flags.conftest import finish, playing, role
from tests.game.conftest import make_player

pytestmark = pytest.mark.django_db
Step = Sanction.Step


@pytest.fixture
def moderator(db: None) -> Player:
    return role(make_player("mo"), "moderator")


@pytest.fixture
def _judged_at_once(db: None) -> None:
    RuleSet.objects.create(values={"judge_after": 1})
    rules.forget()


@pytest.fixture
def suspect(anna: Player, stickers: list[Sticker], _judged_at_once: None) -> Player:
    finish(anna, playing(anna))
    return anna


def flag(player: Player, kind: str, number: int = 0) -> Flag:
    raised = flags.raise_flag(kind=kind, player_id=player.pk, key=f"{kind}:{player.pk}:{number}", evidence={})
    assert raised is not None
    consequences.follow(player.pk)
    return raised


def steps(player: Player) -> list[str]:
    return [sanction.step for sanction in sanctions.in_force(player.pk)]


# --- by themselves ---


def test_one_kind_weighs_two_kinds_hide_and_nothing_harder_comes_by_itself(suspect: Player) -> None:
    flag(suspect, "too_fast")
    assert steps(suspect) == [Step.WEIGHT]
    assert weights.weights_of([suspect.pk]) == {suspect.pk: rules.current().weight_least}
    flag(suspect, "repeats")
    assert steps(suspect) == [Step.OFF_BOARD, Step.WEIGHT]
    for kind in ("bot", "burst", "random", "gold_failed", "collusion"):
        flag(suspect, kind)
    assert steps(suspect) == [Step.OFF_BOARD, Step.WEIGHT]


@pytest.mark.parametrize("kind", ["collusion", "code_word"])
def test_what_a_pair_shares_weighs_nothing_until_a_person_has_upheld_it(
    kind: str, suspect: Player, moderator: Player
) -> None:
    raised = flag(suspect, kind)
    assert steps(suspect) == []
    flags.decide(actor=moderator, flag_id=raised.pk, state="upheld")
    assert steps(suspect) == [Step.OFF_BOARD, Step.WEIGHT]
    flags.decide(actor=moderator, flag_id=raised.pk, state="open")
    assert steps(suspect) == []


def test_nobody_is_judged_on_few_answers(anna: Player, stickers: list[Sticker]) -> None:
    finish(anna, playing(anna))
    flag(anna, "too_fast")
    flag(anna, "bot")
    assert steps(anna) == []
    for step in (Step.WEIGHT, Step.OFF_BOARD):
        with pytest.raises(Refused):
            sanctions.impose(player_id=anna.pk, step=step, reason="by itself")


def test_what_was_too_early_comes_with_the_answers(anna: Player, stickers: list[Sticker]) -> None:
    RuleSet.objects.create(values={"judge_after": 3})
    rules.forget()
    flag(anna, "too_fast")
    for _ in range(2):
        finish(anna, playing(anna))
    flags.look_at(anna.pk)
    assert steps(anna) == []
    finish(anna, playing(anna))
    flags.look_at(anna.pk)
    assert steps(anna) == [Step.WEIGHT]


def test_where_the_rules_leave_it_to_people_nothing_comes_by_itself(anna: Player, stickers: list[Sticker]) -> None:
    RuleSet.objects.create(values={"judge_after": 1, "sanction_by_itself": False})
    rules.forget()
    finish(anna, playing(anna))
    flag(anna, "bot")
    assert steps(anna) == []


@pytest.mark.parametrize("step", [Step.BLOCKED, Step.EXCLUDED])
def test_the_rules_cannot_block_or_exclude(step: str, suspect: Player) -> None:
    with pytest.raises(NotAllowed):
        sanctions.impose(player_id=suspect.pk, step=step, reason="by itself")


def test_a_dismissed_flag_takes_its_consequence_back(suspect: Player, moderator: Player) -> None:
    first, second = flag(suspect, "too_fast"), flag(suspect, "bot")
    flags.decide(actor=moderator, flag_id=second.pk, state="dismissed")
    assert steps(suspect) == [Step.OFF_BOARD, Step.WEIGHT]  # the first flag still stands behind both
    flags.decide(actor=moderator, flag_id=first.pk, state="dismissed")
    assert steps(suspect) == []
    assert Sanction.objects.filter(lifted_at__isnull=False).count() == 2
    flags.decide(actor=moderator, flag_id=first.pk, state="upheld")
    assert steps(suspect) == [Step.OFF_BOARD, Step.WEIGHT]


def test_what_a_person_lifted_does_not_come_back_for_the_same_flags(suspect: Player, moderator: Player) -> None:
    flag(suspect, "too_fast")
    sanctions.lift(actor=moderator, sanction_id=sanctions.in_force(suspect.pk)[0].pk, why="a fast hand")
    consequences.follow(suspect.pk)
    assert steps(suspect) == []
    flag(suspect, "too_fast", 1)
    assert steps(suspect) == [Step.WEIGHT]


# --- by people ---


@pytest.mark.parametrize("step", Step.values)
def test_a_moderator_imposes_and_lifts_with_a_reason_the_player_reads(
    step: str, anna: Player, moderator: Player
) -> None:
    sanction = sanctions.impose(actor=moderator, player_id=anna.pk, step=step, reason="  as agreed  ")
    assert steps(anna) == [step]
    with pytest.raises(Refused):
        sanctions.impose(actor=moderator, player_id=anna.pk, step=step, reason="again")
    sanctions.lift(actor=moderator, sanction_id=sanction.pk, why="appeal")
    sanctions.lift(actor=moderator, sanction_id=sanction.pk, why="twice")
    assert steps(anna) == []
    audit = AuditEntry.objects.filter(subject=f"player {anna.pk}").order_by("pk")
    assert [(each.verb, each.actor, each.detail["why"]) for each in audit] == [
        ("impose_sanction", moderator, "as agreed"),
        ("lift_sanction", moderator, "appeal"),
    ]
    told = Notice.objects.filter(player=anna).order_by("pk")
    assert [(each.payload["step"], each.payload["is_over"], each.payload["why"]) for each in told] == [
        (step, False, "as agreed"),
        (step, True, "appeal"),
    ]
    assert all(each.payload["why"] in notices.sentence(each) for each in told)


@pytest.mark.parametrize(("reason", "step"), [("", "blocked"), ("   ", "excluded"), ("because", "flogged")])
def test_a_step_without_reason_or_name_is_refused(reason: str, step: str, anna: Player, moderator: Player) -> None:
    with pytest.raises(Refused):
        sanctions.impose(actor=moderator, player_id=anna.pk, step=step, reason=reason)
    assert not Sanction.objects.exists()


def test_nobody_without_the_permission_judges_and_nobody_judges_themselves(
    anna: Player, ben: Player, moderator: Player
) -> None:
    with pytest.raises(NotAllowed):
        sanctions.impose(actor=ben, player_id=anna.pk, step="weight", reason="rival")
    with pytest.raises(NotAllowed):
        sanctions.impose(actor=role(ben, "reviewer"), player_id=anna.pk, step="weight", reason="rival")
    own = sanctions.impose(
        actor=role(make_player("mia"), "moderator"), player_id=moderator.pk, step="weight", reason="x"
    )
    with pytest.raises(Refused):
        sanctions.lift(actor=moderator, sanction_id=own.pk, why="it is me")
    with pytest.raises(Refused):
        sanctions.impose(actor=moderator, player_id=moderator.pk, step="off_board", reason="me")


def test_what_a_person_imposed_the_rules_do_not_end(suspect: Player, moderator: Player) -> None:
    sanction = sanctions.impose(actor=moderator, player_id=suspect.pk, step="off_board", reason="seen myself")
    consequences.follow(suspect.pk)
    assert steps(suspect) == [Step.OFF_BOARD]
    with pytest.raises(NotAllowed):
        sanctions.lift(sanction_id=sanction.pk, why="by itself")


# --- what follows from it ---


@pytest.mark.parametrize(
    ("step", "is_shown"), [("weight", True), ("off_board", False), ("blocked", False), ("excluded", False)]
)
def test_the_board_leaves_out_who_is_hidden_and_tells_them(
    step: str, is_shown: bool, anna: Player, ben: Player, moderator: Player
) -> None:
    Player.objects.filter(pk=anna.pk).update(points=50)
    Player.objects.filter(pk=ben.pk).update(points=20)
    sanctions.impose(actor=moderator, player_id=anna.pk, step=step, reason="too quick")
    now = timezone.now()
    names = [row.name for row in board.read("en", Span.EVER, now).top()]
    assert names == (["anna", "ben"] if is_shown else ["ben"])
    anna.refresh_from_db()
    mine = board.standing(anna, Span.EVER, now)
    assert (mine.n_points, mine.place) == (50, 1 if is_shown else None)
    assert board.kept_off(anna.pk) == ("" if is_shown else "too quick")


def test_only_the_excluded_are_excluded(anna: Player, ben: Player, moderator: Player) -> None:
    sanctions.impose(actor=moderator, player_id=ben.pk, step="blocked", reason="cool down")
    held = sanctions.impose(actor=moderator, player_id=anna.pk, step="excluded", reason="bad faith")
    assert sanctions.excluded_players() == {anna.pk}
    sanctions.lift(actor=moderator, sanction_id=held.pk, why="an error")
    assert sanctions.excluded_players() == set()


def test_the_player_reads_it_in_the_game(anna: Player, stickers: list[Sticker], moderator: Player) -> None:
    sanctions.impose(actor=moderator, player_id=anna.pk, step="weight", reason="Too quick.")
    finish(anna, playing(anna))
    lines = snapshot_for(anna.pk).notices
    assert [(line.kind, line.sticker, "Too quick." in line.sentence) for line in lines] == [("sanction", None, True)]


@pytest.mark.usefixtures("_judged_at_once")
def test_the_reason_of_the_rules_is_in_the_players_own_edition(stickers: list[Sticker]) -> None:
    lin = make_player("lin", "zh")
    finish(lin, playing(lin), text="不想上班")
    flag(lin, "too_fast")
    reason = Sanction.objects.get(player=lin).reason
    with translation.override("zh-hans"):
        assert reason == evidence.to_player(list(Flag.objects.filter(player=lin)))

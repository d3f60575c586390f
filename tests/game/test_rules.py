"""Random play by several players, and what must hold after every move of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sticktionary.domain import rules
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import chance, dealing, deciding, labelling, outcome, retrieving, skipping
from sticktionary.domain.play.outcome import COUNTS
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import FindTurn, FoundTurn, LabelTurn, Nothing, Summary, WrittenTurn
from sticktionary.models import Case, Gold, LedgerEntry, Notice, Player, Retrieval, Round, Skip, Sticker, Turn
from tests.game.conftest import make_player, make_sticker
from tests.rules import hold

pytestmark = pytest.mark.django_db
in_play = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
moves = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=24, max_size=32)
WORDS = ["so done", "send help", "tiny win", "monday face", "left on read", "food coma", "who asked", "not today"]


@contextmanager
def undone() -> Iterator[None]:
    """Each example plays on a catalogue of its own, by rules of its own."""
    with transaction.atomic():
        rules.forget()
        yield
        transaction.set_rollback(True)


class Table:
    """Some players at a small catalogue, moved by numbers."""

    def __init__(self, n_stickers: int) -> None:
        self.stickers = [make_sticker(number, queries=3, image="x", poster="x") for number in range(n_stickers)]
        self.players = [make_player(f"p{n}", "zh" if n == 3 else "en") for n in range(4)]
        self.n_moves = 0

    def key(self) -> str:
        self.n_moves += 1
        return f"key-{self.n_moves:06}"

    def move(self, player: Player, choice: int) -> None:
        turn = snapshot_for(player.pk).turn
        match turn:
            case LabelTurn() | FindTurn() if choice == 0:
                reason = "unclear"
                skipping.skip(player_id=player.pk, lease=turn.lease, key=self.key(), reason=reason)
            case LabelTurn() | FindTurn() if choice == 1:
                lapse(player)
            case LabelTurn():
                self.write(player, turn, choice)
            case FindTurn():
                self.find(player, turn, choice)
            case _:
                self.deal(player)

    def write(self, player: Player, turn: LabelTurn, choice: int) -> None:
        text = (
            f"{WORDS[choice % 8]} {self.n_moves % 5}"
            if player.language == "en"
            else f"心情{'一二三四五六七八九十'[choice]}"
        )
        try:
            labelling.add_query(player_id=player.pk, lease=turn.lease, key=self.key(), text=text)
        except Refused as refusal:
            assert refusal.code in {"repeats", "worn_out", "enough"}  # noqa: PT017
        if choice > 4 and outcome.live_queries(self.round_of(player).pk).exists():
            labelling.submit(player_id=player.pk, lease=turn.lease, key=self.key())

    def find(self, player: Player, turn: FindTurn, choice: int) -> None:
        letters = retrieving.LETTERS[: len(turn.candidates)]
        picks = [letters[(choice + n) % len(letters)] for n in range(min(choice % 4, len(letters)))]
        if choice == 9:  # somebody who knows
            target = self.round_of(player).sticker_id
            held = Retrieval.objects.get(turn__sitting__player=player, turn__state=Turn.State.PLAYING).candidates
            picks = [letters[held.index(target)]] if target in held else []
        retrieving.answer(player_id=player.pk, lease=turn.lease, key=self.key(), picks=picks)

    def deal(self, player: Player) -> None:
        try:
            dealing.deal(player_id=player.pk)
        except Refused as refusal:
            assert refusal.code == "no_task"  # noqa: PT017
            skipped = Skip.objects.filter(player=player).values("sticker")
            active = Sticker.objects.filter(state=Sticker.State.ACTIVE)
            assert not active.exclude(pk__in=skipped).exists(), "refused although there was something to play"

    def round_of(self, player: Player) -> Round:
        return Turn.objects.get(sitting__player=player, state=Turn.State.PLAYING).round


def lapse(player: Player) -> None:
    past = timezone.now() - timedelta(seconds=1)
    turn = Turn.objects.get(sitting__player=player, state=Turn.State.PLAYING)
    Round.objects.filter(pk=turn.round_id, labeler=player).update(lease_until=past)
    Retrieval.objects.filter(turn=turn).update(lease_until=past)


def check_retrievals() -> None:
    for retrieval in Retrieval.objects.exclude(player=None).select_related("round"):
        assert retrieval.round.labeler_id != retrieval.player_id, "their own round"
        assert len(set(retrieval.candidates)) == len(retrieval.candidates) <= 24
        assert (retrieval.round.sticker_id in retrieval.candidates) is not retrieval.target_absent
        before = Retrieval.objects.filter(
            COUNTS, player=retrieval.player_id, round__sticker=retrieval.round.sticker_id,
            answered_at__lt=retrieval.dealt_at,
        )  # fmt: skip
        assert not before.exists(), "a sticker whose answer they have seen"
        written = Round.objects.filter(
            labeler=retrieval.player_id, sticker=retrieval.round.sticker_id, dealt_at__lt=retrieval.dealt_at
        )
        assert not written.exists(), "a sticker they have written for"
        skipped = Skip.objects.filter(
            player=retrieval.player_id, sticker=retrieval.round.sticker_id, at__lt=retrieval.dealt_at
        )
        assert not skipped.exists(), "a sticker they have passed on"


def check_rounds() -> None:
    now = timezone.now()
    for round_ in Round.objects.exclude(source=Round.Source.PRACTICE):
        standing = outcome.standings([round_.pk], now)[round_.pk]
        assert standing.n_found + standing.n_missed <= 3
        if round_.state in {Round.State.OPEN, Round.State.FOUND}:
            assert standing.verdict == (Round.State.FOUND if round_.state == Round.State.FOUND else None)
        if round_.state == Round.State.OPEN:
            assert standing.n_found + standing.n_missed + standing.n_leased <= standing.n_needed


def check_points() -> None:
    sums = dict(LedgerEntry.objects.values_list("player").annotate(Sum("n_points")))
    assert {player.pk: player.points for player in Player.objects.exclude(points=0)} == sums
    reasons = [LedgerEntry.Reason.RETRIEVED, LedgerEntry.Reason.NONE_OF_THESE]
    for entry in LedgerEntry.objects.filter(reason__in=reasons).select_related("retrieval"):
        assert entry.retrieval is not None
        assert entry.n_points == entry.retrieval.n_points


def check_turns(players: list[Player]) -> None:
    for player in players:
        turns = Turn.objects.filter(sitting__player=player, sitting__is_practice=False).exclude(
            state=Turn.State.DROPPED
        )
        for sitting_id, numbers in _numbers(turns).items():
            assert numbers == list(range(1, len(numbers) + 1)), sitting_id
            assert len(numbers) <= 6


def _numbers(turns: object) -> dict[int, list[int]]:
    numbers: dict[int, list[int]] = {}
    for turn in turns.order_by("number"):  # type: ignore[attr-defined]
        numbers.setdefault(turn.sitting_id, []).append(turn.number)
    return numbers


@in_play
@given(moves)
def test_whatever_players_do_the_rules_hold(played: list[tuple[int, int]]) -> None:
    with undone():
        table = Table(7)
        for who, choice in played:
            table.move(table.players[who], choice)
        check_retrievals()
        check_rounds()
        check_points()
        check_turns(table.players)


@in_play
@given(st.lists(st.integers(2, 9), min_size=20, max_size=26))
def test_one_player_alone_is_never_without_a_task(choices: list[int]) -> None:
    with undone():
        table = Table(4)
        player = table.players[0]
        for choice in choices:
            dealing.deal(player_id=player.pk)
            assert not isinstance(snapshot_for(player.pk).turn, Nothing)
            table.move(player, choice)
        check_retrievals()
        check_points()


# --- while the rules change ---

changed_rules = st.fixed_dictionaries({}, optional={
    "n_retrievers": st.sampled_from([1, 1, 2, 3]),
    "n_retrievers_most": st.integers(3, 4),
    "absent_share": st.sampled_from([0.0, 0.0, 0.3]),
    "hidden_share": st.sampled_from([0.0, 1.0]),
    "hidden_after": st.integers(0, 2),
    "done_after_found": st.integers(0, 2),
    "halt_after_skips": st.integers(1, 3),
    "review_after_skips": st.integers(1, 2),
    "gold_every_first": st.integers(0, 2),
    "gold_first": st.integers(0, 3),
    "gold_every": st.integers(0, 2),
    "gold_after_found_at_once": st.integers(1, 3),
    "gold_exposures_most": st.integers(1, 3),
    "take_found": st.sampled_from([True, True, False]),
    "review_not_found": st.booleans(),
})  # fmt: skip
changing_moves = st.lists(
    st.one_of(st.tuples(st.integers(0, 2), st.integers(0, 9)), changed_rules), min_size=30, max_size=45
)


class ChangingTable(Table):
    """A table at which every move is a page, most people find what they look for, and rules change under them."""

    def move(self, player: Player, choice: int) -> None:
        self.deal(player)
        if choice < 2:  # skipped, or left lying
            return super().move(player, choice)
        match snapshot_for(player.pk).turn:
            case LabelTurn() as turn:
                self.write(player, turn, 9)
            case FindTurn() as turn:
                self.find(player, turn, 9 if choice > 2 else 5)
        return None

    def deal(self, player: Player) -> None:
        with suppress(Refused):  # stickers may be done or halted
            dealing.deal(player_id=player.pk)
            self.check_dealt(player)

    def check_dealt(self, player: Player) -> None:
        turn = Turn.objects.filter(sitting__player=player, state=Turn.State.PLAYING).first()
        if turn is None or turn.round.source == Round.Source.PRACTICE:
            return
        rule = rules.current()
        if turn.role == Turn.Role.LABELER:
            of_sticker = Round.objects.filter(sticker=turn.round.sticker_id, language=player.language)
            n_found = of_sticker.filter(source=Round.Source.PLAY, state__in=outcome.PROVEN).count()
            assert not rule.done_after_found or n_found < rule.done_after_found, "a sticker that is done"
        elif turn.retrieval and turn.retrieval.is_gold:
            assert rule.gold_every_first or rule.gold_every
            assert turn.round.state in outcome.PROVEN
            assert turn.round.sticker_id in turn.retrieval.candidates


def check_gold() -> None:
    for retrieval in Retrieval.objects.filter(is_gold=True).select_related("round"):
        assert Gold.objects.filter(round=retrieval.round, promoted_at__isnull=False).exists()
        assert not LedgerEntry.objects.filter(retrieval=retrieval).exclude(player=retrieval.player).exists()
        assert not Notice.objects.filter(payload__retrieval=retrieval.pk).exists()
    for gold in Gold.objects.filter(promoted_at__isnull=False):
        before = Retrieval.objects.filter(COUNTS, round=gold.round, answered_at__lte=gold.promoted_at)
        assert set(before.values_list("rank", flat=True)) == {1}


def check_decided() -> None:
    """By the rules as they are now no open round is complete, and none is stuck."""
    now = timezone.now()
    open_ = Round.objects.filter(state=Round.State.OPEN).exclude(source=Round.Source.PRACTICE)
    for standing in outcome.standings(open_.values_list("pk", flat=True), now).values():
        assert standing.verdict is None
        assert standing.n_places + standing.n_leased > 0
    for round_ in Round.objects.filter(state=Round.State.NEEDS_REVIEW):
        assert Case.objects.filter(round=round_).count() <= 1
    assert not Case.objects.exclude(kind=Case.Kind.STICKER).exclude(round__state=Round.State.NEEDS_REVIEW).exists()


@in_play
@given(changing_moves, st.randoms(use_true_random=False))
def test_whatever_the_rules_become_play_holds(played: list[Any], dice: Random) -> None:
    with undone(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(chance, "dice", dice)
        held: dict[str, Any] = {"n_retrievers": 1, "gold_every_first": 1, "gold_after_found_at_once": 1}
        hold(**held)
        table = ChangingTable(5)
        for step in played:
            if isinstance(step, dict):
                hold(**(held := held | step))
            else:
                table.move(table.players[step[0]], step[1])
        deciding.decide_complete()
        check_retrievals()
        check_decided()
        check_gold()
        check_points()
        check_turns(table.players)


def test_roles_alternate_over_sittings_while_both_have_something(stickers: list[Sticker], anna: Player) -> None:
    roles = []
    for number in range(15):
        dealing.deal(player_id=anna.pk)
        turn = snapshot_for(anna.pk).turn
        if isinstance(turn, Summary):
            assert len(turn.pages) == 6
            continue
        roles.append(type(turn))
        finish(anna, f"key-{number:05}")
        assert isinstance(snapshot_for(anna.pk).turn, FoundTurn | WrittenTurn)
    assert roles == [FindTurn, LabelTurn] * 6 + [FindTurn]


def finish(player: Player, key: str, picks: tuple[str, ...] = ("a",)) -> None:
    """Play the page the player is on to its end."""
    turn = snapshot_for(player.pk).turn
    if isinstance(turn, LabelTurn):
        labelling.add_query(player_id=player.pk, lease=turn.lease, key=f"{key}-add", text=f"mood {key[4:]}")
        labelling.submit(player_id=player.pk, lease=turn.lease, key=f"{key}-submit")
    elif isinstance(turn, FindTurn):
        retrieving.answer(player_id=player.pk, lease=turn.lease, key=key, picks=list(picks))


def test_who_has_written_for_everything_writes_for_the_one_of_longest_ago_again(anna: Player) -> None:
    stickers = [make_sticker(number) for number in range(3)]  # without queries there is nothing to look up
    for number in range(9):
        dealing.deal(player_id=anna.pk)
        if isinstance(snapshot_for(anna.pk).turn, Summary):
            dealing.deal(player_id=anna.pk)
        finish(anna, f"key-{number:05}")
    written = list(Round.objects.filter(labeler=anna).order_by("dealt_at").values_list("sticker", flat=True))
    assert set(written[:3]) == {sticker.pk for sticker in stickers}
    assert written == written[:3] * 3


def test_the_move_that_ended_a_sitting_does_not_begin_the_next_when_it_arrives_again(
    stickers: list[Sticker], anna: Player
) -> None:
    for number in range(7):
        dealing.deal(player_id=anna.pk, key=f"deal-{number:05}")
        finish(anna, f"key-{number:05}")
    dealing.deal(player_id=anna.pk, key="deal-00006")
    assert isinstance(snapshot_for(anna.pk).turn, Summary)
    dealing.deal(player_id=anna.pk, key="deal-00007")
    assert not isinstance(snapshot_for(anna.pk).turn, Summary)


def test_an_empty_catalogue_is_said_to_be_one(anna: Player) -> None:
    assert snapshot_for(anna.pk).turn == Nothing("empty")
    with pytest.raises(Refused) as refused:
        dealing.deal(player_id=anna.pk)
    assert refused.value.code == "no_task"


def test_played_rounds_come_before_the_houses_and_oldest_first(stickers: list[Sticker], ben: Player) -> None:
    now = timezone.now()
    written = []
    for number, minutes in enumerate([5, 50, 20]):
        author = make_player(f"author{number}")
        round_ = Round.objects.create(
            sticker=stickers[number], language="en", state=Round.State.OPEN, labeler=author, dealt_at=now,
            submitted_at=now - timedelta(minutes=minutes),
        )  # fmt: skip
        round_.queries.create(text="x", normalised="x", position=1, added_at=now)
        written.append(round_)
    dealt = []
    for _ in range(4):
        with_turn = deal_find(ben)
        dealt.append(with_turn.round)
        Retrieval.objects.filter(turn=with_turn).update(state=Retrieval.State.ANSWERED, answered_at=now)
        Turn.objects.filter(pk=with_turn.pk).update(state=Turn.State.DROPPED)
    assert dealt[:3] == [written[1], written[2], written[0]]
    assert dealt[3].source == Round.Source.HOUSE


def deal_find(player: Player) -> Turn:
    """The next page to look up, whatever role is due."""
    while True:
        dealing.deal(player_id=player.pk)
        turn = Turn.objects.filter(sitting__player=player, state=Turn.State.PLAYING).first()
        if turn and turn.role == Turn.Role.RETRIEVER:
            return turn
        if turn:
            Turn.objects.filter(pk=turn.pk).update(state=Turn.State.DROPPED)


def test_the_same_partner_comes_three_times_in_a_row_at_most(stickers: list[Sticker], ben: Player) -> None:
    now = timezone.now()
    author = make_player("author")
    for number in range(8):
        round_ = Round.objects.create(
            sticker=stickers[number], language="en", state=Round.State.OPEN, labeler=author, dealt_at=now,
            submitted_at=now,
        )  # fmt: skip
        round_.queries.create(text="x", normalised="x", position=1, added_at=now)
    partners = []
    for _ in range(8):
        turn = deal_find(ben)
        partners.append(turn.round.labeler_id)
        Turn.objects.filter(pk=turn.pk).update(state=Turn.State.DROPPED)
    assert partners[:4] == [author.pk] * 3 + [None]
    assert partners.count(author.pk) <= 6


def test_a_lapsed_lease_frees_its_place(anna: Player, ben: Player) -> None:
    for number in range(6):
        make_sticker(number)
    author = make_player("author")
    now = timezone.now()
    round_ = Round.objects.create(
        sticker=Sticker.objects.get(name="0003.png"), language="en", state=Round.State.OPEN, labeler=author,
        dealt_at=now, submitted_at=now,
    )  # fmt: skip
    round_.queries.create(text="x", normalised="x", position=1, added_at=now)
    carl = make_player("carl")
    Retrieval.objects.bulk_create(
        Retrieval(round=round_, player=player, candidates=[], dealt_at=now, lease_until=now + timedelta(minutes=5))
        for player in (anna, ben)
    )
    dealing.deal(player_id=carl.pk)
    assert isinstance(snapshot_for(carl.pk).turn, LabelTurn)
    Retrieval.objects.filter(player=ben).update(lease_until=F("dealt_at"))
    dora = make_player("dora")
    dealing.deal(player_id=dora.pk)
    assert Turn.objects.get(sitting__player=dora).round == round_

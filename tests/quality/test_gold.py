"""Gold rounds: where they come from, to whom they are dealt, and that nobody can tell."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from sticktionary.domain.people import mydata
from sticktionary.domain.play import chance, dealing, history, outcome, retrieving
from sticktionary.domain.play.sitting import snapshot_for
from sticktionary.domain.play.snapshot import FindTurn, FoundTurn
from sticktionary.domain.quality import gold
from sticktionary.models import Gold, LedgerEntry, Notice, Player, Retrieval, Round, Skip, Sticker, Turn
from tests.game.test_rules import deal_find, lapse
from tests.quality.conftest import answered, found_at_once, make_round, somebody
from tests.rules import hold

Happens = list[float]


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> Happens:
    """Every lookup is to be gold, no target is left out; the shares that were thrown for."""
    thrown: Happens = []

    def happens(share: float) -> bool:
        thrown.append(share)
        return share in {1 / 6, 1 / 20}

    monkeypatch.setattr(chance, "happens", happens)
    return thrown


def page_of(player: Player) -> tuple[FindTurn, Retrieval]:
    turn = deal_find(player)
    page = snapshot_for(player.pk).turn
    assert isinstance(page, FindTurn)
    assert turn.retrieval is not None
    return page, turn.retrieval


def answer(player: Player, *, finds: bool = True) -> FoundTurn:
    page, retrieval = page_of(player)
    letters = dict(zip(retrieval.candidates, retrieving.LETTERS, strict=False))
    right = letters[retrieval.round.sticker_id]
    wrong = next(letter for letter in letters.values() if letter != right)
    retrieving.answer(
        player_id=player.pk, lease=page.lease, key=f"answer-{retrieval.pk:06}", picks=[right if finds else wrong]
    )
    after = snapshot_for(player.pk).turn
    assert isinstance(after, FoundTurn)
    return after


def open_rounds(author: Player, stickers: list[Sticker]) -> list[Round]:
    return [make_round(author, sticker) for sticker in stickers]


# --- promotion ---


def test_a_round_that_two_found_at_once_is_on_probation_until_a_third_does(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    round_ = make_round(author, stickers[0])
    for _ in range(2):
        answer(somebody())
    held = Gold.objects.get()
    assert (held.round, held.promoted_at, held.retired_at) == (round_, None, None)
    answer(somebody())
    held.refresh_from_db()
    assert held.promoted_at is not None
    assert held.n_exposures == 0
    third = Retrieval.objects.latest("pk")
    assert (third.round, third.is_gold) == (round_, False), "it counted as one more retriever"
    assert outcome.standing_of(round_.pk).n_found == 3
    assert LedgerEntry.objects.filter(player=author).count() == 3


def test_who_does_not_find_it_ends_the_probation_and_the_round_stays_found(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    round_ = make_round(author, stickers[0])
    for _ in range(2):
        answer(somebody())
    answer(somebody(), finds=False)
    held = Gold.objects.get()
    assert held.promoted_at is None
    assert held.retired_at is not None
    round_.refresh_from_db()
    assert round_.state == Round.State.FOUND


@pytest.mark.parametrize(("ranks", "is_held", "is_gold"), [
    ((1, 1, 1), True, True), ((1, 1), True, False), ((1, 2), False, False), ((1, 1, 0), False, False),
])  # fmt: skip
def test_only_what_everybody_found_at_once_is_held(
    stickers: list[Sticker], author: Player, ranks: tuple[int, ...], is_held: bool, is_gold: bool
) -> None:
    round_ = make_round(author, stickers[0])
    for rank in ranks:
        answered(round_, rank)
    answered(round_, 0, target_absent=True, candidates=[])  # says nothing
    gold.consider(round_)
    assert Gold.objects.exists() is is_held
    assert Gold.objects.filter(promoted_at__isnull=False).exists() is is_gold


def test_house_rounds_become_gold_as_well(due: Happens, stickers: list[Sticker]) -> None:
    make_round(None, stickers[0])
    for _ in range(3):
        answer(somebody())
    assert Gold.objects.get().promoted_at is not None


def test_one_at_a_time_tries_a_round_on_probation(due: Happens, stickers: list[Sticker], author: Player) -> None:
    found_at_once(make_round(author, stickers[0]), 2)
    spare = make_round(author, stickers[1])
    assert [page_of(somebody())[1].round.sticker for _ in range(2)] == [stickers[0], spare.sticker]


# --- dealing ---


def test_it_is_dealt_one_time_in_six_to_a_new_player_then_one_in_twenty(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    hold(gold_first=2)
    ben = somebody()
    answered(make_round(None, stickers[7], source=Round.Source.PRACTICE), 1, ben)  # is no lookup yet
    for round_ in open_rounds(author, stickers[:4]):
        assert gold.is_due(ben)
        answered(round_, 0, ben)
    assert due == [1 / 6, 1 / 6, 1 / 20, 1 / 20]


def test_there_is_none_where_the_rules_say_so(due: Happens, stickers: list[Sticker], author: Player) -> None:
    hold(gold_every_first=0)
    found_at_once(make_round(author, stickers[0]))
    plain = make_round(author, stickers[1])
    assert page_of(somebody())[1].round == plain


@pytest.mark.parametrize("why_not", ["own", "answered", "written", "skipped", "halted", "other language", "retired"])
def test_it_is_never_one_they_know_and_never_one_out_of_play(
    due: Happens, stickers: list[Sticker], author: Player, why_not: str
) -> None:
    ben = author if why_not == "own" else somebody("zh" if why_not == "other language" else "en")
    round_ = found_at_once(make_round(author, stickers[0]))
    match why_not:
        case "answered":
            answered(make_round(None, stickers[0], state=Round.State.FOUND), 0, ben)
        case "written":
            make_round(ben, stickers[0])
        case "skipped":
            Skip.objects.create(
                player=ben, round=round_, sticker=stickers[0], reason="other", as_labeler=True, at=timezone.now()
            )
        case "halted":
            Sticker.objects.filter(pk=stickers[0].pk).update(state="halted")
        case "retired":
            Gold.objects.update(retired_at=timezone.now())
    assert gold.next_round(ben) is None


def test_who_may_have_it_gets_it(due: Happens, stickers: list[Sticker], author: Player) -> None:
    round_ = found_at_once(make_round(author, stickers[0]))
    make_round(author, stickers[1])
    _page, retrieval = page_of(somebody())
    assert (retrieval.round, retrieval.is_gold, retrieval.target_absent) == (round_, True, False)


def test_it_is_retired_when_it_was_dealt_often_enough(due: Happens, stickers: list[Sticker], author: Player) -> None:
    hold(gold_exposures_most=2)
    found_at_once(make_round(author, stickers[0]))
    for n_exposures, is_retired in [(1, False), (2, True)]:
        page_of(somebody())
        held = Gold.objects.get()
        assert (held.n_exposures, held.retired_at is not None) == (n_exposures, is_retired)
    assert gold.next_round(somebody()) is None


def test_those_dealt_least_come_first(
    due: Happens, stickers: list[Sticker], author: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gold, "_LOOK_AT", 1)
    rounds = [found_at_once(make_round(author, sticker)) for sticker in stickers[:3]]
    dealt = [page_of(somebody())[1].round for _ in range(3)]
    assert {round_.pk for round_ in dealt} == {round_.pk for round_ in rounds}


# --- its answer ---


@pytest.mark.parametrize("finds", [True, False])
def test_it_pays_the_retriever_and_changes_nothing_else(
    due: Happens, stickers: list[Sticker], author: Player, finds: bool
) -> None:
    round_ = found_at_once(make_round(author, stickers[0]))
    before = Round.objects.filter(pk=round_.pk).values().get()
    ben = somebody()
    after = answer(ben, finds=finds)
    assert after.n_points == (100 if finds else 0)
    ben.refresh_from_db()
    assert ben.points == after.n_points
    assert Round.objects.filter(pk=round_.pk).values().get() == before
    assert outcome.standing_of(round_.pk).n_answers == 3
    assert not LedgerEntry.objects.exclude(player=ben).exists()
    assert not Notice.objects.exists()
    assert len(history.written(author.pk).entries[0].lookups) == 3


# --- silence ---

ALIKE = ("lease", "lease_until", "queries", "writer", "candidates")


def shape(value: Any) -> Any:
    """What kind of thing stands where, without what differs from page to page anyway."""
    if isinstance(value, dict):
        return {name: shape(held) for name, held in value.items()}
    return [shape(held) for held in value] if isinstance(value, list) else type(value).__name__


def plain_and_gold(due: Happens, stickers: list[Sticker], author: Player) -> tuple[Player, Player]:
    """Two players, of whom one is dealt a round that is looked up for the second time, and the other a gold one."""
    plain = make_round(author, stickers[1])
    answered(plain, 1)
    plain_player = somebody()
    assert page_of(plain_player)[1].round == plain
    found_at_once(make_round(author, stickers[0]))
    gold_player = somebody()
    assert page_of(gold_player)[1].is_gold
    return plain_player, gold_player


def test_its_page_holds_what_every_page_holds(due: Happens, stickers: list[Sticker], author: Player) -> None:
    plain, gilt = plain_and_gold(due, stickers, author)
    pages = [json.loads(msgspec.json.encode(snapshot_for(player.pk).turn)) for player in (plain, gilt)]
    assert shape(pages[0]) == shape(pages[1])
    for page in pages:
        for name in ALIKE:
            page.pop(name)
    assert pages[0] == pages[1]


def test_after_the_answer_it_shows_no_more_than_another_page(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    plain, gilt = plain_and_gold(due, stickers, author)
    pages = [json.loads(msgspec.json.encode(answer(player))) for player in (plain, gilt)]
    assert shape(pages[0]) == shape(pages[1])
    for name in ("outcome", "n_points", "lines", "writer", "practice", "coach", "gave_away"):
        assert pages[0][name] == pages[1][name]
    assert [line["code"] for line in pages[1]["others"]] == ["other_found"]
    tabs = [msgspec.to_builtins(snapshot_for(player.pk).tabs) for player in (plain, gilt)]
    assert tabs[0] == tabs[1]


def test_a_page_that_lapsed_is_taken_up_again_like_any_other(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    plain, gilt = plain_and_gold(due, stickers, author)
    for player in (plain, gilt):
        lapse(player)
        assert isinstance(snapshot_for(player.pk).turn, FindTurn)
        assert dealing.deal(player_id=player.pk) == []
        assert answer(player).outcome == "first"


def test_what_players_can_download_does_not_say_which_were_gold(
    due: Happens, stickers: list[Sticker], author: Player
) -> None:
    found_at_once(make_round(author, stickers[0]))
    ben = somebody()
    answer(ben)
    (retrieval,) = json.loads("".join(mydata.download(ben.pk)))["retrievals"]
    assert not [name for name in retrieval if "gold" in name]
    assert "gold" not in "".join(mydata.download(author.pk))


def test_the_same_search_for_a_page_draws_the_candidates(due: Happens, stickers: list[Sticker], author: Player) -> None:
    plain, gilt = plain_and_gold(due, stickers, author)
    drawn = [
        Retrieval.objects.get(turn__sitting__player=player, turn__state=Turn.State.PLAYING) for player in (plain, gilt)
    ]
    assert {len(retrieval.candidates) for retrieval in drawn} == {len(stickers) - 1}  # as without the target
    assert all(retrieval.round.sticker_id in retrieval.candidates for retrieval in drawn)

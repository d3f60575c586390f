"""Looking at those who played: each thing is flagged once, in whatever order, and only what was played since counts."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sticktionary.domain.quality import facts, flags, looking, portrait
from sticktionary.domain.quality.collusion import Meeting
from sticktionary.domain.quality.traces import Play
from sticktionary.models import Case, Flag, Player, Query, Retrieval, Round, Sticker, Watermark
from tests.flags.conftest import finish, playing, role
from tests.game.conftest import make_player

pytestmark = pytest.mark.django_db


def play(player: Player, n: int, *, text: str = "") -> None:
    for _ in range(n):
        finish(player, playing(player), text=text)


@pytest.fixture
def moderator(db: None) -> Player:
    return role(make_player("mo"), "moderator")


def raised() -> list[tuple[str, str]]:
    return sorted((flag.player.name, flag.kind) for flag in Flag.objects.select_related("player"))


def test_a_sweep_twice_is_a_sweep_once(anna: Player, stickers: list[Sticker]) -> None:
    play(anna, 20)
    n_new = flags.sweep()
    first = list(Flag.objects.order_by("key").values("key", "kind", "evidence", "at"))
    assert n_new == len(first) > 0
    assert [flags.sweep(), flags.sweep()] == [0, 0]
    Watermark.objects.filter(name="flags").delete()
    assert flags.sweep() == 0
    assert list(Flag.objects.order_by("key").values("key", "kind", "evidence", "at")) == first
    assert ("anna", "too_fast") in raised()


def test_small_sweeps_see_whom_one_large_one_sees(anna: Player, ben: Player, stickers: list[Sticker]) -> None:
    for _ in range(10):
        play(anna, 2)
        flags.sweep()
        play(ben, 2)
    flags.sweep()
    assert {name for name, kind in raised() if kind == "too_fast"} == {"anna", "ben"}


def test_only_those_who_played_since_are_looked_at(anna: Player, ben: Player, stickers: list[Sticker]) -> None:
    play(anna, 3)
    play(ben, 3)
    assert facts.players_since(None) == {anna.pk, ben.pk}
    since = timezone.now()
    play(ben, 1 + (playing(ben).role == "labeler"))
    writers = {round_.labeler_id for round_ in Round.objects.filter(retrievals__player=ben) if round_.labeler_id}
    assert facts.players_since(since) in ({ben.pk}, {ben.pk} | writers)
    assert facts.players_since(timezone.now() + timedelta(hours=1)) == set()
    assert Query.objects.filter(round__labeler=anna).exists()


def test_practice_and_strangers_are_left_alone(stickers: list[Sticker]) -> None:
    newcomer = make_player("newcomer", practised=False)
    play(newcomer, 2)
    assert facts.play_of(newcomer.pk).lookups == []
    assert facts.play_of(newcomer.pk).rounds == []
    assert flags.look_at(newcomer.pk) == 0
    assert flags.look_at(10**9) == 0


def test_after_a_ruling_only_new_play_can_raise_it_again(
    anna: Player, stickers: list[Sticker], moderator: Player
) -> None:
    play(anna, 14)
    flags.look_at(anna.pk)
    flag = Flag.objects.get(kind="too_fast")
    flags.decide(actor=moderator, flag_id=flag.pk, state="dismissed")
    assert Flag.objects.filter(kind="too_fast").count() == 1
    flags.look_at(anna.pk)
    assert Flag.objects.filter(kind="too_fast").count() == 1
    play(anna, 16)
    flags.look_at(anna.pk)
    flags.look_at(anna.pk)
    assert list(Flag.objects.filter(kind="too_fast").order_by("pk").values_list("state", flat=True)) == [
        "dismissed",
        "open",
    ]


def test_the_same_words_everywhere_are_flagged_with_the_words(anna: Player, stickers: list[Sticker]) -> None:
    play(anna, 14, text="best deals here")
    flags.sweep()
    flag = Flag.objects.get(kind="repeats")
    assert flag.evidence["text"] == "best deal here"
    assert flag.evidence["n_stickers"] == Round.objects.filter(labeler=anna, submitted_at__isnull=False).count()


def test_pasted_lines_come_from_the_page(anna: Player, stickers: list[Sticker]) -> None:
    play(anna, 24)
    Query.objects.filter(round__labeler=anna).update(pasted=True)
    flags.sweep()
    assert ("anna", "pasted") in raised()


def test_a_pair_is_flagged_on_both_sides_once_and_its_rounds_are_looked_at(
    anna: Player, ben: Player, stickers: list[Sticker]
) -> None:
    rounds = [_round(anna, sticker) for sticker in stickers[:12]]
    others = [make_player(f"other{n}") for n in range(12)]
    met = [Meeting(round_.pk, anna.pk, ben.pk, round_.sticker_id, True, 0.9) for round_ in rounds]
    met += [
        Meeting(round_.pk, anna.pk, other.pk, round_.sticker_id, False, 0.9)
        for round_, other in zip(rounds, others, strict=True)
    ]
    with patch("sticktionary.domain.quality.facts.meetings", lambda now: met):
        assert [flags.sweep_pairs(), flags.sweep_pairs()] == [2, 0]
    assert raised() == [("anna", "code_word"), ("ben", "code_word")]
    flag = Flag.objects.get(player=anna)
    assert (flag.partner, flag.evidence["n_found"], flag.evidence["n"]) == (ben, 12, 12)
    assert (flag.evidence["n_others_found"], flag.evidence["texts"][0]) == (0, "zzyzx")
    assert set(Case.objects.values_list("round_id", "kind")) == {(round_.pk, "flagged") for round_ in rounds}


def accuse(met: list[Meeting]) -> int:
    with patch("sticktionary.domain.quality.facts.meetings", lambda now: met):
        return flags.sweep_pairs()


def with_code(writer: Player, finder: Player, stickers: list[Sticker], others: list[Player]) -> list[Meeting]:
    """Rounds of one that the other finds and nobody else does, looked up now."""
    rounds, at = [_round(writer, sticker) for sticker in stickers[:12]], timezone.now().timestamp()
    met = [Meeting(round_.pk, writer.pk, finder.pk, round_.sticker_id, True, 0.9, at) for round_ in rounds]
    return met + [
        Meeting(round_.pk, writer.pk, other.pk, round_.sticker_id, False, 0.9, at)
        for round_, other in zip(rounds, others, strict=True)
    ]


def test_a_pair_once_judged_is_flagged_again_by_what_came_after_alone(
    anna: Player, ben: Player, stickers: list[Sticker], moderator: Player
) -> None:
    others = [make_player(f"other{n}") for n in range(12)]
    before = with_code(anna, ben, stickers, others)
    assert accuse(before) == 2
    flags.decide(actor=moderator, flag_id=Flag.objects.get(player=anna).pk, state="dismissed")
    assert accuse(before) == 0
    after = with_code(anna, ben, stickers, others)
    assert [accuse(before + after), accuse(before + after)] == [1, 0]
    assert sorted(Flag.objects.values_list("player__username", "state")) == [
        ("anna", "dismissed"), ("anna", "open"), ("ben", "open"),
    ]  # fmt: skip
    assert Flag.objects.get(player=anna, state="open").evidence["n"] == 12


def test_who_cannot_be_looked_at_keeps_nobody_else_from_it(
    anna: Player, ben: Player, stickers: list[Sticker], moderator: Player
) -> None:
    play(anna, 14)
    play(ben, 14)
    read = facts.play_of

    def failing(player_id: int) -> Play:
        if player_id == anna.pk:
            raise ValueError("no such rank")
        return read(player_id)

    with patch("sticktionary.domain.quality.facts.play_of", failing):
        flags.sweep()
        flags.sweep()
    assert ("ben", "too_fast") in raised()
    assert [name for name, _ in raised() if name == "anna"] == []
    [failed] = looking.failed()
    assert (failed.player, failed.what, failed.error) == (anna, "play", "ValueError: no such rank")
    assert failed.n_times == 2
    client = Client()
    client.force_login(moderator)
    assert list(client.get(reverse("studio_flags")).context["failed"]) == [failed]
    Watermark.objects.filter(name="flags").update(until=timezone.now() + timedelta(hours=1))
    flags.sweep()  # nobody has played since, and yet
    assert ("anna", "too_fast") in raised()
    assert list(looking.failed()) == []


def test_a_pair_that_cannot_be_flagged_keeps_no_other_from_it(
    anna: Player, ben: Player, stickers: list[Sticker]
) -> None:
    met = with_code(anna, ben, stickers, [make_player(f"other{n}") for n in range(12)])
    with patch("sticktionary.domain.quality.wording.examples", side_effect=ValueError("no text")):
        assert accuse(met) == 0
    assert [(failed.player, failed.what) for failed in looking.failed()] == [(anna, "pairs")]
    assert accuse(met) == 2
    assert list(looking.failed()) == []


def test_phrases_that_everybody_has_are_not_taken_for_copied(anna: Player, stickers: list[Sticker]) -> None:
    others = [_round(make_player(f"other{n}"), sticker, text) for n, (sticker, text) in enumerate(
        zip(stickers[:5], ["so sad", "so sad", "so sad", "zyx", "zyx"], strict=True)
    )]  # fmt: skip
    now = timezone.now()
    for read in (others[0], others[3]):
        Retrieval.objects.create(
            player=anna, round=read, state="answered", candidates=[1], dealt_at=now, lease_until=now, answered_at=now
        )
    for sticker, text in zip(stickers[6:9], ["so sad", "zyx", "quite new"], strict=True):
        _round(anna, sticker, text)
    lines = {line.text: line.is_seen for round_ in facts.play_of(anna.pk).rounds for line in round_.lines}
    assert lines == {"so sad": False, "zyx": True, "quite new": False}


def test_meetings_are_read_from_the_rows(anna: Player, ben: Player, stickers: list[Sticker]) -> None:
    round_ = _round(anna, stickers[0])
    now = timezone.now()
    common = {"round": round_, "state": "answered", "candidates": [1], "dealt_at": now, "lease_until": now}
    Retrieval.objects.create(player=ben, answered_at=now, rank=2, machine_rank=24, **common)  # type: ignore[misc]
    Retrieval.objects.create(player=make_player("old"), answered_at=now - timedelta(days=100), **common)  # type: ignore[misc]
    Retrieval.objects.create(player=make_player("absent"), answered_at=now, target_absent=True, **common)  # type: ignore[misc]
    assert facts.meetings(now) == [Meeting(round_.pk, anna.pk, ben.pk, stickers[0].pk, True, 1.0, now.timestamp())]


def test_the_portrait_says_what_was_played(anna: Player, stickers: list[Sticker]) -> None:
    play(anna, 6)
    figures, latest = portrait.figures_of(anna.pk), portrait.latest_of(anna.pk)
    assert figures.n_answers == len(latest) == 6
    assert [moment.at for moment in latest] == sorted((moment.at for moment in latest), reverse=True)
    assert sum(moment.is_lookup for moment in latest) == Retrieval.objects.filter(player=anna).count()
    assert portrait.partners_of(anna.pk) == []
    assert portrait.skill_of(make_player("new").pk) is None


def _round(player: Player, sticker: Sticker, text: str = "zzyzx") -> Round:
    now = timezone.now()
    round_ = Round.objects.create(
        sticker=sticker, language="en", labeler=player, state="found", dealt_at=now, submitted_at=now
    )  # fmt: skip
    Query.objects.create(round=round_, text=text, normalised=text, position=1, added_at=now)
    return round_

"""The pages of quality, and the rules changed through them and by command."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sticktionary.domain import rules
from sticktionary.domain.errors import NotAllowed, Refused
from sticktionary.domain.quality import overview, rulebook
from sticktionary.models import AuditEntry, Player, PlayerQuality, RuleSet, Sticker, StickerDifficulty
from tests.game.page import client_of
from tests.quality.conftest import answered, found_at_once, make_round, of_role, somebody
from tests.rules import hold

PAGES = ["studio_quality", *(f"studio_quality_{name}" for name in ("rules", "gold", "players", "stickers"))]
SEERS = {"moderator", "reviewer", "admin"}


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    caches["figures"].clear()


def form(**changes: str) -> dict[str, str]:
    """The form as a browser sends it: every rule, changed or not."""
    typed = {name: str(getattr(rules.current(), name)) for name in rules.Rules.__struct_fields__}
    return typed | {"why": "the pilot is over"} | changes


# --- who may ---


@pytest.mark.parametrize("role", ["moderator", "reviewer", "publisher", "researcher", "admin"])
def test_pages_are_for_those_who_may_see_flags(db: None, role: str) -> None:
    browser = client_of(of_role(role))
    expected = 200 if role in SEERS else 403
    assert {name: browser.get(reverse(name)).status_code for name in PAGES} == dict.fromkeys(PAGES, expected)


def test_others_are_turned_away(db: None) -> None:
    for name in PAGES:
        assert client_of(somebody()).get(reverse(name)).status_code == 403
        assert Client().get(reverse(name)).status_code == 302


def test_only_who_may_change_rules_changes_them(db: None) -> None:
    browser = client_of(of_role("moderator"))
    address = reverse("studio_quality_rules")
    assert b"<fieldset disabled>" in browser.get(address).content
    assert browser.post(address, form(n_retrievers="3")).status_code == 403
    assert not RuleSet.objects.exists()


# --- changing ---


def test_a_change_is_kept_with_who_and_why(db: None, django_capture_on_commit_callbacks: Any) -> None:
    admin = of_role("admin")
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_of(admin).post(
            reverse("studio_quality_rules"), form(n_retrievers="3", take_found="no", absent_share="0.1")
        )
    assert answer.status_code == 302
    changed = {"n_retrievers": 3, "take_found": False, "absent_share": 0.1}
    held = RuleSet.objects.get()
    assert (held.values, held.why, held.set_by) == (changed, "the pilot is over", admin)
    assert rules.current() == rules.Rules(**changed)
    assert AuditEntry.objects.get(verb="change_rules").detail == {**changed, "why": "the pilot is over"}
    (change,) = rulebook.history()
    assert (change.who, sorted(change.lines)) == (
        admin.name, [("absent_share", 0.08, 0.1), ("n_retrievers", 2, 3), ("take_found", True, False)],
    )  # fmt: skip


@pytest.mark.parametrize(("changes", "says"), [
    ({"n_retrievers": "0"}, "n_retrievers has to be a number from 1 to 20."),
    ({"n_retrievers": "two"}, "n_retrievers cannot be “two”."),
    ({"absent_share": "1.5"}, "absent_share has to be a number from 0 to 1."),
    ({"absent_share": "nan"}, "absent_share cannot be “nan”."),
    ({"take_found": "maybe"}, "take_found cannot be “maybe”."),
    ({"n_retrievers": "4"}, "The most cannot be fewer than the usual number."),
    ({"n_retrievers": "3", "why": " "}, "Say why: whoever reads the data later will want to know."),
    ({}, "All of this holds already."),
])  # fmt: skip
def test_what_does_not_fit_is_said_and_nothing_typed_is_lost(db: None, changes: dict[str, str], says: str) -> None:
    answer = client_of(of_role("admin")).post(reverse("studio_quality_rules"), form(**changes))
    assert answer.status_code == 400
    assert [str(message) for message in answer.context["messages"]] == [says]
    typed = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', answer.content.decode()))
    for name, text in changes.items():
        if name != "take_found":
            assert typed[name] == text
    assert not RuleSet.objects.exists()


def test_two_changes_one_after_the_other_are_both_kept(db: None) -> None:
    admin = of_role("admin")
    rules.change(actor=admin, changes={"gold_every": 9}, why="one")
    rules.change(actor=admin, changes={"gold_first": 9}, why="two")
    rules.forget()
    assert rules.current() == rules.Rules(gold_every=9, gold_first=9)
    assert [change.why for change in rulebook.history()] == ["two", "one"]


def test_the_verb_asks_for_itself(db: None) -> None:
    with pytest.raises(NotAllowed):
        rules.change(actor=of_role("moderator"), changes={"gold_every": 9}, why="x")
    with pytest.raises(Refused, match="There is no rule called tempo"):
        rules.change(actor=of_role("admin"), changes={"tempo": 9}, why="x")


def test_every_rule_has_a_meaning_its_bounds_and_a_place(db: None) -> None:
    book = rulebook.read()
    assert "other" not in book
    listed = [rule for section in book.values() for rule in section]
    assert sorted(rule.name for rule in listed) == sorted(rules.Rules.__struct_fields__)
    for rule in listed:
        assert rule.meaning.endswith(".")
        assert rule.value == rule.default == getattr(rules.Rules(), rule.name)
        if rule.kind != "yes":
            assert rule.least is not None
            assert rule.most is not None
            assert rule.least <= rule.default <= rule.most


# --- by command ---


def test_the_command_shows_and_changes_them(db: None) -> None:
    admin, out = of_role("admin"), StringIO()
    call_command(
        "rules", "--set", "gold_every=9", "--set", "take_found=no", "--why", "x", "--as", admin.username, stdout=out
    )
    assert RuleSet.objects.get().values == {"gold_every": 9, "take_found": False}
    lines = [line.split()[:2] for line in out.getvalue().splitlines()]
    assert ["gold_every", "9"] in lines
    assert ["take_found", "False"] in lines
    assert ["gold_first", "50"] in lines


@pytest.mark.parametrize("arguments", [
    ["--set", "gold_every"], ["--set", "gold_every=often"], ["--set", "tempo=1"], ["--set", "gold_every=9"],
])  # fmt: skip
def test_the_command_refuses_what_the_page_refuses(db: None, arguments: list[str]) -> None:
    admin = of_role("admin")
    with pytest.raises(CommandError):  # the last one for want of a reason
        call_command("rules", *arguments, "--as", admin.username)
    with pytest.raises(CommandError, match="Say who changes them"):
        call_command("rules", "--set", "gold_every=9", "--why", "x")
    assert not RuleSet.objects.exists()


# --- what they show ---


def test_they_show_what_there_is(stickers: list[Sticker], author: Player) -> None:
    round_ = found_at_once(make_round(author, stickers[0]))
    now, ben = timezone.now(), somebody()
    answered(round_, 1, ben, is_gold=True)
    PlayerQuality.objects.create(
        player=ben, n_finds=40, find_skill=-2, find_sd=0.2, n_gold=1, n_gold_passed=1, weight=0.5, updated_at=now
    )
    StickerDifficulty.objects.create(sticker=stickers[0], language="en", difficulty=2, sd=0.5, updated_at=now)
    hold(gold_every=9)
    browser = client_of(of_role("admin"))
    shown = {name: browser.get(reverse(name)) for name in PAGES}
    ((gold, _picture, texts, n_answers, passed),) = shown["studio_quality_gold"].context["rows"]
    assert (gold.round, texts, n_answers, passed.value) == (round_, [f"words {round_.pk}"], 1, "100 %")
    ((row, finds, _writes, _gold, weight),) = shown["studio_quality_players"].context["rows"]
    assert (row.player, finds.value) == (ben, "34 %")
    assert weight < 0.6
    ((hard, _picture, found),) = shown["studio_quality_stickers"].context["rows"]
    assert (hard.sticker, found.value) == (stickers[0], "34 %")
    (_language, english), _chinese = shown["studio_quality"].context["tables"]
    assert [(share.n_hits, share.n) for _label, share, _bar in english["shares"]] == [
        (3, 3),
        (3, 3),
        (1, 1),
        (0, 0),
        (1, 1),
    ]
    assert [row["verdict"] for row in english["effects"]] == ["too few to tell"] * 6
    for answer in shown.values():
        assert b"style=" not in answer.content


@pytest.mark.parametrize("name", ["studio_quality_players", "studio_quality_stickers", "studio_quality_gold"])
def test_a_page_of_many_asks_the_database_as_often_as_one_of_few(
    stickers: list[Sticker], author: Player, name: str, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    for sticker in stickers:
        round_ = found_at_once(make_round(author, sticker))
        answered(round_, 1, is_gold=True)
        PlayerQuality.objects.create(player=somebody(), n_finds=40, updated_at=now)
        StickerDifficulty.objects.create(sticker=sticker, language="en", updated_at=now)
    browser = client_of(of_role("admin"))
    with django_assert_max_num_queries(14):
        assert len(browser.get(reverse(name)).context["rows"]) == 8


# --- the figures ---


def test_where_there_is_much_the_figures_are_the_workers(
    stickers: list[Sticker], author: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MANY", 0)
    answered(make_round(author, stickers[0]), 1)
    browser, where = client_of(of_role("moderator")), reverse("studio_quality")
    assert dict(browser.get(where).context["tables"])["en"] is None
    overview.refresh()
    english = dict(browser.get(where).context["tables"])["en"]
    assert [(share.n_hits, share.n) for _label, share, _bar in english["shares"]][:2] == [(1, 1), (1, 1)]


def test_what_was_counted_minutes_ago_is_shown_again_and_then_counted_anew(
    stickers: list[Sticker], author: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = overview.of("en")
    answered(make_round(author, stickers[0]), 1)
    overview.refresh()
    assert overview.of("en") == before
    monkeypatch.setattr(overview, "AGAIN_AFTER", timedelta(0))
    found = overview.of("en")
    assert found is not None
    assert (found.shares["found"].n_hits, found.shares["found"].n) == (1, 1)

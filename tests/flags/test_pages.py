"""The moderators' pages: who sees them, what they show, what a click does."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sticktionary.domain.quality import flags, sanctions
from sticktionary.models import AbusiveWord, Flag, Player, Sticker
from tests.flags.conftest import finish, playing, role
from tests.game.conftest import make_player

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator(db: None) -> Player:
    return role(make_player("mo"), "moderator")


@pytest.fixture
def flag(anna: Player, stickers: list[Sticker]) -> Flag:
    finish(anna, playing(anna))
    evidence = {"pattern": "own", "text": "so <b>tired", "n_stickers": 6, "n_rounds": 9, "n_again": 5, "n_lines": 10}
    raised = flags.raise_flag(kind="repeats", player_id=anna.pk, key="repeats:1:0", evidence=evidence)
    assert raised is not None
    return raised


def as_(player: Player) -> Client:
    client = Client()
    client.force_login(player)
    return client


PAGES = ["studio_flags", "studio_flag_player", "studio_abusive_words"]


def address(page: str, player: Player) -> str:
    return reverse(page, args=[player.pk] if page == "studio_flag_player" else [])


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("", set()),
        ("researcher", set()),
        ("publisher", set()),
        ("reviewer", {"studio_flags"}),
        ("moderator", set(PAGES)),
    ],
)
def test_each_role_sees_its_pages(name: str, seen: set[str], page: str, flag: Flag) -> None:
    player = make_player("somebody")
    client = as_(role(player, name) if name else player)
    assert client.get(address(page, flag.player)).status_code == (200 if page in seen else 403)


def test_the_list_tells_the_evidence_in_words(flag: Flag, moderator: Player) -> None:
    page = as_(moderator).get(reverse("studio_flags"))
    [(shown, sentences)] = page.context["flags"]
    assert shown == flag
    assert sentences == [
        "“so <b>tired”, or nearly that, was written for 6 stickers in 9 rounds; 5 of 10 lines say again what was "
        "written before."
    ]
    assert "so &lt;b&gt;tired" in page.content.decode()


def test_one_click_decides_and_comes_back(flag: Flag, moderator: Player) -> None:
    client, back = as_(moderator), reverse("studio_flags") + "?state=open"
    answer = client.post(reverse("studio_decide_flag", args=[flag.pk]), {"state": "upheld", "back": back})
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    flag.refresh_from_db()
    assert (flag.state, flag.decided_by) == ("upheld", moderator)
    client.post(reverse("studio_decide_flag", args=[flag.pk]), {"state": "open", "back": "https://elsewhere.example/"})
    flag.refresh_from_db()
    assert (flag.state, flag.decided_at, flag.decided_by) == ("open", None, None)


def test_nobody_is_sent_elsewhere(flag: Flag, moderator: Player) -> None:
    post = {"state": "upheld", "back": "https://elsewhere.example/"}
    answer = as_(moderator).post(reverse("studio_decide_flag", args=[flag.pk]), post)
    assert answer.headers["Location"] == reverse("studio_flags")


def test_a_reviewer_reads_but_does_not_decide(flag: Flag) -> None:
    client = as_(role(make_player("ray"), "reviewer"))
    assert client.post(reverse("studio_decide_flag", args=[flag.pk]), {"state": "upheld"}).status_code == 403
    flag.refresh_from_db()
    assert flag.state == "open"


def test_a_step_is_imposed_and_lifted_on_the_players_page(flag: Flag, moderator: Player) -> None:
    client, anna = as_(moderator), flag.player
    page = address("studio_flag_player", anna)
    flags.decide(actor=moderator, flag_id=flag.pk, state="upheld")
    client.post(reverse("studio_impose", args=[anna.pk]), {"step": "blocked", "reason": "again and again"})
    [held] = sanctions.in_force(anna.pk)
    assert (held.step, held.reason, held.flags, held.imposed_by) == ("blocked", "again and again", [flag.pk], moderator)
    shown = client.get(page)
    assert list(shown.context["sanctions"]) == [held]
    assert "blocked" not in dict(shown.context["steps"])
    client.post(reverse("studio_lift", args=[held.pk]), {"why": "appeal"})
    assert sanctions.in_force(anna.pk) == []


def test_what_is_refused_is_said(flag: Flag, moderator: Player) -> None:
    url = reverse("studio_impose", args=[flag.player_id])
    answer = as_(moderator).post(url, {"step": "blocked", "reason": " "}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["Say why: the player will read it."]


def test_words_are_added_and_removed(moderator: Player) -> None:
    client = as_(moderator)
    client.post(reverse("studio_add_abusive_word"), {"language": "en", "word": "Blorgle"})
    word = AbusiveWord.objects.get(normalised="blorgle")
    assert (word.word, word.added_by) == ("Blorgle", moderator)
    client.post(reverse("studio_remove_abusive_word", args=[word.pk]))
    assert not AbusiveWord.objects.filter(normalised="blorgle").exists()


@pytest.mark.parametrize("kind", Flag.Kind.values)
def test_every_kind_has_words_for_moderators_and_for_the_player(kind: str) -> None:
    from sticktionary.domain.quality import evidence

    numbers = dict.fromkeys(
        ["n", "of", "limit", "median_s", "mean_s", "spread", "n_found", "n_lookups", "expected", "n_tries_found",
         "n_tries", "n_others_found", "n_others", "n_pages"], 3,
    )  # fmt: skip
    texts = {"pattern": {"bot": "metronome", "repeats": "others"}.get(kind, "attempts"), "text": "x", "p": 1e-5}
    said = evidence.sentences(kind, numbers | texts)
    assert all(sentence and "%(" not in sentence for sentence in said)
    assert said[-1] == "Among honest players this happens to about one in 100,000."
    assert evidence.to_player([Flag(kind=kind)])


def test_half_a_heart_is_told_with_the_habits_that_gave_it_away() -> None:
    from sticktionary.domain.quality import evidence

    figures = {
        "pattern": "half", "n_found": 4, "n_lookups": 12, "expected": 9.1, "n_tries_found": 0, "n_tries": 0,
        "n_habit": 8, "n_pages": 10, "n_again": 3, "n_rounds": 12,
    }  # fmt: skip
    assert evidence.sentences("random", figures) == [
        "4 of 12 stickers found, where 9.1 are expected. On 8 of 10 pages the first plates were pressed, or those of "
        "the page before. 3 of 12 rounds hold only words written before for other stickers."
    ]

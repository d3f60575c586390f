"""The page that tries conversation models: a pasted transcript is enough, and what was typed is never lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from retrieval_engine.dialogue.inference.replying import Note
from sticktionary.domain.replies.words import WIDER
from sticktionary.models import ModelVersion, Player, Sticker
from sticktionary.web.lab_reply_words import NOTES
from tests.people.conftest import client_of


@pytest.fixture
def browser(researcher: Player) -> Client:
    return client_of(researcher)


def test_a_pasted_conversation_is_answered(browser: Client, catalogue: dict[str, Sticker]) -> None:
    text = "anna: what do you see\nben: a red bar\nanna:"
    answer = browser.post(reverse("lab_reply"), {"text": text})
    (side,) = answer.context["sides"]
    assert (answer.status_code, side["name"], answer.context["speaker"]) == (200, "bm25", "anna")
    assert side["stickers"][0]["reply"].id == catalogue["red-bar"].pk
    assert answer.context["form"]["text"].value() == text


def test_what_is_wrong_is_told_by_line_and_the_text_stays(browser: Client, catalogue: dict[str, Sticker]) -> None:
    text = "anna: hello\nwho says this\nben: look [sticker:999999]"
    answer = browser.post(reverse("lab_reply"), {"text": text})
    assert (answer.status_code, answer.context["problems"]) == (
        400,
        [(None, "Line 2 names nobody. Write “name: words”.")],
    )
    assert answer.context["form"]["text"].value() == text
    answer = browser.post(reverse("lab_reply"), {"text": text.replace("who says this\n", "")})
    assert answer.context["problems"] == [(2, "Turn 2: there is no sticker 999999.")]


def test_examples_of_both_languages_fill_the_form(browser: Client) -> None:
    page = browser.get(reverse("lab_reply"))
    examples = page.context["examples"]
    assert {example.language for example in examples} == {"en", "zh"}
    for example in examples:
        held = browser.get(reverse("lab_reply"), {"example": example.name}).context["form"]["text"].value()
        assert held == example.text


def test_a_candidate_is_let_look_from_its_page_once(
    browser: Client, catalogue: dict[str, Sticker], install: Callable[..., ModelVersion]
) -> None:
    version = install(stage="candidate")
    page = reverse("lab_model", args=[version.pk])
    assert browser.get(page).context["may"]["look"] is True
    assert browser.get(reverse("lab_reply")).context["still_to_look"] == [version]
    told = [browser.post(reverse("lab_model_look", args=[version.pk]), follow=True) for _ in range(2)]
    assert [str(message) for answer in told for message in answer.context["messages"]] == [
        "It is shown the stickers. When it has seen them, it can be tried.",
        "Something is being done with this model just now. Wait for its end, or cancel it.",
    ]
    assert (told[1].context["progress"]["state"], told[1].context["may"]["look"]) == ("queued", False)
    stranger = client_of(Player.objects.exclude(groups__name="researcher").first())
    assert stranger.post(reverse("lab_model_look", args=[version.pk])).status_code == 403


def test_stickers_to_put_into_a_conversation_are_found(browser: Client, catalogue: dict[str, Sticker]) -> None:
    found = browser.get(reverse("lab_reply_stickers"), {"q": "red bar"}).json()["stickers"]
    assert found[0]["id"] == catalogue["red-bar"].pk
    known = browser.get(reverse("lab_reply_stickers"), {"id": [found[0]["id"], 10**9]}).json()["stickers"]
    assert known == found[:1]


def test_what_answers_say_of_themselves_can_be_translated() -> None:
    assert set(NOTES) == {*Note, WIDER}

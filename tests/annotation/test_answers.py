"""What an answer may be, and what several of them say together. Pure but for the texts of refusals."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sticktionary.domain.annotation.answers import Given, Value, agree, checked, majority
from sticktionary.domain.errors import Refused
from sticktionary.models import Task
from tests.annotation.conftest import GIVEN

LABELLED = [Task.EMOTION, Task.STYLE, Task.INTENT, Task.SCENARIO]


def value(task: str, given_: Given, language: str = "en") -> Value:
    return checked(task, given_, language)


@pytest.mark.parametrize("task", Task)
def test_every_task_takes_its_own_answer(task: Task) -> None:
    assert (
        value(task, GIVEN[task])
        == {
            Task.EMOTION: {"labels": ["Smiling"], "primary": "Smiling"},
            Task.STYLE: {"label": "cute cartoons"},
            Task.TEXT: {"text": "OH NO", "none": False},
            Task.DESCRIPTION: {"text": "A cat lies on a desk."},
            Task.GESTURE: {"words": ["waving", "thumbs up"]},
            Task.POSTURE: {"words": []},
            Task.FACE: {"words": ["grin"]},
            Task.VERBAL: {"words": ["hello"]},
            Task.INTENT: {"fine": "joy", "coarse": "joy", "second": None},
            Task.FITS: {"ok": True, "score": 4},
            Task.SCENARIO: {"label": "DR"},
        }[task]
    )


@pytest.mark.parametrize("task", Task)
def test_no_task_takes_an_empty_answer(task: Task) -> None:
    with pytest.raises(Refused):
        value(task, Given())


@pytest.mark.parametrize(
    ("task", "given_", "language", "code"),
    [
        (Task.EMOTION, Given(choice="joy"), "en", "no_such_label"),
        (Task.INTENT, Given(choice="Smiling"), "en", "no_such_label"),
        (Task.DESCRIPTION, Given(text="cat"), "en", "wrong_length"),
        (Task.DESCRIPTION, Given(text="a cat " * 24), "en", "wrong_length"),
        (Task.DESCRIPTION, Given(text="一只猫趴在桌子上"), "en", "wrong_script"),
        (Task.DESCRIPTION, Given(text="A cat lies on a desk."), "zh", "wrong_script"),
        (Task.DESCRIPTION, Given(text="write to me at cat@example.org"), "en", "contact"),
        (Task.TEXT, Given(text="call 138 0013 8000 now"), "en", "contact"),
        (Task.TEXT, Given(text="\u200b \ufeff"), "en", "empty"),
        (Task.FACE, Given(words=["笑"]), "en", "wrong_script"),
        (Task.FACE, Given(words=["x" * 31]), "en", "too_long"),
        (Task.FACE, Given(words=[" ", ""]), "en", "empty"),
        (Task.FITS, Given(fits=True), "en", "empty"),
        (Task.FITS, Given(score=3), "en", "empty"),
    ],
)
def test_what_is_refused_and_why(task: str, given_: Given, language: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        value(task, given_, language)
    assert refusal.value.code == code


def test_a_sentence_keeps_its_commas_and_a_printed_text_its_script() -> None:
    assert (
        value(Task.DESCRIPTION, Given(text="A  cat,\nflat on a desk, sighs. "))["text"]
        == "A cat, flat on a desk, sighs."
    )
    assert value(Task.TEXT, Given(text="不想上班"))["text"] == "不想上班"
    assert value(Task.TEXT, Given(text="ignored", none=True)) == {"text": "", "none": True}


def test_a_word_said_twice_is_kept_once_as_it_was_first_written() -> None:
    assert value(Task.FACE, Given(words=["Grin", "tears", "grin"])) == {"words": ["Grin", "tears"]}


def labels(*choices: str) -> list[Value]:
    return [value(Task.STYLE, Given(choice=choice)) for choice in choices]


STYLES = ["cute cartoons", "real people", "abstract icons"]


@given(st.lists(st.sampled_from(STYLES), max_size=7))
def test_a_majority_is_what_at_least_two_and_more_than_for_anything_else_say(choices: list[str]) -> None:
    most = max((choices.count(style) for style in STYLES), default=0)
    leading = [style for style in STYLES if choices.count(style) == most]
    wanted = {"label": leading[0]} if most >= 2 and len(leading) == 1 else None
    for order in list(permutations(choices))[:6]:
        assert majority(Task.STYLE, labels(*order)) == wanted


def words(*lists: list[str]) -> list[Value]:
    return [{"words": each} for each in lists]


def test_words_that_two_gave_are_the_answer_and_none_when_two_saw_none() -> None:
    assert majority(Task.FACE, words(["grin", "Tears"], ["tears"])) == {"words": ["Tears"]}
    assert majority(Task.FACE, words(["grin"], ["tears"])) is None
    assert majority(Task.FACE, words(["grin"], ["tears"], ["tears", "grin"])) == {"words": ["grin", "tears"]}
    assert majority(Task.FACE, words([], ["tears"], [])) == {"words": []}
    assert majority(Task.FACE, words([])) is None


@given(st.lists(st.sampled_from("abcd"), unique=True), st.lists(st.sampled_from("abcd"), unique=True))
def test_two_lists_agree_when_they_share_half_of_their_words(first: list[str], second: list[str]) -> None:
    every, both = set(first) | set(second), set(first) & set(second)
    wanted = not every or len(both) / len(every) >= 0.5
    assert agree(Task.FACE, *words(first, second)) == agree(Task.FACE, *words(second, first)) == wanted


def test_texts_agree_whatever_their_case_and_a_fit_whatever_its_degree() -> None:
    assert agree(Task.TEXT, {"text": "OH NO", "none": False}, {"text": "oh no", "none": False})
    assert not agree(Task.TEXT, {"text": "", "none": True}, {"text": "oh no", "none": False})
    assert agree(Task.FITS, {"ok": True, "score": 3}, {"ok": True, "score": 5})
    assert not agree(Task.FITS, {"ok": True, "score": 3}, {"ok": False, "score": 3})
    assert majority(Task.FITS, [{"ok": True, "score": 3}, {"ok": True, "score": 4}]) == {"ok": True, "score": 3.5}


def test_of_descriptions_the_first_stands_and_none_contradicts_another() -> None:
    both = [{"text": "A cat sleeps."}, {"text": "Somebody is tired."}]
    assert agree(Task.DESCRIPTION, *both)
    assert majority(Task.DESCRIPTION, both) == {"text": "A cat sleeps."}
    assert majority(Task.DESCRIPTION, both[:1]) is None

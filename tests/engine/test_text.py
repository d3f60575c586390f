from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.text import normalise, tokenise, unfinished_word, words

SEEN_IN_QUERIES = st.text("abnoz iİßſ'’-!?.,0189我好難难过過哈开心😭👍🏽🏻\u200d♀♂\ufe0f❤🔥🤷🇯🇵\u20e3Ａ①ｶeu\u0301")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("So TIRED", ["so", "tired"]),
        ("don't, don’t & dont", ["dont", "dont", "dont"]),
        ("ＯＫ！ｗｏｗ", ["ok", "wow"]),
        ("nooooo", ["nooooo", "no"]),
        ("soooo cooool", ["soooo", "so", "cooool", "cool", "col"]),
        ("hahahahaha", ["hahahahaha", "haha"]),
        ("banana mississippi", ["banana", "mississippi"]),
        ("66666", ["66666"]),
        ("開心", ["开心", "开", "心"]),
        ("我好难过", ["我", "好", "难过", "我好", "好难", "难", "过"]),
        ("哈哈哈哈哈", ["哈哈", "哈", "哈"]),
        ("笑死me了", ["笑", "死", "笑死", "me", "了"]),
        ("👍🏽👍", ["👍", "👍"]),
        ("🤷‍♀️", ["🤷"]),
        ("❤️‍🔥", ["❤\u200d🔥", "❤"]),
        ("🇯🇵🇫🇷", ["🇯🇵", "🇫🇷"]),
        ("?!  ...", []),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenise(text) == tokens


@pytest.mark.parametrize(
    ("one", "other"), [("難過", "难过"), ("ＨＩ", "hi"), ("Don’t", "DONT"), ("👍🏿", "👍"), ("❤️", "❤")]
)
def test_same_thing_written_two_ways_gives_the_same_tokens(one: str, other: str) -> None:
    assert tokenise(one) == tokenise(other)


@given(SEEN_IN_QUERIES | st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(SEEN_IN_QUERIES)
def test_every_letter_digit_and_emoji_ends_up_in_a_token(text: str) -> None:
    def content(string: str) -> set[str]:
        return {c for c in string if c.isalnum() or c in "😭👍❤🔥🤷"}

    assert content("".join(tokenise(text))) == content(normalise(text))


def test_a_callers_change_to_the_list_does_not_reach_the_cache() -> None:
    tokenise("good night").clear()
    assert tokenise("good night") == ["good", "night"]


@given(st.text())
def test_words_is_the_standard_library_s_word_pattern_over_lower_case(text: str) -> None:
    assert words(text) == re.findall(r"\w+", text.lower())


@pytest.mark.parametrize(
    ("typed", "unfinished"),
    [
        ("so hap", "hap"),
        ("so HAP", "hap"),
        ("so happy ", ""),
        ("wow!", ""),
        ("", ""),
        ("我好难", "难"),
        ("sad 😭", ""),
        ("don't", "t"),
    ],
)
def test_unfinished_word(typed: str, unfinished: str) -> None:
    assert unfinished_word(typed) == unfinished


@given(SEEN_IN_QUERIES | st.text(), SEEN_IN_QUERIES | st.text())
def test_no_token_reaches_across_lines(first: str, second: str) -> None:
    for tokens in (tokenise, words):
        assert tokens(f"{first}\n{second}") == tokens(first) + tokens(second)

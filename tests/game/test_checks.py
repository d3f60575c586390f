from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval_engine.text import normalise
from sticktionary.domain.errors import Refused
from sticktionary.domain.play import checks
from sticktionary.models import Sticker

PANDA = Sticker(
    labels={"drawn": ["panda", "facepalm", "black and white", "熊猫", "捂脸"], "emotion": "embarrassed"},
    printed_text="Oh no, not AGAIN",
)


def verdict(text: str, language: str = "en", *, worn: tuple[str, ...] = (), others: tuple[str, ...] = ()) -> str:
    """The code of the refusal, else of the nudge, else "ok"."""
    try:
        checked = checks.check(
            text,
            language=language,
            sticker=PANDA,
            worn_out=[normalise(each) for each in worn],
            others=[normalise(each) for each in others],
        )
    except Refused as refusal:
        return refusal.code
    return checked.nudges[0] if checked.nudges else "ok"


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "!!!", "...", "\x00", ",,,"])
def test_nothing_to_search_for(text: str) -> None:
    assert verdict(text) == "empty"


def test_sixty_characters_are_the_most() -> None:
    assert verdict("so " * 19 + "far") == "ok"
    assert len("so " * 19 + "far") == 60
    assert verdict("so " * 19 + "fars") == "too_long"


def test_characters_that_unfold_into_many_are_too_long() -> None:
    assert verdict("ﷺ" * 20, "en") in {"too_long", "wrong_script"}


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("so tired", "so tired"),
        ("So TIRED!", "so tired"),
        ("tired so", "so tired"),
        ("soooo tired", "so tired"),
        ("tired cats", "tired cat"),
        ("dont talk to me today", "don't talk to me todayy"),
    ],
)
def test_what_was_written_already_is_refused(text: str, before: str) -> None:
    assert verdict(text, others=(before,)) == "repeats"
    assert verdict(text, worn=(before,)) == "worn_out"


@pytest.mark.parametrize(("text", "before"), [("好累啊", "好累"), ("我好難過", "我好难过"), ("哈哈哈哈哈", "哈哈哈")])
def test_the_same_in_chinese_is_refused(text: str, before: str) -> None:
    assert verdict(text, "zh", others=(before,)) == "repeats"


@pytest.mark.parametrize(
    ("text", "before"), [("unhappy", "happy"), ("good night", "good morning"), ("not today", "today")]
)
def test_other_words_are_not_copies(text: str, before: str) -> None:
    assert verdict(text, others=(before,)) == "ok"


@pytest.mark.parametrize(("text", "before"), [("不想上班", "想上班"), ("好累", "好饿")])
def test_other_chinese_words_are_not_copies(text: str, before: str) -> None:
    assert verdict(text, "zh", others=(before,)) == "ok"


@pytest.mark.parametrize("text", ["oh no", "Not again", "oh no not again", "AGAIN"])
def test_words_on_the_sticker_are_refused(text: str) -> None:
    assert verdict(text) == "printed"


def test_a_sentence_around_a_printed_word_is_fine() -> None:
    assert verdict("here we go again with the meetings") == "ok"


@pytest.mark.parametrize("text", ["我好累", "こんにちは", "안녕", "привет", "so tired 累"])
def test_other_scripts_are_refused_in_english(text: str) -> None:
    assert verdict(text, "en") == "wrong_script"


@pytest.mark.parametrize("text", ["café crush", "😭😭", "¯\\_( ͡° ͜ʖ ͡°)_/¯ whatever", "404 mood not found", "naïve"])
def test_accents_emoji_and_numbers_are_english(text: str) -> None:
    assert verdict(text, "en") == "ok"


@pytest.mark.parametrize("text", ["i am so tired of this meeting", "こんにちは", "안녕하세요", "привет", "好きだよ"])
def test_other_languages_are_refused_in_chinese(text: str) -> None:
    assert verdict(text, "zh") == "wrong_script"


@pytest.mark.parametrize("text", ["emo", "OMG", "yyds", "666", "😭", "今天又emo了", "老板在群里@所有人", "我真的会谢"])
def test_slang_and_emoji_are_chinese(text: str) -> None:
    assert verdict(text, "zh") == "ok"


@pytest.mark.parametrize(
    "text",
    [
        "mail me at anna@example.com",
        "www.example.com/win",
        "visit example.com now",
        "https://t.me/abc",
        "call +49 170 1234567",
        "138 0013 8000",
        "add me @anna_k99",
        "wechat: anna12345",
        "telegram anna_2024",
    ],
)
def test_ways_to_reach_somebody_are_refused(text: str) -> None:
    assert verdict(text) == "contact"


@pytest.mark.parametrize("text", ["加我微信abc12345", "QQ号 123456789", "vx：panda2024", "Q Q 10001 没有"])
def test_accounts_are_refused_in_chinese(text: str) -> None:
    assert verdict(text, "zh") == ("ok" if text.startswith("Q Q") else "contact")


@pytest.mark.parametrize("text", ["66666666 lol", "when the boss pings @everyone", "it's 3.30 already", "24/7 tired"])
def test_numbers_and_mentions_that_reach_nobody_are_fine(text: str) -> None:
    assert verdict(text) == "ok"


@pytest.mark.parametrize("text", ["panda", "a black and white panda", "panda with hands on face", "yellow dog"])
def test_a_mere_description_is_nudged(text: str) -> None:
    assert verdict(text) == "describes"


@pytest.mark.parametrize("text", ["熊猫", "黄色的狗", "捂脸", "一只小猫"])
def test_a_mere_description_is_nudged_in_chinese(text: str) -> None:
    assert verdict(text, "zh") == "describes"


@pytest.mark.parametrize(
    ("text", "language"), [("panda monday mood", "en"), ("社死现场", "zh"), ("熊猫看了都沉默", "zh")]
)
def test_a_feeling_or_a_moment_is_not(text: str, language: str) -> None:
    assert verdict(text, language) == "ok"


def test_commas_become_spaces_since_data_sets_put_one_between_queries() -> None:
    assert checks.clean("sorry, not  sorry") == "sorry not sorry"


@given(st.text(max_size=200), st.sampled_from(["en", "zh"]))
def test_any_text_is_taken_clean_or_refused_with_a_reason(text: str, language: str) -> None:
    try:
        checked = checks.check(text, language=language, sticker=PANDA, worn_out=[], others=[])
    except Refused as refusal:
        assert refusal.message  # noqa: PT017
    else:
        assert 0 < len(checked.text) <= checks.MAX_LENGTH
        assert len(checked.normalised) <= checks.MAX_NORMALISED
        assert checks.clean(checked.text) == checked.text
        assert "\x00" not in checked.text
        assert checks.is_near_copy(checked.normalised, [checked.normalised])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("he" + "\u0301" * 40 + "lp", "he\u0301\u0301lp"),
        ("1\ufe0f\u20e3 fan", "1\ufe0f\u20e3 fan"),
        ("cafe\u0301", "cafe\u0301"),
    ],
)
def test_stacked_marks_do_not_grow_over_other_lines(typed: str, kept: str) -> None:
    assert checks.clean(typed) == kept

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sticktionary.domain.chats.masking import REMOVED, Mask
from sticktionary.domain.play import contact
from sticktionary.models import Conversation, Sticker, Utterance
from tests.conversations.conftest import Importer, chat, turn

NAMES = {"anna": ["Anna Smith"], "小明": ["王小明"], "c": ["Zoë", "zo_e"], "12345": [], "7": []}

CASES = [
    # ways to reach somebody
    ("write to anna.b+x@mail.example.org now", "write to <email> now", {"email": 1}),
    ("see https://a.example/x?y=1, or www.b.example", "see <link>, or <link>", {"link": 2}),
    ("看http://t.cn/abc。好吗", "看<link>。好吗", {"link": 1}),
    ("my shop is cool-things.com/now", "my shop is <link>", {"link": 1}),
    ("call +44 20 7946 0018!", "call <phone>!", {"phone": 1}),
    ("66666666 哈哈", "66666666 哈哈", {}),
    ("加微信：happy_123", "加微信：<account>", {"account": 1}),
    ("hi @bob and @everyone", "hi <mention> and @everyone", {"mention": 1}),
    # the names of speakers
    ("anna, ANNA and Annabel", "User_1, User_1 and Annabel", {"name": 2}),
    ("Miss Smith said so, Anna Smith did", "Miss User_1 said so, User_1 did", {"name": 2}),
    ("王小明你好，小明在吗", "User_2你好，User_2在吗", {"name": 2}),
    ("@小明在吗 @anna", "User_2在吗 User_1", {"mention": 2}),
    ("Zoë is zo_e", "User_3 is User_3", {"name": 2}),
    ("12345 has 7 cats", "User_4 has 7 cats", {"name": 1}),
    # what stands there already
    ("a <link> from User_9", "a <link> from User_9", {}),
]


@pytest.mark.parametrize(("text", "masked", "counts"), CASES)
def test_people_are_taken_out_of_what_they_wrote(text: str, masked: str, counts: dict[str, int]) -> None:
    mask = Mask(NAMES)
    assert mask(text) == masked
    assert dict(mask.counts) == counts


def test_a_speaker_called_as_a_placeholder_leaves_it_whole() -> None:
    mask = Mask({"link": [], "User_2": [], "User_1": []})
    assert mask("www.x.example by link and User_2") == "<link> by User_1 and User_2"
    assert mask.pseudonyms == {"link": "User_1", "User_2": "User_2", "User_1": "User_3"}


def test_wide_digits_and_what_no_rule_can_cut_out() -> None:
    mask = Mask({"a": []})
    assert mask("打 １３８００１３８０００") == "打 <phone>"
    assert mask("plain，text") == "plain，text"


@given(
    st.text(max_size=60),
    st.sampled_from(["a@b.io", "www.x.example", "13800138000", "@someone", "vx abc123", "t.me/xy"]),
)
def test_no_way_to_reach_somebody_is_left(text: str, reach: str) -> None:
    for whole in (f"{text}{reach}", f"{text} {reach} {text}", f"{reach}{text}"):
        masked = Mask({"anna": ["Anna"], "ben": []})(whole)
        assert not contact.holds_contact_data(unicodedata.normalize("NFKC", masked))
        assert reach not in masked


@settings(derandomize=True)
@given(st.lists(st.sampled_from(["anna", "Anna!", "ANNA", "so", "hug", "王小明", "小明", "哈哈", "，"]), max_size=12))
def test_no_name_of_a_speaker_is_left(parts: list[str]) -> None:
    masked = Mask({"anna": [], "王小明": []})(" ".join(parts))
    assert not any(name in masked.casefold() for name in ("anna", "小明"))
    assert masked.count("User_1") == sum("anna" in part.lower() for part in parts)


def test_names_are_given_by_the_order_of_speaking_and_taken_out_everywhere(imported: Importer, hug: Sticker) -> None:
    job = imported(
        chat(
            "c1",
            turn("u-99", "hi Maria", speaker_name="Karl May"),
            turn("u-17", "hi karl, mail me: m@x.org"),
            turn("u-99", "Wilma says hi", sticker_id="hug.png"),
            speakers={"u-17": ["Maria"], "u-55": ["Wilma"]},
        )
    )
    assert list(Utterance.objects.order_by("number").values_list("speaker", "text")) == [
        ("User_1", "hi User_2"),
        ("User_2", "hi User_1, mail me: <email>"),
        ("User_1", "User_3 says hi"),
    ]
    assert job.report["masked"] == {"name": 3, "email": 1}


def test_summaries_are_masked_as_well(imported: Importer, db: None) -> None:
    session = {"summary": "Anna rang 020 7946 0018.", "turns": [turn("anna", "hi")]}
    imported({"chat_id": "c", "lang": "en", "sessions": [session]})
    assert Conversation.objects.get().sessions.get().summary == "User_1 rang <phone>."


def test_removed_stands_for_what_could_not_be_cut_out() -> None:
    assert not contact.holds_contact_data(REMOVED)

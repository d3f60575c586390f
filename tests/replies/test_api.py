"""Conversations answered for programs: what comes back, and what is wrong with what they send, by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from sticktionary.domain import catalogue as verbs
from sticktionary.domain.replies import showing
from sticktionary.models import ModelVersion, Pack, Player, Sticker
from sticktionary.web.api import gate
from sticktionary.web.api.urls import api
from tests.lab.test_api import ROOT, Program, secret_of

ASKED: dict[str, Any] = {"turns": [{"speaker": "anna", "text": "what about a red bar"}], "speaker": "ben"}

TURN = {"speaker": "a", "text": "x"}


@pytest.fixture
def program(researcher: Player) -> Program:
    return Program(secret_of(researcher, "reply"))


def said(*texts: str) -> dict[str, Any]:
    return {"turns": [{"speaker": "anna", "text": text} for text in texts], "speaker": "ben"}


def test_words_alone_answer_while_no_model_is_live(program: Program, catalogue: dict[str, Sticker]) -> None:
    told = program.post("/replies", ASKED | {"k": 3}).json()
    assert told.pop("ms") >= 0
    first = told["stickers"][0]
    assert (first["rank"], first["sticker"], first["heat"], first["match"]) == (1, catalogue["red-bar"].pk, [], None)
    assert first["picture"] == f"/stickers/{catalogue['red-bar'].image}"
    assert [each["rank"] for each in told.pop("stickers")] == [1, 2, 3]
    assert told == {
        "model": "bm25",
        "language": "en",
        "intents": [],
        "memories": [],
        "knowledge": "",
        "query": "what about a red bar",
        "searches": None,
        "notes": [],
    }


def test_the_live_model_answers_and_words_alone_where_they_are_asked(
    program: Program, catalogue: dict[str, Sticker], install: Callable[..., ModelVersion]
) -> None:
    version = install()
    assert program.post("/replies", ASKED).json()["model"] == "bm25"  # it has not looked at the stickers yet
    showing.make_ready(version)
    told = program.post("/replies", ASKED | {"k": 1}).json()
    assert (told["model"], told["intents"][0]["name"]) == (version.name, "red")
    assert told["stickers"][0]["heat"] == [[0.0, 1.0], [0.502, 0.0]]
    assert program.post("/replies", ASKED | {"model": "bm25"}).json()["model"] == "bm25"
    assert program.post("/replies", ASKED | {"model": "nobody@1"}).json()["code"] == "no_model"


def test_a_withdrawn_sticker_is_answered_with_no_more(program: Program, catalogue: dict[str, Sticker]) -> None:
    def first() -> int:
        return int(program.post("/replies", ASKED).json()["stickers"][0]["sticker"])

    assert first() == catalogue["red-bar"].pk
    verbs.set_state(actor=None, sticker_ids=[catalogue["red-bar"].pk], state="withdrawn")
    assert first() != catalogue["red-bar"].pk


def test_packs_keep_the_answer_to_theirs(program: Program, catalogue: dict[str, Sticker]) -> None:
    other = Pack.objects.create(slug="lines", title="Lines", source="drawn here", licence="CC0")
    Sticker.objects.filter(name="blue-bar.webp").update(pack=other)
    told = program.post("/replies", said("a bar") | {"packs": ["lines"]}).json()
    assert [each["sticker"] for each in told["stickers"]] == [catalogue["blue-bar"].pk]
    assert program.post("/replies", ASKED | {"packs": ["nowhere"]}).json()["code"] == "no_pack"


@pytest.mark.parametrize(
    ("texts", "query", "note"),
    [
        (["a red bar", "😭😭"], "a red bar 😭😭", "No sticker has a word of what was said last: the last turns were"),
        (["😭"], "😭", "No sticker has a word of what was searched for."),
    ],
)
def test_what_was_done_instead_is_said(
    program: Program, catalogue: dict[str, Sticker], texts: list[str], query: str, note: str
) -> None:
    answer = program.post("/replies", said(*texts))
    told = answer.json()
    assert (answer.status_code, told["query"], told["notes"][0][: len(note)]) == (200, query, note)
    assert bool(told["stickers"]) == (len(texts) > 1)


@pytest.mark.parametrize(
    ("text", "language"), [("red bar", "en"), ("红色 please", "zh"), ("la barre rouge", "en"), ("赤いバー", "zh")]
)
def test_the_language_is_seen_from_the_script(
    program: Program, catalogue: dict[str, Sticker], text: str, language: str
) -> None:
    assert program.post("/replies", said("hi", text)).json()["language"] == language
    assert program.post("/replies", said("hi", text) | {"language": "en"}).json()["language"] == "en"


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"turns": []}, {"turns": "Nobody says a word in this session: there is nothing to answer."}),
    ({"speaker": "  "}, {"speaker": "Say who is about to send the sticker."}),
    (
        {"turns": [{"speaker": "", "text": "hi"}, {"speaker": "anna"}]},
        {"turns.0.speaker": "Turn 1 has no speaker.", "turns.1": "Turn 2 has neither words nor a sticker."},
    ),
    (
        {"earlier": [{"turns": [{"speaker": "anna", "text": "x", "sticker": 10**9}]}]},
        {"earlier.0.turns.0.sticker": "Turn 1: there is no sticker 1000000000."},
    ),
    ({"turns": [{"speaker": "anna", "text": "x" * 2_001}]}, {"turns.0.text": "Turn 1 is longer than 2000 characters."}),
    (
        {"turns": [TURN] * 6_000, "earlier": [{"turns": [TURN] * 4_001}]},
        {"turns": "These are 10001 turns; 10000 are read at most."},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "errors"), WRONG)
def test_what_is_wrong_is_told_by_place(
    program: Program, catalogue: dict[str, Sticker], changes: dict[str, Any], errors: dict[str, str]
) -> None:
    answer = program.post("/replies", ASKED | changes)
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"]) == (422, "bad_conversation", errors)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"turns": "hello"}, {"question.turns"}),
        ({"turns": [{"text": "hi"}, TURN | {"speaker": 7}]}, {"question.turns.0.speaker", "question.turns.1.speaker"}),
        ({"turns": [{"speaker": "a", "sticker": "first"}]}, {"question.turns.0.sticker"}),
        ({"turns": [TURN] * 10_001}, {"question.turns"}),
        ({"k": 0, "language": "fr", "colour": "red"}, {"question.k", "question.language", "question.colour"}),
    ],
)  # fmt: skip
def test_another_form_is_told_by_place(program: Program, changes: dict[str, Any], places: set[str]) -> None:
    answer = program.post("/replies", ASKED | changes)
    assert (answer.status_code, answer.json()["code"], set(answer.json()["errors"])) == (422, "malformed", places)


def test_ten_thousand_turns_are_read(program: Program, catalogue: dict[str, Sticker]) -> None:
    told = program.post("/replies", said(*["well"] * 9_999, "red bar")).json()
    assert told["stickers"][0]["sticker"] == catalogue["red-bar"].pk


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    answer = program.post("/replies", said("x" * 3_000_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# --- several at once ---


def test_in_a_batch_each_has_its_own_answer_or_problem(
    program: Program, catalogue: dict[str, Sticker], install: Callable[..., ModelVersion]
) -> None:
    showing.make_ready(install())
    conversations = [said("red"), {"turns": 3}, said(), said("so blue"), said("绿 green")]
    for model in ("bm25", "colours@1"):
        told = program.post("/replies/batch", {"conversations": conversations, "k": 4, "model": model}).json()
        places = [sorted(item["problem"]["errors"]) if item["problem"] else [] for item in told["items"]]
        assert places == [[], ["speaker", "turns"], ["turns"], [], []]
        for given, item in zip(conversations, told["items"], strict=True):
            if item["answer"]:
                alone = program.post("/replies", given | {"k": 4, "model": model}).json()
                del alone["ms"]
                assert item["answer"] == alone


def test_a_batch_without_a_good_conversation_has_problems_alone(program: Program) -> None:
    told = program.post("/replies/batch", {"conversations": [{}]}).json()
    assert [bool(item["problem"]) for item in told["items"]] == [True]
    assert program.post("/replies/batch", {"conversations": []}).status_code == 422
    assert program.post("/replies/batch", {"conversations": [ASKED] * 33}).status_code == 422


def test_conversations_are_counted_however_they_come(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.time, "time", lambda: 6_000_000.0)
    monkeypatch.setattr(gate.REPLIES, "most", 3)
    assert program.post("/replies/batch", {"conversations": [{}, {}]}).status_code == 200
    assert program.post("/replies", said()).status_code == 422
    assert program.post("/replies", said()).status_code == 429
    cache.clear()
    assert program.post("/replies/batch", {"conversations": [{}] * 4}).status_code == 429


# --- models that a worker answers with ---


def test_an_answer_of_a_worker_is_fetched_where_it_is_said(
    program: Program, catalogue: dict[str, Sticker], install: Callable[..., ModelVersion], worker: Callable[[], int],
    admin_program: Program,
) -> None:  # fmt: skip
    install(has_graph=False)
    sent = program.post("/replies", said("red") | {"k": 2})
    assert (sent.status_code, sent["Retry-After"], sent["Location"]) == (202, "2", sent.json()["address"])
    place = sent.json()["address"].removeprefix(ROOT)
    assert program.get(place).status_code == 202
    assert worker() == 1
    told = program.get(place).json()
    assert [each["sticker"] for each in told["stickers"]] == [
        catalogue[f"red-{name}"].pk for name in ("circle", "square")
    ]
    assert (told["model"], told["searches"], told["stickers"][0]["match"]) == ("colours@1", True, 0.5)
    assert admin_program.get(place).status_code == 404


def test_a_batch_of_a_worker_keeps_its_problems_in_their_places(
    program: Program, catalogue: dict[str, Sticker], install: Callable[..., ModelVersion], worker: Callable[[], int]
) -> None:
    install(has_graph=False)
    sent = program.post("/replies/batch", {"conversations": [said(), said("red"), {}, said("blue")], "k": 1})
    worker()
    items = program.get(sent.json()["address"].removeprefix(ROOT)).json()["items"]
    assert [item["answer"] and item["answer"]["stickers"][0]["sticker"] for item in items] == [
        None, catalogue["red-circle"].pk, None, catalogue["blue-circle"].pk,
    ]  # fmt: skip


@pytest.fixture
def admin_program(admin: Player) -> Program:
    return Program(secret_of(admin, "reply"))


def test_the_document_says_what_a_conversation_is() -> None:
    document = api.get_openapi_schema()
    batch = document["components"]["schemas"]["Batch"]["properties"]["conversations"]
    assert batch["items"]["required"] == ["turns", "speaker"]
    assert document["paths"][f"{ROOT}/replies"]["post"]["security"] == [{"token": ["reply"]}]
    assert set(document["paths"][f"{ROOT}/replies"]["post"]["responses"]) >= {200, 202, 422, 429}

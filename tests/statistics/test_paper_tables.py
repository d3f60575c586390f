"""The tables of Sticker820K, StickerInt, MultiChat and StickerChat: figures that can be counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retrieval_engine.__main__ import main
from retrieval_engine.data import DataError
from retrieval_engine.paper_tables import TABLES, DatasetTable, as_text
from tests.statistics.conftest import write_lines


def figures(table: DatasetTable) -> dict[str, tuple[float | None, ...]]:
    return {line.name: line.values for line in table.lines}


def sticker(name: str, kind: str = "static", printed: str = "") -> dict[str, Any]:
    return {"sticker_id": name, "media": {"kind": kind, "frames": 1}, "printed_text": printed, "split": "train"}


def turn(speaker: str, text: str = "", sent: str | None = None) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, "sticker": sent}


def use(number: int, scenario: str, *context: dict[str, Any], text: str = "", lang: str = "en") -> dict[str, Any]:
    row = {"id": f"smp_{number}", "lang": lang, "context": list(context), "speaker": "User_1", "text": text}
    return row | {"scenario": scenario, "sticker": "a.png", "intent": "joy", "attributes": {}, "appropriate": True}


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    """Three uses in two chats; in both there is a User_1, who is not the same person."""
    write_lines(
        tmp_path / "stickerint/train.jsonl",
        use(1, "DR", turn("User_2", "so tired today"), turn("User_3", "", "b.png")),
        use(2, "SR", turn("User_2", "me too"), text="yes"),
    )
    write_lines(tmp_path / "stickerint/test.jsonl", use(3, "DR", turn("User_2", "太OK了"), lang="zh"))
    write_lines(
        tmp_path / "multichat/train.jsonl",
        {
            "chat_id": "chat_1",
            "lang": "en",
            "users": [],
            "samples": [1],
            "turns": [said("User_1", "hi"), sent("a.png")],
        },
        {"chat_id": "chat_1", "lang": "en", "users": [], "samples": [0], "turns": [sent("a.png")]},
    )
    write_lines(tmp_path / "samples.jsonl", *({"sample_id": f"smp_{n}", "session_id": f"ses_{n}"} for n in (1, 2, 3)))
    sessions = (("ses_1", "chat_1"), ("ses_2", "chat_1"), ("ses_3", "chat_2"))
    write_lines(
        tmp_path / "sessions.jsonl", *({"session_id": s, "chat_id": chat, "part": "train"} for s, chat in sessions)
    )
    write_lines(tmp_path / "stickers.jsonl", sticker("a.png", printed="hello"), sticker("b.png"))
    return tmp_path


def said(speaker: str, text: str) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, "sticker": None}


def sent(name: str) -> dict[str, Any]:
    return {"speaker": "User_2", "text": "", "sticker": {"id": name, "intent": "joy", "style": None, "verbal": None}}


def test_stickerint_counts_contexts_that_end_with_a_sticker(chats: Path) -> None:
    table = TABLES["stickerint"](chats)
    assert figures(table) == {
        "conversations": (2, 0, 1, 3),
        "sticker as supplement (SR)": (1, 0, 0, 1),
        "sticker as reply (DR)": (1, 0, 1, 2),
        "utterances in words": (3, 0, 1, 4),
        "words": (6, 0, 3, 9),
        "stickers": (2, 0, 1, 2),
        "users": (3, 0, 2, 5),
        "utterances per conversation": (1.5, None, 1.0, 4 / 3),
        "users per conversation": (2.5, None, 2.0, 7 / 3),
        "words per utterance": (2.0, None, 3.0, 2.25),
        "Chinese ones with English words": (0, 0, 1, 1),
        "groups": (1, 0, 1, 2),
        "stickers with words on them": (1, 0, 1, 1),
        "utterances, the stickers that were chosen among them": (5, 0, 2, 7),
        "the same with the sticker that was chosen": (2.5, None, 2.0, 7 / 3),
        "annotators": (None, None, None, 0),
    }
    assert table.counts == {"intents": (("joy", 3),)}
    assert "SSIM" in table.missing[0]


def test_multichat_counts_whole_sessions(chats: Path) -> None:
    table = TABLES["multichat"](chats)
    assert figures(table) == {
        "sessions": (2, 0, 0, 2),
        "samples": (2, 0, 0, 2),
        "utterances": (3, 0, 0, 3),
        "stickers": (1, 0, 0, 1),
        "users": (2, 0, 0, 2),
        "utterances of the longest": (2, 0, 0, 2),
        "utterances per session": (1.5, None, None, 1.5),
        "users per session": (1.5, None, None, 1.5),
        "groups": (1, 0, 0, 1),
        "annotators": (None, None, None, 0),
    }
    assert table.counts == {"intents": (("joy", 2),), "styles": ()}


def test_annotators_agree_by_what_they_said_and_not_by_a_reviewers_word(chats: Path) -> None:
    def answer(number: int, label: str, role: str = "judge") -> dict[str, Any]:
        target = {"sticker_id": "a.png", "turn_id": f"turn_{number}"}
        return {
            "task": "intent",
            "target": target,
            "lang": "en",
            "value": {"fine": label, "coarse": label},
            "role": role,
        }

    pairs = [("joy", "joy"), ("anger", "anger"), ("joy", "anger"), ("joy", "joy")]
    rows = [answer(number, label) for number, pair in enumerate(pairs) for label in pair]
    write_lines(chats / "annotations.jsonl", *rows, answer(2, "joy", "reviewer"), answer(9, "joy"))
    agreed = TABLES["multichat"](chats).agreed
    assert agreed.keys() == {"intent"}
    assert (agreed["intent"].n_units, agreed["intent"].percent) == (4, 0.75)
    kappa = agreed["intent"].kappa
    assert kappa is not None
    assert kappa.value == pytest.approx(0.5)


def test_sticker820k_counts_what_was_said_of_stickers(tmp_path: Path) -> None:
    def entry(name: str, **facts: Any) -> dict[str, Any]:
        unsaid = {
            "description": None,
            "descriptions": {},
            "ocr": None,
            "emotion": None,
            "emotion_class": None,
            "style": None,
        }
        return {"sticker_id": name, **unsaid, **facts}

    parts = {
        "train": [
            entry(
                "a.gif",
                descriptions={"en": "a cat waves"},
                ocr="hello you",
                emotion=["Smiling"],
                emotion_class="positive",
            ),
            entry("b.png", emotion=["Sad", "Crying"], emotion_class="negative", style="cute cartoons"),
        ],
        "validation": [],
        "test": [entry("c.png", descriptions={"en": "the cat sleeps here", "zh": "猫"}, ocr="")],
    }
    (tmp_path / "sticker820k").mkdir()
    for part, rows in parts.items():
        (tmp_path / f"sticker820k/annotations_{part}.json").write_text(json.dumps(rows))
    write_lines(tmp_path / "stickers.jsonl", sticker("a.gif", "animated"), sticker("b.png"), sticker("c.png"))
    table = TABLES["sticker820k"](tmp_path)
    assert figures(table) == {
        "stickers described": (2, 0, 1, 3),
        "share that moves": (0.5, None, 0.0, 1 / 3),
        "share with words on it": (0.5, None, 0.0, 1 / 3),
        "words per description": (3.0, None, 2.5, 8 / 3),
    }
    assert table.counts["emotions"] == (("Crying", 1), ("Sad", 1), ("Smiling", 1))
    assert table.counts["words of descriptions"][0] == ("cat", 2)
    assert table.counts["words on stickers"] == (("hello", 1), ("you", 1))


def test_the_command_prints_them_with_the_papers_figures(chats: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(chats), "--like", "stickerint"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "Published figures, in brackets: StickerInt (Int-RA)."
    assert told[1].split() == ["train", "validation", "test", "all"]
    assert told[2].split() == ["conversations", "2", "(1,269)", "0", "(155)", "1", "(154)", "3", "(1,578)"]
    assert main(["stats", str(chats), "--like", "multichat", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"][0]["values"] == [2, 0, 0, 2]


# --- StickerChat, and chats that were converted ---


def pair(number: int, gold: str, *context: str, part: str = "train") -> dict[str, Any]:
    row = {"sample_id": f"smp_{number}", "session_id": f"ses_{number % 2}", "context_turns": list(context)}
    row |= {"history_sessions": [], "speaker": "User_1", "own_text": "", "gold": gold, "acceptable": [gold]}
    return row | {"scenario": "DR", "intent": None, "appropriate": None, "lang": "en", "part": part}


def test_stickerchat_counts_pairs_and_bins_them_by_their_sentiment(tmp_path: Path) -> None:
    texts = {"t1": "so happy today", "t2": "sad and happy", "t3": "nothing", "t4": "whatever"}
    felt = {"t4": {"pos": 0.0, "neg": 3.0}}
    write_lines(
        tmp_path / "turns.jsonl",
        *({"turn_id": id, "speaker": "User_2", "text": text, "sticker_id": None, "polarity": felt.get(id)}
          for id, text in texts.items()),
    )  # fmt: skip
    session = {"chat_id": "chat_1", "summary": "", "turn_ids": []}
    write_lines(tmp_path / "sessions.jsonl", *(session | {"session_id": f"ses_{n}", "ordinal": n} for n in (0, 1)))
    write_lines(
        tmp_path / "samples.jsonl",
        pair(1, "a.png", "t1"), pair(2, "b.png", "t3", "t2"), pair(3, "a.png", "t3", part="validation"),
        pair(4, "c.png", "t4", part="test"), pair(5, "a.png"),
    )  # fmt: skip
    facts = {"file": None, "media": {"kind": "static", "frames": 1}, "dup_cluster": "x", "printed_text": ""}
    packs = (("a.png", "cats"), ("b.png", "cats"), ("c.png", "dogs"), ("d.png", "frogs"))
    write_lines(tmp_path / "stickers.jsonl", *(facts | {"sticker_id": id, "pack_id": pack} for id, pack in packs))
    label = {"task": "emotion", "lang": "", "taxonomy": "ser30k-7@1"}
    write_lines(
        tmp_path / "annotation_labels.jsonl",
        *(label | {"target": {"sticker_id": id}, "value": {"labels": [emotion], "primary": emotion}}
          for id, emotion in (("a.png", "happiness"), ("b.png", "sadness"), ("c.png", "happiness"))),
    )  # fmt: skip
    table = TABLES["stickerchat"](tmp_path)
    assert figures(table) == {
        "pairs of context and sticker": (2, 1, 1, 4),
        "stickers that were sent": (2, 1, 1, 3),
        "packs of these": (1, 1, 1, 2),
        "stickers": (None, None, None, 4),
        "packs": (None, None, None, 3),
        "stickers with words on them (of DSTC10-MOD's 307)": (None, None, None, 0),
        "utterances before the sticker, mean": (1.5, 1.0, 1.0, 1.25),
        "utterances before the sticker, most": (2, 1, 1, 2),
        "dialogues (DSTC10-MOD)": (2, 1, 1, 2),
        "words per utterance (DSTC10-MOD)": (7 / 3, 1.0, 1.0, 1.8),
        "pairs with sentiment in their words": (2, 0, 1, 3),
        "pairs with sentiment in their sticker": (2, 1, 1, 4),
    }
    assert table.counts == {
        "classes of emotion (SER30K: disgust 211, fear 826)": (("happiness", 2), ("sadness", 1))
    }  # fmt: skip
    assert table.missing == ("1 uses of a sticker, nobody says a word before the sticker",)
    [bins] = table.bins.values()
    assert len(bins) == 15
    told = {n: (held.n, held.mean) for n, held in enumerate(bins) if held.n}
    assert told == {0: (1, pytest.approx(2**0.5)), 7: (1, pytest.approx(0.5**0.5)), 14: (1, 0.0)}
    assert "  0.93 to 1.00        1  0.000" in as_text(table).splitlines()


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    first = [turn("a", "so happy"), turn("b", "me too") | {"sticker_id": "hug", "sticker_pack": "p", "intent": "joy"}]
    second = [turn("a", "", None) | {"sticker_id": "cry"}, turn("a", "oh"), turn("a") | {"sticker_id": "cry"}]
    sessions = [{"turns": first, "part": "train"}, {"turns": second, "part": "test"}, {"turns": [turn("a", "hi")]}]
    write_lines(tmp_path / "chats.jsonl", {"chat_id": "c", "lang": "en", "sessions": sessions})
    return tmp_path / "chats.jsonl"


def test_converted_chats_have_the_tables_too(converted: Path) -> None:
    table = TABLES["stickerint"](converted)
    told = figures(table)
    assert (told["conversations"], told["sticker as supplement (SR)"]) == ((1, 0, 1, 2), (1, 0, 1, 2))
    assert (told["utterances in words"], told["users"]) == ((2, 0, 1, 3), (2, 0, 1, 2))
    assert table.counts == {"intents": (("joy", 1),)}
    told = figures(TABLES["multichat"](converted))
    assert (told["sessions"], told["samples"], told["stickers"]) == ((1, 0, 1, 2), (1, 0, 2, 3), (1, 0, 1, 2))
    table = TABLES["stickerchat"](converted)
    told = figures(table)
    assert (told["pairs of context and sticker"], told["packs of these"]) == ((1, 0, 1, 2), (1, 0, 0, 1))
    assert [held.n for held in next(iter(table.bins.values()))] == [0] * 14 + [1]
    assert "nobody sent" in table.missing[0]


def test_another_file_than_converted_chats_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text('{"song": 1}\n')
    (tmp_path / "none.jsonl").touch()
    for name in ("stickerint", "multichat", "stickerchat"):
        with pytest.raises(DataError, match=r"f\.jsonl:1"):
            TABLES[name](tmp_path / "f.jsonl")
        with pytest.raises(DataError, match="nothing in it"):
            TABLES[name](tmp_path / "none.jsonl")


@pytest.mark.parametrize("name", TABLES)
def test_what_a_release_does_not_hold_is_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(tmp_path), "--like", name]) == 1
    assert capsys.readouterr().err.startswith(
        f"DataError: {tmp_path}: nothing in {'samples.jsonl' if name == 'stickerchat' else f'{name}/'}"
    )


def test_a_line_of_another_form_is_named(chats: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(chats / "stickerint/train.jsonl", {"id": "smp_1"})
    assert main(["stats", str(chats), "--like", "stickerint"]) == 1
    assert (
        capsys.readouterr().err
        == f"DataError: {chats / 'stickerint/train.jsonl'}:1: Object missing required field `lang`\n"
    )

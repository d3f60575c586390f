"""The annotations of a release: what is in its files, what is left out, and that they come out the same again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sticktionary.domain.annotation import settling
from sticktionary.domain.annotation.answers import Given
from sticktionary.domain.people.roles import Role
from sticktionary.domain.releases import annotations
from sticktionary.domain.releases.about import File, ReleaseRules
from sticktionary.domain.releases.scope import Scope
from sticktionary.models import Annotation, Pack, Player, Sticker, Task, Tombstone
from tests.annotation.conftest import GIVEN, answered_by, chat
from tests.annotation.test_settling import of_role, split_on

pytestmark = pytest.mark.django_db


def scope_of(*stickers: Sticker, **more: Any) -> Scope:
    parts = ["train", "validation", "test"]
    fields: dict[str, Any] = {
        "rules": ReleaseRules(),
        "watermark_at": timezone.now(),
        "names": {sticker.pk: f"asked_{sticker.name}" for sticker in stickers},
        "parts": {sticker.pk: parts[n % 3] for n, sticker in enumerate(stickers)},
        "left_out": frozenset(),
        "pseudonym": lambda player_id: f"anon_{player_id}",
        "told": lambda n_rows: None,
    }
    return Scope(**{**fields, **more})


def lines(folder: Path, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / path).read_text("utf-8").splitlines()]


@pytest.fixture
def stickers(pack: Pack) -> list[Sticker]:
    return list(pack.stickers.order_by("pk"))


@pytest.fixture
def everything(stickers: list[Sticker]) -> list[Sticker]:
    """Every task answered by two who agree, of the first sticker."""
    used = chat(stickers[0])
    for task in Task:
        for name in ("ben", "cleo"):
            answered_by(name, task, stickers[0], GIVEN[task], utterance=used if task.needs_conversation else None)
    return stickers


def test_nothing_annotated_no_files(tmp_path: Path, stickers: list[Sticker]) -> None:
    assert annotations.write(tmp_path, scope_of(*stickers)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_row_for_every_answer_in_the_common_form(tmp_path: Path, everything: list[Sticker]) -> None:
    files = annotations.write(tmp_path, scope_of(*everything))
    rows = lines(tmp_path, "annotations.jsonl")
    assert len(rows) == 22
    row = Annotation.objects.get(task=Task.EMOTION, player__username="ben")
    assert row.answered_at is not None
    assert rows[0] == {
        "v": 1,
        "ann_id": f"ann_{row.pk}",
        "task": "emotion",
        "target": {"sticker_id": "asked_0001.png"},
        "lang": "en",
        "taxonomy": "sticker820k-30@1",
        "value": {"labels": ["Smiling"], "primary": "Smiling"},
        "annotator": f"anon_{row.player_id}",
        "role": "judge",
        "order": 1,
        "t_ms": None,
        "created": None,
        "status": "accepted",
        "drafted_by": "",
        "supersedes": None,
        "consent": "ok",
    }
    assert [(row["task"], row["value"]) for row in rows[2::2]] == [
        ("style", {"label": "cute cartoons"}),
        ("ocr", {"text": "OH NO", "none": False}),
        ("description", {"text": "A cat lies on a desk."}),
        ("attribute", {"gesture": ["waving", "thumbs up"]}),
        ("attribute", {"posture": []}),
        ("attribute", {"face": ["grin"]}),
        ("attribute", {"verbal": ["hello"]}),
        ("intent", {"fine": "joy", "coarse": "joy"}),
        ("appropriateness", {"ok": True, "score": 4.0}),
        ("scenario", {"label": "DR"}),
    ]
    assert {row["target"].keys() == {"sticker_id", "dialogue_id", "turn_id"} for row in rows[16:]} == {True}
    by_path = {file.path: file for file in files}
    assert by_path["annotations.jsonl"].n_rows == 22
    assert by_path["annotations.jsonl"].columns["order"] == "int64"


def test_what_they_say_together_with_its_views(tmp_path: Path, everything: list[Sticker]) -> None:
    annotations.write(tmp_path, scope_of(*everything))
    rows = lines(tmp_path, "annotation_labels.jsonl")
    assert rows[0] == {
        "v": 1,
        "task": "emotion",
        "target": {"sticker_id": "asked_0001.png"},
        "lang": "",
        "taxonomy": "sticker820k-30@1",
        "value": {"labels": ["Smiling"], "primary": "Smiling"},
        "views": {"polarity": "positive", "ser30k_7": "happiness", "goemotions_28": "joy"},
        "n_answers": 2,
        "n_agree": 2,
        "by": "majority",
        "drafted_by": "",
        "split": "train",
    }
    assert [row["views"] for row in rows[1:3]] == [{"style_4": "cartoon"}, None]
    assert {row["by"] for row in rows} == {"majority"}
    assert len(rows) == 11


def test_what_is_split_has_no_value_until_a_reviewer_settles_it(tmp_path: Path, stickers: list[Sticker]) -> None:
    rows = split_on(stickers[0])
    answered_by("ben", Task.FACE, stickers[0], GIVEN["face"])
    annotations.write(tmp_path / "before", scope_of(*stickers))
    style, face = lines(tmp_path / "before", "annotation_labels.jsonl")
    assert (style["value"], style["by"], style["n_agree"]) == (None, "split", 0)
    assert (face["value"], face["by"]) == (None, "too_few")
    assert {row["status"] for row in lines(tmp_path / "before", "annotations.jsonl")} == {"raw"}

    reviewer = of_role("rita", Role.REVIEWER)
    settling.settle(actor=reviewer, annotation_id=rows[0].pk, given=Given(choice="cute cartoons"))
    annotations.write(tmp_path / "after", scope_of(*stickers))
    style = lines(tmp_path / "after", "annotation_labels.jsonl")[0]
    assert (style["value"], style["by"], style["n_agree"]) == ({"label": "cute cartoons"}, "reviewer", 1)
    told = [(row["role"], row["status"]) for row in lines(tmp_path / "after", "annotations.jsonl")[:4]]
    assert told == [("judge", "rejected"), ("judge", "accepted"), ("judge", "rejected"), ("reviewer", "accepted")]
    early = scope_of(*stickers, watermark_at=rows[2].answered_at)
    annotations.write(tmp_path / "early", early)
    assert lines(tmp_path / "early", "annotation_labels.jsonl")[0]["by"] == "split"


def test_the_form_of_sticker820k_per_side_of_the_split(tmp_path: Path, everything: list[Sticker]) -> None:
    for name in ("chen", "bo"):
        answered_by(name, Task.DESCRIPTION, everything[0], Given(text="一只猫趴在桌子上"), language="zh")
        answered_by(name, Task.TEXT, everything[1], Given(none=True), language="zh")
    annotations.write(tmp_path, scope_of(*everything))
    held = {part: json.loads((tmp_path / f"sticker820k/annotations_{part}.json").read_text()) for part in
            ("train", "validation", "test")}  # fmt: skip
    assert held["train"] == [
        {
            "sticker_id": "asked_0001.png",
            "description": "一只猫趴在桌子上",
            "descriptions": {"en": "A cat lies on a desk.", "zh": "一只猫趴在桌子上"},
            "ocr": "OH NO",
            "emotion": ["Smiling"],
            "emotion_class": "positive",
            "style": "cute cartoons",
        }
    ]
    assert [(line["sticker_id"], line["ocr"], line["emotion"]) for line in held["validation"]] == [
        ("asked_0002.png", "", None)
    ]
    assert held["test"] == []


def test_who_and_what_is_left_out(tmp_path: Path, everything: list[Sticker]) -> None:
    ben = Player.objects.get(username="ben")
    annotations.write(tmp_path / "people", scope_of(*everything, left_out=frozenset({ben.pk})))
    rows = lines(tmp_path / "people", "annotations.jsonl")
    assert (len(rows), {row["status"] for row in rows}) == (11, {"raw"})
    Tombstone.objects.create(kind=Tombstone.Kind.CONVERSATION, subject=1)
    used = Annotation.objects.exclude(utterance=None)[0].utterance
    assert used is not None
    Tombstone.objects.update(subject=used.session.conversation_id)
    annotations.write(tmp_path / "chats", scope_of(*everything))
    assert {"intent", "appropriateness", "scenario"}.isdisjoint(
        row["task"] for row in lines(tmp_path / "chats", "annotations.jsonl")
    )
    Annotation.objects.filter(task=Task.EMOTION).update(answered_at=timezone.now() + timedelta(hours=1))
    annotations.write(tmp_path / "late", scope_of(*everything))
    assert "emotion" not in {row["task"] for row in lines(tmp_path / "late", "annotations.jsonl")}
    assert annotations.write(tmp_path / "packs", scope_of(*everything[1:])) == []


def test_texts_go_through_the_scan(tmp_path: Path, everything: list[Sticker]) -> None:
    def clean(where: str, number: int, text: str) -> str:
        assert where == "annotation"
        return "" if text in {"grin", "waving"} else text.replace("cat", "…")

    annotations.write(tmp_path, scope_of(*everything, clean=clean))
    values = [row["value"] for row in lines(tmp_path, "annotations.jsonl")]
    assert {"gesture": ["thumbs up"]} in values
    assert {"text": "A … lies on a desk."} in values
    assert not any("face" in value for value in values)


def test_the_same_facts_give_the_same_bytes(tmp_path: Path, everything: list[Sticker]) -> None:
    split_on(everything[1])
    scope = scope_of(*everything)

    def written(folder: str) -> tuple[list[File], dict[str, bytes]]:
        files = annotations.write(tmp_path / folder, scope)
        return files, {file.path: (tmp_path / folder / file.path).read_bytes() for file in files}

    assert written("once") == written("again")

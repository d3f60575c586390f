"""The built pack: complete, small, and true to its sources."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from starter_pack import pack as packing
from starter_pack.__main__ import main
from starter_pack.catalogue import EXCLUDED, STICKERS
from starter_pack.check import faults
from starter_pack.expressions import EXPRESSIONS
from starter_pack.pack import HERE, PACK
from starter_pack.texts import LABELS, LANGUAGES, TextsMissing, read_texts


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def _pixels(path: Path) -> list[bytes]:
    with Image.open(path) as im:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(im)]


def test_the_committed_pack_is_complete() -> None:
    assert faults(PACK) == []


def test_every_sticker_of_the_catalogue_is_in_the_pack() -> None:
    assert sorted(f.name for f in (PACK / "stickers").iterdir()) == sorted(s.file for s in STICKERS.values())
    assert not EXCLUDED.keys() & STICKERS.keys()


def test_those_that_should_move_do() -> None:
    for s in STICKERS.values():
        with Image.open(PACK / "stickers" / s.file) as im:
            assert (getattr(im, "n_frames", 1) > 1) == s.moves, s.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_queries_are_copied_whole(language: str) -> None:
    source = {row["sticker_id"]: row["labeled_queries"] for row in _rows(HERE / f"queries_{language}.csv")}
    built = _rows(PACK / f"sticker_queries_{language}.csv")
    assert [row["sticker_id"] for row in built] == [s.file for s in STICKERS.values()]
    for row in built:
        wanted = {q.strip() for q in source[row["sticker_id"].removesuffix(".webp")].split(",") if q.strip()}
        assert set(row["labeled_queries"].split(", ")) == wanted


def test_metadata_has_a_line_per_sticker() -> None:
    lines = [json.loads(line) for line in (PACK / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["sticker"] for line in lines] == [s.file for s in STICKERS.values()]
    assert {tuple(line) for line in lines} == {("sticker", *LABELS[:-1], "printed_text", "drawn", "alt")}
    assert {line["printed_text"] for line in lines} == {""}


@pytest.fixture
def texts_copy(tmp_path: Path) -> Path:
    for name in ("queries_en.csv", "queries_zh.csv", "labels.csv", "alts.csv", "drawn_words.json"):
        shutil.copy(HERE / name, tmp_path)
    return tmp_path


def test_a_missing_file_is_named(texts_copy: Path) -> None:
    (texts_copy / "queries_zh.csv").unlink()
    with pytest.raises(TextsMissing, match=r"^not there: queries_zh\.csv$"):
        read_texts(texts_copy)


def test_too_few_queries_are_named(texts_copy: Path) -> None:
    path = texts_copy / "queries_en.csv"
    lines = [
        line if not line.startswith("cat_haha,") else 'cat_haha,"lol, lol, haha"'
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(TextsMissing, match=r"^cat_haha: 2 distinct en queries, 6 needed$"):
        read_texts(texts_copy)


def test_an_own_label_wins_over_the_common_one(texts_copy: Path) -> None:
    header = "sticker_id,emotion,style,gesture,posture,facial_expression,verbal,drawn\n"
    common = "".join(f"*_{name},Calm,flat,,standing,smile,,sitting; smile\n" for name in EXPRESSIONS)
    own = "cat_haha,Glee,,,,,ha; ha ha,\n"
    (texts_copy / "labels.csv").write_text(header + common + own, encoding="utf-8")
    texts = read_texts(texts_copy)
    assert texts.metadata(STICKERS["cat_haha"]) == {
        "sticker": "cat_haha.webp",
        "emotion": "Glee",
        "style": "flat",
        "gesture": [],
        "posture": ["standing"],
        "facial_expression": ["smile"],
        "verbal": ["ha", "ha ha"],
        "printed_text": "",
        "drawn": ["sitting", "smile"],
        "alt": {"en": "cat, laughing out loud, a hand on the belly", "zh": "猫，捂着肚子大笑，笑出眼泪"},
    }


def test_an_unknown_sticker_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--only", "cat_nothing", "--art-only"]) == 1
    assert capsys.readouterr().err == "no such sticker: cat_nothing\n"


def test_building_again_gives_the_committed_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PACK", tmp_path)
    size = packing.draw_pictures(["ghost_smirk", "robot_awkward"], 1)
    assert sorted(f.name for f in (tmp_path / "stickers").iterdir()) == ["ghost_smirk.webp", "robot_awkward.webp"]
    assert size == sum(f.stat().st_size for f in (tmp_path / "stickers").iterdir())
    for f in (tmp_path / "stickers").iterdir():
        assert _pixels(f) == _pixels(PACK / "stickers" / f.name)


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "stickers").mkdir()
    shutil.copy(PACK / "stickers" / "cat_ok.webp", tmp_path / "stickers")
    assert faults(tmp_path) == [
        "1 stickers, 320 wanted",
        "fewer than a quarter of the stickers move",
        "sticker_queries_en.csv is not there",
        "sticker_queries_zh.csv is not there",
        "metadata.jsonl is not there",
    ]

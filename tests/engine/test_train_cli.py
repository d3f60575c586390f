"""Training from the command line: pictures and queries in, a bundle out that the next command takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval_engine.__main__ import main
from retrieval_engine.serving import Bundle
from tests.engine.test_bundle import hugging_face_model
from tests.engine.world import COLOURS, SHAPES, picture


@pytest.fixture
def shelf(tmp_path: Path) -> list[str]:
    """Sixteen pictures with five queries each, as the commands take them."""
    rows = ["sticker_id,labeled_queries"]
    (tmp_path / "stickers").mkdir()
    for colour in COLOURS:
        for shape in SHAPES:
            (tmp_path / "stickers" / f"{colour}-{shape}.png").write_bytes(picture(colour, shape))
            words = [f"{colour} {shape}", f"{shape} {colour} one", f"very {shape}", f"so {colour}", f"a {shape} thing"]
            rows.append(f'{colour}-{shape}.png,"{", ".join(words)}"')
    (tmp_path / "queries_en.csv").write_text("\n".join(rows) + "\n")
    return ["--stickers", str(tmp_path / "stickers"), "--queries", str(tmp_path / "queries_en.csv")]


def test_a_trained_bundle_is_one_that_can_be_evaluated(
    shelf: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").mkdir()
    model, bundle = str(hugging_face_model(tmp_path / "model")), tmp_path / "bundle"
    assert main(["train", *shelf, "--model", model, "--out", str(bundle), "--steps", "3", "--batch", "4"]) == 0
    assert f"{Bundle.open(bundle).version} in {bundle}" in capsys.readouterr().out
    assert main(["evaluate", *shelf, "--bundle", str(bundle), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["n_stickers"], figures["en"]["dense"]["n_queries"]) == (16, 16)  # one query of five held out
    assert list(figures["en"]) == ["lexical", "dense", "hybrid"]


def test_a_model_that_is_not_there_is_named(
    shelf: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *shelf, "--model", str(tmp_path / "nowhere"), "--out", str(tmp_path / "bundle")]) == 1
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()

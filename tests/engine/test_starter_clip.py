"""The CLIP that ships with the starter pack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval_engine.catalogue import read_stickers, searcher_of
from retrieval_engine.evaluate import HeldOut, evaluate
from retrieval_engine.serving import Bundle

PACK = Path(__file__).parents[2] / "starter_pack"
N = 40


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(PACK / "clip")


def test_it_is_small_and_its_report_is_its_own(bundle: Bundle) -> None:
    assert sum(file.stat().st_size for file in (PACK / "clip").iterdir()) < 15_000_000
    report = json.loads((PACK / "clip" / "report.json").read_text())
    assert report["bundle"] == bundle.version
    card = (PACK / "clip" / "README.md").read_text()
    assert bundle.version in card
    for language in ("en", "zh"):
        figures = report["held_out_queries"][language]
        for retriever, name in (("lexical", "BM25"), ("dense", "CLIP"), ("hybrid", "fusion")):
            row = figures[retriever]
            numbers = [row[f"recall_at_{k}"] for k in (1, 5, 10, 50)] + [row["mrr"]]
            line = next(line for line in card.splitlines() if line.startswith(f"| {language} | {name} "))
            shown = [float(cell.split()[0]) for cell in line.split("|")[4:-1]]
            assert shown == pytest.approx(numbers, abs=0.0006)


def test_it_finds_the_pack_s_stickers_by_what_it_learned(bundle: Bundle) -> None:
    csvs = sorted((PACK / "pack").glob("sticker_queries_*.csv"))
    stickers = read_stickers(PACK / "pack" / "stickers", csvs)[:: 376 // N][:N]
    asked = [HeldOut(q, id, lang) for id, s in enumerate(stickers) for lang, qs in s.queries.items() for q in qs[:3]]
    figures = evaluate(searcher_of(stickers, bundle), asked)
    for language in ("en", "zh"):
        assert figures[language]["dense"].recall[5] > 0.5


def test_the_bundle_says_nothing_of_the_machine_that_made_it() -> None:
    for graph in ("text.onnx", "image.onnx"):
        assert b"site-packages" not in (PACK / "clip" / graph).read_bytes()

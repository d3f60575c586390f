"""Table 3: what is counted, against counting by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval_engine.__main__ import main
from retrieval_engine.data import StickerQueries
from retrieval_engine.folders import Players, survey
from retrieval_engine.statistics import describe, gather, overlap, spread


def test_the_figures_of_a_list(folder: Path) -> None:
    figures = survey(folder).figures["en"]
    assert (figures.n_stickers, figures.n_queries, figures.n_distinct, figures.n_single) == (3, 6, 5, 1)
    assert (figures.per_sticker.mean, figures.per_sticker.median, figures.per_sticker.most) == (2, 2, 3)
    assert figures.per_sticker.histogram == ((1, 1), (2, 1), (3, 1))
    assert (figures.words.mean, figures.segments.histogram) == (10 / 6, ((1, 3), (2, 2), (3, 1)))
    assert figures.characters.mean == (6 + 6 + 3 + 3 + 12 + 4) / 6
    assert (figures.n_words, figures.n_vocabulary) == (10, 7)
    assert figures.top_words[:2] == (("cat", 3), ("so", 2))
    assert figures.top_queries[0] == ("cat", 2)
    assert figures.files == (("gif", 1), ("png", 1), ("webm", 1))


def test_chinese_is_counted_in_words_and_in_characters(folder: Path) -> None:
    figures = survey(folder).figures["zh"]
    assert (figures.words.mean, figures.segments.mean, figures.characters.mean) == (1, 4 / 3, 7 / 3)
    assert figures.top_words == (("难过", 2), ("ok", 1), ("好", 1))


def test_what_two_languages_share(folder: Path) -> None:
    common = survey(folder).overlap
    assert common is not None
    assert (common.n_stickers, common.n_words, common.words_share, common.top_words) == (1, 1, 1 / 9, ("ok",))
    assert (common.n_queries, common.queries_share) == (0, 0)


def test_a_comma_ends_a_query_in_the_papers_way(tmp_path: Path) -> None:
    (tmp_path / "sticker_queries_zh_release.csv").write_text('sticker_id,labeled_queries\na.png,"旋转,转圈圈, 晕"\n')
    assert survey(tmp_path).figures["zh"].n_queries == 2
    assert survey(tmp_path, "stickerqueries").figures["zh"].n_queries == 3


@settings(derandomize=True)
@given(st.lists(st.integers(0, 9), min_size=1))
def test_a_spread_is_that_of_the_values(values: list[int]) -> None:
    found = spread(Counter(values))
    assert found.mean == pytest.approx(fmean(values))
    assert (found.median, found.least, found.most) == (median(values), min(values), max(values))
    assert dict(found.histogram) == Counter(values)


@settings(derandomize=True)
@given(st.lists(st.lists(st.sampled_from(["a", "A", "b c", "难过", "a b"]), max_size=3), max_size=6))
def test_counts_agree_with_one_another(lists: list[list[str]]) -> None:
    rows = [StickerQueries(f"{n}.png", tuple(queries)) for n, queries in enumerate(lists)]
    figures, queries = describe(rows), [query for held in lists for query in held]
    assert figures.n_queries == len(queries) == sum(n for _length, n in figures.words.histogram)
    assert figures.n_distinct == len({query.lower() for query in queries})
    assert figures.n_words == sum(value * n for value, n in figures.segments.histogram)
    itself = overlap(gather(rows), gather(rows))
    assert (itself.n_words, itself.n_queries) == (figures.n_vocabulary, figures.n_distinct)


def test_players_and_tasks_of_a_release(release: Path) -> None:
    assert survey(release).players == {
        "en": Players(
            n_labelers=2,
            n_labelled=4,  # one by somebody who left
            tasks_per_labeler=1.5,
            n_retrievers=2,
            n_retrievals=7,
            tasks_per_retriever=3,
            n_proof=3,
            success_rate=2 / 3,
            n_gold=2,
            gold_pass_rate=0.5,
            n_absent=2,
            absent_pass_rate=0.5,
        )
    }


def test_the_command_prints_the_tables(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(release)]) == 0
    out = capsys.readouterr().out
    lines = {line.split("  ")[1]: line.split() for line in out.splitlines() if line.startswith("  ")}
    assert lines["labelers"][-3:] == ["(42)", "–", "(18)"]
    assert lines["queries"][-4:] == ["6", "(8,181)", "3", "(3,059)"]
    assert "top words (zh): 难过 2, ok 1, 好 1" in out
    assert out.splitlines()[-1] == "Embeddings and BERTScore need weights (--weights FOLDER); none were given."


def test_the_command_prints_json(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(release), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"players", "figures", "overlap", "agreement"}
    assert told["players"]["en"]["n_labelers"] == 2


def test_a_spoiled_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(tmp_path)]) == 1
    assert "no sticker_queries_en.csv" in capsys.readouterr().err
    (tmp_path / "sticker_queries_en.csv").write_text("sticker_id,labeled_queries\na.png,x,y\n")
    assert main(["stats", str(tmp_path)]) == 1
    assert "sticker_queries_en.csv:2: 3 fields" in capsys.readouterr().err
    (tmp_path / "sticker_queries_en_release.csv").write_text("sticker_id,labeled_queries\n")
    assert main(["stats", str(tmp_path)]) == 1
    assert "several lists in en" in capsys.readouterr().err

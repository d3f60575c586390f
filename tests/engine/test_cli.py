from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from retrieval_engine.__main__ import main

WORDS = ["the", "of", "boundary", "layer", "flow", "Heat-transfer", "wing", "supersonic", "x2", "naïve", "jets"]


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, list[dict[str, Any]], str]:
    code = main([str(part) for part in argv])
    out, err = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines() if line.startswith("{")], err


def test_search_prints_rank_bm25_s_ranking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(2)
    shares = 1 / np.arange(1, len(WORDS) + 1)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 30), p=shares / shares.sum())) for _ in range(120)]
    queries = [" ".join(rng.choice([*WORDS, "unseen"], rng.integers(1, 25))) for _ in range(40)]
    documents = write(tmp_path / "d.jsonl", [{"id": f"d{i}", "text": text} for i, text in enumerate(texts)])
    asked = write(tmp_path / "q.jsonl", [{"id": i, "text": query} for i, query in enumerate(queries)])
    code, rows, _ = run(
        capsys, "search", "--documents", documents, "--queries", asked, "--mode", "lexical", "--tokenizer", "words"
    )
    corpus = [re.findall(r"\w+", text.lower()) for text in texts]
    oracle = BM25Okapi(corpus)
    expected = []
    for number, query in enumerate(queries):
        tokens = re.findall(r"\w+", query.lower())
        scores = oracle.get_scores(tokens)
        matches = [i for i in range(len(texts)) if set(tokens) & set(corpus[i])]
        for rank, i in enumerate(sorted(matches, key=lambda i: (-round(scores[i], 9), i))[:10], 1):
            expected.append(
                {"query_id": number, "rank": rank, "id": f"d{i}", "score": pytest.approx(scores[i], abs=1e-9)}
            )
    assert (code, rows) == (0, expected)


def test_ids_come_back_as_given_and_ties_in_the_order_of_documents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": 9, "text": "same words"},
        {"id": "2", "text": "same words"},
        {"id": 4, "text": "else"},
        {"id": 5, "text": ""},
    ]
    documents = write(tmp_path / "d.jsonl", rows)
    code, found, _ = run(capsys, "search", "--documents", documents, "--query", "words", "--query", "好", "--top", 5)
    assert code == 0
    assert [(row["query_id"], row["rank"], row["id"]) for row in found] == [(1, 1, 9), (1, 2, "2")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{"], "d.jsonl:2: not JSON"),
        ([{"text": "a"}], "d.jsonl:2: no id"),
        ([{"id": 1, "text": ""}], "d.jsonl:2: id 1 was"),
    ],
)
def test_a_broken_line_ends_with_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[Any], message: str
) -> None:
    documents = write(tmp_path / "d.jsonl", [{"id": 1, "text": "fine"}, *rows])
    code, found, error = run(capsys, "search", "--documents", documents, "--query", "fine")
    assert (code, found) == (1, [])
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_file_that_is_not_there_and_a_mode_without_model_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = run(capsys, "search", "--documents", tmp_path / "none.jsonl", "--query", "x")
    assert (code, "none.jsonl" in error) == (1, True)
    documents = write(tmp_path / "d.jsonl", [{"id": 1, "text": "a"}])
    code, _, error = run(capsys, "search", "--documents", documents, "--query", "x", "--mode", "dense")
    assert (code, "needs --index and the --bundle" in error) == (1, True)
    assert run(capsys, "search", "--index", tmp_path, "--query", "x")[0] == 1


def test_a_saved_index_answers_like_the_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = write(
        tmp_path / "d.jsonl", [{"id": i, "text": t} for i, t in enumerate(["so tired", "好累", "hi", "bye"])]
    )
    assert main(["index", "--documents", documents, "--out", str(tmp_path / "index")]) == 0
    capsys.readouterr()
    by_index = run(capsys, "search", "--index", tmp_path / "index", "--query", "tired 累")
    assert by_index == run(capsys, "search", "--documents", documents, "--query", "tired 累")
    assert [row["id"] for row in by_index[1]] == [0, 1]


def test_roundtrip_says_the_same_bytes_or_lists_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same, other = tmp_path / "same.csv", tmp_path / "other.csv"
    same.write_text('sticker_id,labeled_queries\n1.png,"a, b"\n')
    other.write_text('sticker_id,labeled_queries\n1.png,"a"\n')
    assert main(["roundtrip", str(same)]) == 0
    assert capsys.readouterr().out == f"{same}: the same bytes\n"
    assert main(["roundtrip", str(same), str(other)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{same}: the same bytes",
        f"{other}: 1 lines differ",
        "  quotes that are not needed: 1",
        "    line 2",
        '    - 1.png,"a"',
        "    + 1.png,a",
    ]


def test_roundtrip_of_a_file_that_differs_throughout_shows_some_lines_of_each_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "windows.csv"
    path.write_bytes(b"sticker_id,labeled_queries\r\n" + b"".join(b"%d.png,a\r\n" % n for n in range(30)))
    assert main(["roundtrip", str(path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[:3] == [f"{path}: 31 lines differ", "  ends with CR LF: 31", "    line 1"]
    assert (len(told), told[-1]) == (2 + 8 * 3 + 1, "    and 23 more")


def test_evaluate_measures_bm25_on_held_out_queries(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f'{i}.png,"word{i} one, word{i} two, word{i} three, word{i} four, word{i} five"\n' for i in range(20)]
    (tmp_path / "queries_en.csv").write_text("sticker_id,labeled_queries\n" + "".join(lines))
    for i in range(20):
        (tmp_path / f"{i}.png").write_bytes(b"never opened without a model")
    code = main(["evaluate", "--stickers", str(tmp_path), "--queries", str(tmp_path / "queries_en.csv"), "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (figures["n_stickers"], figures["en"]["lexical"]["n_queries"]) == (20, 20)
    assert figures["en"]["lexical"]["recall_at_1"] == 1.0
    assert figures["en"]["dense"]["recall_at_1"] == figures["chance"]["recall_at_1"] == 0.05
    (tmp_path / "7.png").unlink()
    code = main(["evaluate", "--stickers", str(tmp_path), "--queries", str(tmp_path / "queries_en.csv")])
    assert (code, "no picture for 1 of 20 stickers, the first 7.png" in capsys.readouterr().err) == (1, True)

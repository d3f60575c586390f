"""The interface for outside checks: `python -m retrieval_engine index` and `search`, as another program sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rank_bm25 import BM25Okapi

from retrieval_engine.__main__ import main
from retrieval_engine.data import DataError
from retrieval_engine.documents import RankedDocuments, SeenDocuments, indexed_documents, save_index
from retrieval_engine.json_lines import TextLine
from retrieval_engine.lexical import counting
from retrieval_engine.serving import Bundle
from retrieval_engine.text import tokenise, words

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "starter_pack" / "clip"
VOCABULARY = [f"word{n}" for n in range(400)] + ["Heat-transfer", "naïve", "好累", "x_2", "🐼", "don't"]


def command(*argv: object) -> list[str]:
    return [sys.executable, "-m", "retrieval_engine", *map(str, argv)]


def run(*argv: object, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*argv), input=given, capture_output=True, cwd=ROOT, env=os.environ | environment, check=False
    )


def rows_of(finished: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in finished.stdout.decode().splitlines()]


def lines(texts: Mapping[Any, str]) -> bytes:
    return b"".join(json.dumps({"id": id, "text": text}).encode() + b"\n" for id, text in texts.items())


def written(path: Path, texts: Mapping[Any, str]) -> Path:
    path.write_bytes(lines(texts))
    return path


def drawn(rng: np.random.Generator, n: int, low: int, high: int, id: str) -> dict[str | int, str]:
    shares = 1 / np.arange(1, len(VOCABULARY) + 1)
    shares /= shares.sum()
    return {f"{id}{i}": " ".join(rng.choice(VOCABULARY, rng.integers(low, high), p=shares)) for i in range(n)}


def rank_bm25_s(documents: dict[str | int, str], queries: dict[str | int, str], k: int) -> list[dict[str, Any]]:
    """What rank-bm25 itself gives, for the documents that hold a term of the query."""
    corpus = [re.findall(r"\w+", text.lower()) for text in documents.values()]
    oracle, ids = BM25Okapi(corpus), list(documents)
    found = []
    for query_id, query in queries.items():
        tokens = re.findall(r"\w+", query.lower())
        scores = np.round(oracle.get_scores(tokens), 9)
        holding = [place for place in range(len(ids)) if not set(tokens).isdisjoint(corpus[place])]
        best = sorted(holding, key=lambda place: (-scores[place], place))[:k]
        found += [
            {"query_id": query_id, "rank": rank, "id": ids[place], "score": pytest.approx(scores[place], abs=1e-8)}
            for rank, place in enumerate(best, 1)
        ]
    return found


def test_rankings_are_rank_bm25_s_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    documents = drawn(rng, 1_500, 0, 40, "d") | {"long": " ".join(["word7 word9"] * 300), "none": "?!", "": ""}
    queries = drawn(rng, 30, 1, 8, "q") | drawn(rng, 5, 200, 600, "verbose") | {"unheard": "zebra", "blank": " "}
    options = ("--queries", written(tmp_path / "q.jsonl", queries), "--mode", "lexical", "--tokenizer", "words")
    of_documents = run("search", "--documents", written(tmp_path / "d.jsonl", documents), *options, "--top", 25)
    assert (of_documents.returncode, of_documents.stderr) == (0, b"")
    assert rows_of(of_documents) == rank_bm25_s(documents, queries, 25)

    indexed = run("index", "--documents", tmp_path / "d.jsonl", "--out", tmp_path / "index")
    assert (indexed.returncode, indexed.stdout.decode()) == (0, f"1503 documents in {tmp_path / 'index'}\n")
    for seed in "0", "1":  # the order of sets differs with it, the results do not
        again = run("search", "--index", tmp_path / "index", *options, "--top", 25, PYTHONHASHSEED=seed)
        assert again.stdout == of_documents.stdout


def test_all_that_match_come_back_with_ties_in_the_order_of_the_lines() -> None:
    given = lines({f"d{n}": "the same words" for n in range(12_000)} | {"other": "others"})
    found = run("search", "--documents", "-", "--query", "words", "--tokenizer", "words", "--top", 20_000, given=given)
    assert [row["id"] for row in rows_of(found)] == [f"d{n}" for n in range(12_000)]


def test_queries_are_answered_as_they_come_in(tmp_path: Path) -> None:
    documents = written(tmp_path / "d.jsonl", {1: "so tired", 2: "happy", 3: "hungry"})
    asked = command("search", "--documents", documents, "--queries", "-")
    with subprocess.Popen(asked, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word, id in (("happy", 2), ("tired", 1)):
            process.stdin.write(lines({word: word}))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == id
        process.stdin.close()
        assert process.wait() == 0


def test_an_error_in_the_queries_comes_after_what_was_found_before_it(tmp_path: Path) -> None:
    documents = written(tmp_path / "d.jsonl", {1: "so tired", 2: "happy", 3: "hungry"})
    found = run("search", "--documents", documents, "--queries", "-", given=lines({"a": "happy"}) + b"{\n")
    assert [row["query_id"] for row in rows_of(found)] == ["a"]
    assert found.returncode == 1
    assert re.fullmatch(r"DataError: -:2: not JSON \(.*\)\n", found.stderr.decode())


def test_whoever_stops_reading_ends_it_quietly_and_a_full_disk_loudly(tmp_path: Path) -> None:
    documents = written(tmp_path / "d.jsonl", dict.fromkeys(range(5_000), "the same words"))
    asked = command("search", "--documents", documents, "--query", "words", "--top", 5_000)
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 0
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(asked, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"OSError: [Errno 28] No space left on device\n")


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["--documents", "{d}/none.jsonl", "--query", "x"], 1, "FileNotFoundError: .*none.jsonl'"),
        (["--documents", "{d}", "--query", "x"], 1, "IsADirectoryError: .*"),
        (["--documents", "{d}/empty.jsonl", "--query", "x"], 0, "{d}/empty.jsonl: nothing in it"),
        (["--documents", "{d}/d.jsonl", "--queries", "{d}/empty.jsonl"], 0, "{d}/empty.jsonl: nothing in it"),
        (["--documents", "-", "--queries", "-"], 1, "ValueError: .* cannot both be read from standard input"),
        (["--documents", "{d}/d.jsonl", "--query", "caf\udce9"], 1, "ValueError: --query number 1 is not UTF-8"),
        (["--documents", "{d}/d.jsonl", "--query", "x", "--mode", "dense"], 1, "ValueError: .* needs --index and .*"),
        (["--index", "{d}", "--query", "x"], 1, "DataError: {d}: not an index"),
        (
            ["--index", "{d}/index", "--query", "x", "--mode", "dense", "--bundle", str(CLIP)],
            1,
            ".* holds no vectors.*",
        ),
        (["--documents", "{d}/broken.jsonl", "--query", "a"], 1, r"DataError: {d}/broken.jsonl:2: not JSON \(.*\)"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], argv: list[str], status: int, message: str
) -> None:
    written(tmp_path / "d.jsonl", {1: "a b", 2: "c", 3: "d"})
    (tmp_path / "broken.jsonl").write_bytes(lines({1: "a b"}) + b"{\n")
    (tmp_path / "empty.jsonl").touch()
    save_index(tmp_path / "d.jsonl", tmp_path / "index")
    assert main(["search", *(part.replace("{d}", str(tmp_path)) for part in argv)]) == status
    out, error = capfd.readouterr()
    assert out == ""
    assert re.fullmatch(message.replace("{d}", re.escape(str(tmp_path))) + r"\n", error)


@pytest.mark.parametrize("top", ["0", "-1", "many"])
def test_wrong_usage_has_a_status_of_its_own(tmp_path: Path, top: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["search", "--documents", str(tmp_path / "d.jsonl"), "--query", "x", "--top", top])
    assert ended.value.code == 2


def test_a_query_and_a_document_may_be_very_long(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = "needle " + "hay " * 2_000_000
    documents = written(tmp_path / "d.jsonl", {1: document, 2: "straw", 3: "grass", 4: "sand"})
    query = " ".join(f"q{n}" for n in range(150_000)) + " needle"
    queries = written(tmp_path / "q.jsonl", {"long": query})
    assert len(query) > 2**20
    assert main(["search", "--documents", str(documents), "--queries", str(queries), "--tokenizer", "words"]) == 0
    (found,) = capfd.readouterr().out.splitlines()
    assert json.loads(found)["id"] == 1


def test_texts_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "TOKENS_AT_ONCE", 2**16)

    def documents(n: int) -> Iterator[TextLine]:
        words_of = [f"{'w' * 40}{number}" for number in range(50)]
        return (TextLine(id, " ".join(words_of * 8)) for id in range(n))

    def peak_of(n: int) -> int:
        tracemalloc.start()
        try:
            ranked = RankedDocuments(documents(n), words)
            assert len(ranked.search(f"{'w' * 40}7", 3)) == 3
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(10)  # what is loaded with the first search
    size_of_text = 400 * 42
    assert (peak_of(3_000) - peak_of(500)) / 2_500 < size_of_text / 10


def picture(folder: Path, name: str, colour: str) -> None:
    Image.new("RGB", (32, 32), colour).save(folder / name)


def test_pictures_are_embedded_beside_the_texts(tmp_path: Path) -> None:
    bundle = Bundle.open(CLIP)
    for name, colour in (("red.png", "red"), ("blue.png", "blue")):
        picture(tmp_path, name, colour)
    rows = [
        {"id": "r", "text": "", "sticker": "red.png"},
        {"id": 1, "text": "好累"},
        {"id": "b", "text": "", "sticker": "blue.png"},
    ]
    (tmp_path / "d.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert save_index(tmp_path / "d.jsonl", tmp_path / "deep" / "index", bundle) == 3
    seen = SeenDocuments(tmp_path / "deep" / "index", bundle, tokenise)
    looks = bundle.encode_stickers([tmp_path / "red.png", tmp_path / "blue.png"]) @ bundle.encode(["累"])[0]
    red, blue = looks.tolist()
    found = seen.search("累", 5, mode="dense")
    assert [id for id, _ in found] == (["r", "b"] if red > blue else ["b", "r"])
    assert dict(found) == pytest.approx({"r": red, "b": blue}, abs=1e-5)
    assert {id for id, _ in seen.search("累", 5, mode="hybrid")} == {"r", "b", 1}


def test_an_index_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    bundle, index = Bundle.open(CLIP), tmp_path / "index"
    save_index(written(tmp_path / "d.jsonl", {1: "first"}), index)
    (tmp_path / "torn.png").write_bytes(b"\x89PNG torn")
    for wrong, message in (
        ('{"id": 3, "text": "c", "sticker": "torn.png"}', r"d.jsonl:2: .*torn.png: not a readable picture"),
        ('{"id": 3, "text": "c", "sticker": "none.png"}', r"d.jsonl:2: no picture .*none.png"),
        ('{"id": 3}', "d.jsonl:2: no text"),
    ):
        (tmp_path / "d.jsonl").write_bytes(lines({2: "second"}) + wrong.encode())
        with pytest.raises(DataError, match=message):
            save_index(tmp_path / "d.jsonl", index, bundle)
        assert sorted(os.listdir(tmp_path)) == ["d.jsonl", "index", "torn.png"]
    assert indexed_documents(index).read_bytes() == b'{"id": 1, "text": "first"}\n'
    save_index(written(tmp_path / "d.jsonl", {2: "second"}), index)
    assert indexed_documents(index).read_bytes() == b'{"id": 2, "text": "second"}\n'
    with pytest.raises(DataError, match="holds something else than an index"):
        save_index(tmp_path / "d.jsonl", tmp_path)

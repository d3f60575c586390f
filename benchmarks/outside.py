"""The interface for outside checks at a million lines: python -m benchmarks outside [--lines N] [--words N ...]

`python -m retrieval_engine index` and `search --mode lexical --tokenizer words` as processes of their own: time, and
the most memory that each held. Texts are Zipf-distributed words of 200,000. rank_bm25 is asked the same on the first
lines and the rankings are compared: same ids in the same places, scores to 1e-4.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rank_bm25 import BM25Okapi

VOCABULARY, AT_ONCE, TOP = 200_000, 10_000, 10
COMPARED = 20_000  # lines that rank_bm25 takes in the time one has


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outside", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, nargs="+", default=[25, 200], help="of a text (%(default)s)")
    parser.add_argument("--queries", type=int, default=100)
    args = parser.parse_args(argv)
    print("| lines x words | file | command | clock | processor | peak memory |\n| --- | --- | --- | --- | --- | --- |")
    for n_words in args.words:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), args.lines, n_words, args.queries)
    return 0


def _measure(folder: Path, n_lines: int, n_words: int, n_queries: int) -> None:
    documents, few, queries = folder / "d.jsonl", folder / "few.jsonl", folder / "q.jsonl"
    _write(documents, _texts(n_lines, n_words, seed=7))
    _write(queries, _texts(n_queries, 4, seed=8))
    size = f"{documents.stat().st_size / 1e6:.0f} MB"
    asked = ("--queries", queries, "--mode", "lexical", "--tokenizer", "words", "--top", TOP)
    for name, argv in (
        ("search", ("search", "--documents", documents, *asked)),
        ("index", ("index", "--documents", documents, "--out", folder / "index")),
        ("search --index", ("search", "--index", folder / "index", *asked)),
    ):
        clock, processor, peak, _ = _run(*argv)
        print(
            f"| {n_lines:,} x {n_words} | {size} | {name} | {clock:.0f} s | {processor:.0f} s | {peak:.0f} MB |",
            flush=True,
        )
    with documents.open(encoding="utf-8") as lines:
        few.write_text("".join(islice(lines, COMPARED)), encoding="utf-8")
    _compare(few, queries, _run("search", "--documents", few, *asked)[3])


def _texts(n: int, n_words: int, *, seed: int) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    upto = np.cumsum(shares / shares.sum())
    words = [f"w{number:x}" for number in range(VOCABULARY)]
    for start in range(0, n, AT_ONCE):
        lengths = rng.poisson(n_words, min(AT_ONCE, n - start))
        drawn = np.minimum(np.searchsorted(upto, rng.random(int(lengths.sum()))), VOCABULARY - 1)
        for part in np.split(drawn, np.cumsum(lengths)[:-1]):
            yield " ".join(words[number] for number in part.tolist())


def _write(path: Path, texts: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": f"{path.stem}{number}", "text": text}) + "\n")


def _run(*argv: object) -> tuple[float, float, float, list[dict[str, Any]]]:
    """(seconds by the clock, seconds of processor, peak MB, rows)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "retrieval_engine", *map(str, argv)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    rows = [json.loads(line) for line in process.stdout if line.startswith("{")]
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{argv[0]} ended with {os.waitstatus_to_exitcode(status)}")
    taken = time.perf_counter() - started
    return taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, rows


def _compare(documents: Path, queries: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Against rank_bm25's own scores of all documents; a place may be taken by another of the same score."""
    texts, asked = ({row["id"]: row["text"] for row in map(json.loads, path.open())} for path in (documents, queries))
    corpus = [re.findall(r"\w+", text.lower()) for text in texts.values()]
    oracle, place = BM25Okapi(corpus), {id: at for at, id in enumerate(texts)}
    worst, n_other = 0.0, 0
    for query_id, text in asked.items():
        tokens = re.findall(r"\w+", text.lower())
        scores = oracle.get_scores(tokens)
        holding = [at for at, held in enumerate(corpus) if not set(tokens).isdisjoint(held)]
        best = sorted(holding, key=lambda at: (-round(scores[at], 9), at))[:TOP]
        found = [row for row in rows if row["query_id"] == query_id]
        n_other += [place[row["id"]] for row in found] != best
        worst = max(worst, *(abs(row["score"] - scores[place[row["id"]]]) for row in found), 0.0)
    print(f"\n{len(texts):,} lines beside rank_bm25: {n_other} of {len(asked)} rankings differ", end=", ")
    print(f"scores by {worst:.1e} at most\n", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

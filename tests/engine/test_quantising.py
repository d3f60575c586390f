"""The 8 bit text tower: what its numbers are, when it is used, and what a bundle says of it."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from retrieval_engine import export as exporting
from retrieval_engine.bundle import TOUCHSTONE, BundleError
from retrieval_engine.data import read_queries_csv
from retrieval_engine.encoder import Clip
from retrieval_engine.export import export, main
from retrieval_engine.probes import probe_queries
from retrieval_engine.quantising import quantise
from retrieval_engine.serving import Bundle
from retrieval_engine.untrained import small_clip

PACK = Path(__file__).parents[2] / "starter_pack" / "pack"
TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"layers": 1, "width": 32, "head_width": 16, "patch_size": 16, "image_size": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 600, "width": 64, "heads": 4, "layers": 1},
}


def pack_queries() -> list[str]:
    rows = (row for language in ("en", "zh") for row in read_queries_csv(PACK / f"sticker_queries_{language}.csv"))
    return list(dict.fromkeys(query for row in rows for query in row.queries))


QUERIES = pack_queries()[::3][:1_000]


@pytest.fixture(scope="module")
def clip() -> Clip:
    return small_clip("tiny", TINY, QUERIES, seed=3)


@pytest.fixture(scope="module")
def folder(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    export(clip, folder, int8=True, queries=QUERIES)
    return folder


def whole(rows: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    scales = np.maximum(np.abs(rows).max(axis, keepdims=True) / 127, 1e-12)
    return np.rint(rows / scales), scales


def test_products_and_embeddings_are_those_of_the_formula(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table, matrix, bias = (rng.standard_normal(shape).astype(np.float32) for shape in ((9, 6), (6, 5), (5,)))
    table[3] = 0
    names = {"table": table, "matrix": matrix, "bias": bias}
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["x"]),
        helper.make_node("Gemm", ["x", "matrix", "bias"], ["y"]),
        helper.make_node("MatMul", ["x", "matrix"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes, "one layer", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 5]) for name in ("y", "z")],
        [numpy_helper.from_array(value, name) for name, value in names.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "a.onnx")
    quantise(tmp_path / "a.onnx", tmp_path / "b.onnx")
    ids = np.array([0, 3, 8, 8, 5])
    y, z = onnxruntime.InferenceSession(str(tmp_path / "b.onnx")).run(None, {"ids": ids})

    (rows, row_scales), (weights, steps) = whole(table, 1), whole(matrix, 0)
    x = (rows * row_scales)[ids].astype(np.float32)
    seen, seen_scales = whole(x, 1)
    expected = (seen @ weights) * seen_scales * steps
    assert z == pytest.approx(expected, abs=1e-5)
    assert y == pytest.approx(expected + bias, abs=1e-5)
    assert {weight.name for weight in onnx.load(tmp_path / "b.onnx").graph.initializer}.isdisjoint({"table", "matrix"})


def test_the_tower_is_measured_on_a_thousand_queries_and_used(clip: Clip, folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert bundle.precision == "int8"
    measured = bundle.manifest.closeness
    expected = clip.encode_texts(QUERIES)
    assert {name: each.n_texts for name, each in measured.items()} == {"float32": 1_000, "int8": 1_000}
    for name, each in measured.items():
        cosines = (Bundle.open(folder, precision=name).encode(QUERIES) * expected).sum(1)  # type: ignore[arg-type]
        assert (each.least_cosine, each.mean_cosine) == pytest.approx((cosines.min(), cosines.mean()), abs=2e-5)
    assert measured["float32"].top_20 > 0.99
    assert measured["int8"].top_20 == pytest.approx(overlap(bundle.encode(QUERIES), expected), abs=0.002)
    assert (folder / "text.int8.onnx").stat().st_size < 0.35 * (folder / "text.onnx").stat().st_size


def overlap(vectors: np.ndarray, expected: np.ndarray) -> float:
    """By hand: of the 20 other queries that lie nearest, how many are the same."""
    shares = []
    for own, (mine, right) in enumerate(zip(vectors @ expected.T, expected @ expected.T, strict=True)):
        lists = [[place for place in np.argsort(-row) if place != own][:20] for row in (mine, right)]
        shares.append(len(set(lists[0]) & set(lists[1])) / 20)
    return float(np.mean(shares))


def test_one_that_is_too_far_off_is_left_out_and_says_so(
    clip: Clip, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "LEAST_COSINE_INT8", 0.999999)
    bundle = export(clip, tmp_path / "b", int8=True, queries=QUERIES)
    assert bundle.precision == "float32"
    assert not (tmp_path / "b" / "text.int8.onnx").exists()
    assert bundle.manifest.closeness["int8"].least_cosine < 0.999999
    assert bundle.version == Bundle.open(folder).version  # the space is the same
    assert bundle.manifest.told.splitlines()[0] == "queries are encoded by the float32 text tower"
    assert len(bundle.manifest.told.splitlines()) == 3


def test_only_a_large_tower_has_one(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert export(clip, tmp_path / "small", queries=QUERIES[:50]).manifest.closeness.keys() == {"float32"}
    monkeypatch.setattr(exporting, "LARGE", 100_000)
    large = export(clip, tmp_path / "large", queries=QUERIES[:50])
    assert large.manifest.closeness.keys() == {"float32", "int8"}


def test_a_bundle_of_the_second_format_is_opened_as_it_is(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    manifest = json.loads((folder / "bundle.json").read_text())
    del manifest["precision"], manifest["closeness"], manifest["touchstone"], manifest["files"]["text.int8.onnx"]
    (tmp_path / "old" / "text.int8.onnx").unlink()
    (tmp_path / "old" / "bundle.json").write_text(json.dumps({**manifest, "format": 2}))
    old = Bundle.open(tmp_path / "old")
    assert (old.precision, old.version) == ("float32", Bundle.open(folder).version)


def test_where_a_processor_multiplies_otherwise_the_float32_tower_is_taken(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    published = Bundle.open(folder)
    assert published.exactness == pytest.approx(
        (published.encode([TOUCHSTONE]) @ Bundle.open(folder, precision="float32").encode([TOUCHSTONE]).T).item(),
        abs=1e-4,
    )
    _say(tmp_path / "elsewhere", touchstone=published.manifest.touchstone[::-1])  # as if it came out so here
    with caplog.at_level(logging.WARNING, "retrieval_engine.serving"):
        assert Bundle.open(tmp_path / "elsewhere").precision == "float32"
    assert "not exact enough on this processor" in caplog.text
    assert Bundle.open(tmp_path / "elsewhere", precision="int8").precision == "int8"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "text.int8.onnx").write_bytes(b"no"), "text.int8.onnx was changed"),
        (lambda folder: (folder / "text.int8.onnx").unlink(), "incomplete, without text.int8.onnx"),
        (lambda folder: _say(folder, precision="int4"), "no precision 'int4'"),
        (lambda folder: _say(folder, closeness={"int8": 1}), "not a bundle's manifest"),
    ],
)
def test_a_damaged_one_is_refused(folder: Path, tmp_path: Path, change: Any, message: str) -> None:
    shutil.copytree(folder, tmp_path / "damaged")
    change(tmp_path / "damaged")
    with pytest.raises(BundleError, match=message):
        Bundle.open(tmp_path / "damaged")


def _say(folder: Path, **changed: Any) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(manifest | changed))


def test_what_was_measured_is_printed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [str(file) for file in sorted((PACK / "stickers").iterdir())[:30]]
    csv = str(PACK / "sticker_queries_zh.csv")
    arguments = ["export", str(folder), str(tmp_path / "again"), "--queries", csv, "--pictures", *pictures]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    again = Bundle.open(tmp_path / "again")
    measured = again.manifest.closeness["float32"]
    assert (measured.n_texts, measured.gallery) == (1_000, "30 pictures")
    assert capsys.readouterr().out == f"tiny {again.version} in {tmp_path / 'again'}: {again.manifest.told}\n"


def test_the_composed_queries_are_of_both_languages_short_and_long() -> None:
    queries = probe_queries()
    assert queries == probe_queries()
    assert len(set(queries)) == 1_000
    chinese = [query for query in queries if any("一" <= sign <= "鿿" for sign in query)]
    assert 500 <= len(chinese) <= 600
    lengths = sorted(map(len, queries))
    assert lengths[10] <= 4
    assert lengths[-10] > 150

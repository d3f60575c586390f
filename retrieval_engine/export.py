"""Publish a CLIP as a bundle: both towers to ONNX, the tokenizer to JSON, compared with torch before they are used.

python -m retrieval_engine.export MODEL BUNDLE [--pictures FILE ...] [--queries CSV ...]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from .bundle import (
    CONFIG,
    IMAGE,
    LEAST_COSINE_INT8,
    METRICS,
    TEXT,
    TEXT_INT8,
    TOKENIZER,
    TOUCHSTONE,
    WEIGHTS,
    Closeness,
    Manifest,
    Precision,
    file_hashes,
)
from .data import read_queries_csv
from .dense import Vectors, unit
from .encoder import Clip, load, open_clip_config
from .frames import Source
from .graphs import ExportError, to_onnx
from .probes import N_PROBES, probe_queries
from .quantising import LARGE, quantise
from .serving import CLEANINGS, Bundle, bundle_tokenizer
from .towers import ImageTower

LEAST_COSINE: Final = 0.999
N_NEAREST: Final = 20
AT_ONCE: Final = 32
SMALL: Final = 256
"""Weights of so few numbers stay as exact as they are."""

__all__ = ["ExportError", "export"]


def export(
    clip: Clip,
    folder: Path | str,
    *,
    half: bool = False,
    int8: bool | None = None,
    lineage: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    queries: Sequence[str] = (),
    pictures: Sequence[Source] = (),
) -> Bundle:
    """Publish `clip` as a bundle in `folder`, replacing a bundle that is there, and open it.

    `lineage` says which run made it, `metrics` what was measured of it. `half` stores large weights as float16,
    computed with as float32, for half the size. Ids of the `queries` (1,000 composed ones where none are given) must be
    those of open_clip's tokenizer, and cosines between open_clip's and ONNX Runtime's vectors of them and of a picture
    at least 0.999; else `ExportError`, and `folder` stays as it was.

    A large text tower (`int8` says so of any) comes with 8 bit weights beside it, which queries are encoded with when
    all its cosines are at least 0.998; else it is left out. What was measured stands in the manifest (`closeness`), the
    nearest 20 found among `pictures` where some are given, else among the queries.
    """
    folder, queries = Path(folder), list(queries) or probe_queries()
    _verify_tokenizer(clip, queries)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        built = Path(temporary) / "bundle"
        built.mkdir()
        _write_graphs(clip, built, half=half, int8=int8)
        clip.tokenizer.save(str(built / TOKENIZER))
        _write_weights(clip, built, half=half)
        if metrics is not None:
            (built / METRICS).write_text(_json(metrics), encoding="utf-8")
        _settle(_manifest(clip, built, lineage or {}), clip, built, queries, pictures)
        _put_in_place(built, folder)
    return Bundle.open(folder)


def _manifest(clip: Clip, folder: Path, lineage: dict[str, Any]) -> Manifest:
    dim = len(clip.encode_texts(["x"])[0])
    hashes = file_hashes(folder)
    return Manifest(clip.name, dim, clip.image, clip.text, clip.licence, clip.provenance, hashes, lineage)


def _settle(draft: Manifest, clip: Clip, folder: Path, queries: Sequence[str], pictures: Sequence[Source]) -> None:
    """Compare all towers with open_clip's, and write the manifest with what came of it."""
    draft.write(folder)
    exact = Bundle.open(folder)
    _verify_pictures(clip, exact)
    expected = _open_clip_vectors(clip, queries)
    gallery = exact.encode_stickers(pictures) if pictures else expected
    name = f"{len(gallery):,} {'pictures' if pictures else 'queries'}"
    measured = {"float32": _closeness(exact.encode(queries), expected, gallery, name)}
    if not measured["float32"].least_cosine >= LEAST_COSINE:
        raise ExportError(f"{clip.name}: texts have other vectors than open_clip's, {measured['float32']}")
    precision: Precision = "float32"
    if (folder / TEXT_INT8).exists():
        vectors = Bundle.open(folder, precision="int8", verify=False).encode(queries)
        measured["int8"] = _closeness(vectors, expected, gallery, name)
        if measured["int8"].least_cosine >= LEAST_COSINE_INT8:
            precision = "int8"
        else:
            (folder / TEXT_INT8).unlink()
    touchstone = tuple(round(float(number), 5) for number in exact.encode([TOUCHSTONE])[0])
    settled = replace(draft, precision=precision, closeness=measured, touchstone=touchstone)
    replace(settled, files=file_hashes(folder)).write(folder)


def _write_weights(clip: Clip, folder: Path, *, half: bool) -> None:
    """What `encoder.load` makes the model from again, as open_clip itself does."""
    stored = torch.float16 if half else torch.float32
    weights = {
        name: (tensor.to(stored) if tensor.is_floating_point() and tensor.numel() > SMALL else tensor).contiguous()
        for name, tensor in clip.model.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS)
    (folder / CONFIG).write_text(_json(open_clip_config(clip)), encoding="utf-8")


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_graphs(clip: Clip, folder: Path, *, half: bool, int8: bool | None) -> None:
    clip.model.eval().cpu()
    length = torch.export.Dim("length", min=1, max=clip.text.context_length)
    n = torch.export.Dim("n", min=1, max=4096)
    ids = clip.tokenise(["a b c", "d"]).cpu()
    lengths = {0: n, 1: length} if clip.text.any_length else {0: n}
    ids = ids[:, :-1] if clip.text.any_length else ids
    side = clip.image.size
    to_onnx(clip.text_tower(), {"ids": ids}, (lengths,), ["vectors"], folder / TEXT)
    to_onnx(ImageTower(clip.model), {"pixels": torch.zeros(2, 3, side, side)}, ({0: n},), ["vectors"], folder / IMAGE)
    if int8 or (int8 is None and sum(file.stat().st_size for file in folder.glob(f"{TEXT}*")) >= LARGE):
        quantise(folder / TEXT, folder / TEXT_INT8)
    if half:
        _halve(folder / TEXT)
        _halve(folder / IMAGE)


def _halve(path: Path) -> None:
    """Store every float32 weight that is not `SMALL` as float16 behind a cast, which is folded away on loading."""
    graph = (model := onnx.load(path)).graph
    large = [weight for weight in graph.initializer if weight.data_type == TensorProto.FLOAT and _n(weight) > SMALL]
    for weight in large:
        name = f"{weight.name}.half"
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), name)
        graph.node.insert(0, helper.make_node("Cast", [name], [weight.name], to=TensorProto.FLOAT))
        graph.initializer.remove(weight)
        graph.initializer.append(half)
    onnx.save(model, path)


def _n(weight: Any) -> int:
    return int(np.prod(weight.dims))


def _verify_tokenizer(clip: Clip, probes: Sequence[str]) -> None:
    clean, tokenizer = CLEANINGS[clip.text.cleaning], bundle_tokenizer(clip.tokenizer, clip.text.context_length)
    for probe in probes:
        expected, ids = clip.tokenise([probe])[0].tolist(), tokenizer.encode(clean(probe)).ids
        if ids != expected[: len(ids)] or set(expected[len(ids) :]) - {clip.text.pad_id}:
            raise ExportError(f"{clip.name}: {probe!r} is tokenised to {ids}, not {expected}")


@torch.inference_mode()
def _open_clip_vectors(clip: Clip, queries: Sequence[str]) -> Vectors:
    """open_clip's own vectors of texts, padded to the whole context, of length 1."""
    parts = [queries[i : i + AT_ONCE] for i in range(0, len(queries), AT_ONCE)]
    vectors = [clip.model.encode_text(clip.tokenise(list(part))).numpy() for part in parts]  # type: ignore[operator]
    return unit(np.concatenate(vectors))


@torch.inference_mode()
def _verify_pictures(clip: Clip, bundle: Bundle) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 3, clip.image.size, clip.image.size)).astype(np.float32)
    expected = unit(clip.model.encode_image(torch.from_numpy(noise)).numpy())  # type: ignore[operator]
    cosine = float((expected * unit(bundle.run_image(noise))).sum(-1).min())
    if not cosine >= LEAST_COSINE:
        raise ExportError(f"{clip.name}: a picture has another vector than open_clip's, cosine {cosine:.5f}")


def _closeness(vectors: Vectors, expected: Vectors, gallery: Vectors, name: str) -> Closeness:
    cosines = (vectors * expected).sum(-1)
    found, right = (_nearest(texts, gallery, leave_out_own=gallery is expected) for texts in (vectors, expected))
    shared = np.mean([len(set(some) & set(others)) / len(others) for some, others in zip(found, right, strict=True)])
    least, mean, top_20 = (round(float(value), 5) for value in (cosines.min(), cosines.mean(), shared))
    return Closeness(len(vectors), least, mean, top_20, name)


def _nearest(texts: Vectors, gallery: Vectors, *, leave_out_own: bool) -> NDArray[np.intp]:
    """Places of the nearest of the gallery to each text, [n, 20 or fewer]; a text is no neighbour of itself."""
    cosines = texts @ gallery.T
    if leave_out_own:
        np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, : min(N_NEAREST, len(gallery) - leave_out_own)]


def _put_in_place(built: Path, folder: Path) -> None:
    if folder.exists():
        shutil.move(folder, built.parent / "old")
    shutil.move(built, folder)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m retrieval_engine.export", description=export.__doc__)
    parser.add_argument("model", help="NAME:PRETRAINED of open_clip, hf-hub:..., a folder of weights, or a bundle")
    parser.add_argument("bundle", type=Path, help="folder of the bundle to publish")
    parser.add_argument("--queries", type=Path, nargs="*", default=[], metavar="CSV", help="compared on these queries")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="search of which is compared")
    args = parser.parse_args()
    asked = dict.fromkeys(query for csv in args.queries for row in read_queries_csv(csv) for query in row.queries)
    queries = list(asked)[:: max(1, len(asked) // N_PROBES)][:N_PROBES]
    bundle = export(load(args.model), args.bundle, queries=queries, pictures=args.pictures)
    sys.stdout.write(f"{bundle.name} {bundle.version} in {args.bundle}: {bundle.manifest.told}\n")


if __name__ == "__main__":
    main()

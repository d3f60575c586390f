"""Publish a CLIP as a bundle: both towers to ONNX, the tokenizer to JSON, compared with torch before they are used."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import open_clip
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from .bundle import CONFIG, IMAGE, METRICS, TEXT, TOKENIZER, WEIGHTS, Manifest, file_hashes
from .encoder import Clip
from .serving import CLEANINGS, Bundle, bundle_tokenizer
from .towers import ImageTower, text_part

OPSET: Final = 18
LEAST_COSINE: Final = 0.999
SMALL: Final = 256
"""Weights of so few numbers stay as exact as they are."""
PROBES: Final = (
    "so tired", "好累", "哈哈哈哈", "I can't believe it!!", "thank you so much, my friend", "对不起我错了", "😭😭",
    "ok", "when the weekend is finally here and nobody can stop me", "今天又是不想上班的一天", "nooooo", "晚安 GN", "?",
)  # fmt: skip


class ExportError(RuntimeError):
    """A model that cannot be exported, or whose exported form gives other vectors."""


def export(
    clip: Clip,
    folder: Path | str,
    *,
    half: bool = False,
    lineage: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    probes: Sequence[str] = PROBES,
) -> Bundle:
    """Publish `clip` as a bundle in `folder`, replacing a bundle that is there, and open it.

    `lineage` says which run made it, `metrics` what was measured of it. `half` stores large weights as float16,
    computed with as float32, for half the size. Ids of the probe texts must be those of open_clip's tokenizer, and
    cosines between torch's and ONNX Runtime's vectors of texts and of a picture at least 0.999; else `ExportError`, and
    `folder` stays as it was.
    """
    folder = Path(folder)
    _verify_tokenizer(clip, probes)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        built = Path(temporary) / "bundle"
        built.mkdir()
        _write_graphs(clip, built, half=half)
        clip.tokenizer.save(str(built / TOKENIZER))
        _write_weights(clip, built, half=half)
        if metrics is not None:
            (built / METRICS).write_text(_json(metrics), encoding="utf-8")
        _manifest(clip, built, lineage or {}).write(built)
        _verify_vectors(clip, Bundle.open(built), probes)
        _put_in_place(built, folder)
    return Bundle.open(folder)


def _manifest(clip: Clip, folder: Path, lineage: dict[str, Any]) -> Manifest:
    dim = len(clip.encode_texts(["x"])[0])
    hashes = file_hashes(folder)
    return Manifest(clip.name, dim, clip.image, clip.text, clip.licence, clip.provenance, hashes, lineage)


def _write_weights(clip: Clip, folder: Path, *, half: bool) -> None:
    """What `encoder.load` makes the model from again, as open_clip itself does."""
    stored = torch.float16 if half else torch.float32
    weights = {
        name: (tensor.to(stored) if tensor.is_floating_point() and tensor.numel() > SMALL else tensor).contiguous()
        for name, tensor in clip.model.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS)
    image = {"size": clip.image.size, "mean": clip.image.mean, "std": clip.image.std}
    config: dict[str, Any] = {
        "model_cfg": clip.config,
        "preprocess_cfg": image | {"interpolation": "bicubic", "resize_mode": "longest"},
    }
    tower = text_part(clip.model)
    if isinstance(tower, open_clip.hf_model.HFTextEncoder):
        config["text_config"] = tower.config.to_dict()
        names = {"hf_model_name": "text", "hf_tokenizer_name": "text"}  # what it was read from means nothing elsewhere
        config["model_cfg"] = clip.config | {"text_cfg": clip.config["text_cfg"] | names}
    if clip.dropped_id is not None:
        config["dropped_id"] = clip.dropped_id
    (folder / CONFIG).write_text(_json(config), encoding="utf-8")


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write_graphs(clip: Clip, folder: Path, *, half: bool) -> None:
    clip.model.eval().cpu()
    length = torch.export.Dim("length", min=1, max=clip.text.context_length)
    n = torch.export.Dim("n", min=1, max=4096)
    ids = clip.tokenise(["a b c", "d"]).cpu()
    lengths = {0: n, 1: length} if clip.text.any_length else {0: n}
    ids = ids[:, :-1] if clip.text.any_length else ids
    side = clip.image.size
    _to_onnx(clip.text_tower(), ids, "ids", lengths, folder / TEXT, half=half)
    _to_onnx(ImageTower(clip.model), torch.zeros(2, 3, side, side), "pixels", {0: n}, folder / IMAGE, half=half)


def _to_onnx(
    tower: torch.nn.Module, example: torch.Tensor, name: str, dynamic: dict[int, Any], path: Path, *, half: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for talkative in ("onnxscript", "onnx_ir", "torch.onnx"):
            logging.getLogger(talkative).setLevel(logging.ERROR)
        program = torch.onnx.export(
            tower.eval(), (example,), dynamo=True, opset_version=OPSET, input_names=[name],
            output_names=["vectors"], dynamic_shapes=(dynamic,), verbose=False,
        )  # fmt: skip
    if program is None:
        raise ExportError(f"{name}: torch exported nothing")
    program.save(str(path))
    _forget_sources(path)
    if half:
        _halve(path)


def _forget_sources(path: Path) -> None:
    """Drop the exporter's notes on each node: file names and stack traces of the machine that exported."""
    model = onnx.load(path, load_external_data=False)  # weights past 2 GB lie beside the graph and stay there
    graphs = (model.graph, *model.functions)
    nodes = [part for graph in graphs for part in (graph, *graph.node, *graph.value_info)]
    for part in (model, *nodes, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)


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


def _verify_vectors(clip: Clip, bundle: Bundle, probes: Sequence[str]) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 3, clip.image.size, clip.image.size)).astype(np.float32)
    with torch.inference_mode():
        texts = clip.model.encode_text(clip.tokenise(list(probes))).numpy()  # type: ignore[operator]
        images = clip.model.encode_image(torch.from_numpy(noise)).numpy()  # type: ignore[operator]
    _compare(f"{clip.name}: texts", texts, bundle.encode(probes))
    _compare(f"{clip.name}: pictures", images, bundle.run_image(noise))


def _compare(what: str, expected: NDArray[Any], got: NDArray[Any]) -> None:
    cosines = (expected * got).sum(-1) / np.linalg.norm(expected, axis=-1) / np.linalg.norm(got, axis=-1)
    if not cosines.min() >= LEAST_COSINE:
        raise ExportError(f"{what}: exported vectors differ from torch's, cosine {cosines.min():.5f}")


def _put_in_place(built: Path, folder: Path) -> None:
    if folder.exists():
        shutil.move(folder, built.parent / "old")
    shutil.move(built, folder)

"""A model small enough to write down: it sees the mean colour of a picture and knows the words for three colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers

from retrieval_engine.bundle import IMAGE, TEXT, TOKENIZER, ImageSpec, Manifest, TextSpec, file_hashes
from tests.catalogue import files

WORDS = {"[UNK]": 0, "red": 1, "green": 2, "blue": 3}
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def bundle(folder: Path, name: str = "colours", dim: int = 3) -> Path:
    """A real bundle, run by ONNX Runtime; more dimensions make another model of it."""
    folder.mkdir(parents=True)
    space = np.eye(3, dim, dtype=np.float32)
    words = np.concatenate([np.full((1, dim), 0.1, np.float32), space])
    _save(folder / TEXT, "ids", TensorProto.INT64, ["n", "length"], words, [
        helper.make_node("Gather", ["weight", "ids"], ["each"]),
        helper.make_node("ReduceMean", ["each", "axes"], ["vectors"], keepdims=0),
    ], axes=[1])  # fmt: skip
    _save(folder / IMAGE, "pixels", TensorProto.FLOAT, ["n", 3, 8, 8], space, [
        helper.make_node("ReduceMean", ["pixels", "axes"], ["colour"], keepdims=0),
        helper.make_node("MatMul", ["colour", "weight"], ["vectors"]),
    ], axes=[2, 3])  # fmt: skip
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace()])
    tokenizer.save(str(folder / TOKENIZER))
    image = ImageSpec(8, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    text = TextSpec(8, 0, any_length=False, cleaning="normalise")
    Manifest(name, dim, image, text, "CC0", {}, file_hashes(folder)).write(folder)
    return folder


def _save(
    path: Path, name: str, kind: int, shape: list[str | int], weight: np.ndarray, nodes: list[Any], axes: list[int]
) -> None:
    constants = [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array(axes, np.int64), "axes")]
    given = [helper.make_tensor_value_info(name, kind, shape)]
    wanted = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", weight.shape[1]])]
    graph = helper.make_graph(nodes, "tower", given, wanted, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def pictures() -> dict[str, bytes]:
    """A sticker of each colour, with nothing in its name that tells which."""
    pictures = {}
    for seed, colour in enumerate(COLOURS.values(), 1):
        picture = Image.new("RGB", (60, 60), colour)
        picture.paste((0, 0, 0), (seed * 5, 5, seed * 5 + 10, 25))
        pictures[f"{seed}.png"] = files.encoded(picture, "PNG")
    return pictures

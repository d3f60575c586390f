"""A conversation model small enough to write down: it knows the words for three colours."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from retrieval_engine.dialogue.inference.onnx_replier import SPEC, Spec
from retrieval_engine.dialogue.runs.bundle import CONVERSATION, WEIGHTS, Manifest, file_hashes
from tests.replies.stand_in import COLOURS

WORDS = {"[UNK]": 0, **{name: n for n, name in enumerate(COLOURS, 1)}}


def bundle(folder: Path, name: str = "colours", *, first_stage: bool = False, has_graph: bool = True) -> Path:
    """A published model: what is said last counts as much as what was said before. Without a graph it needs torch."""
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(b"")
    if has_graph:
        _write_graph(folder / CONVERSATION)
        tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.save(str(folder / "tokenizer.json"))
        spec = Spec(
            "int_ra", 6, 16, " / ", "normalise", 0, 4, intents=COLOURS, languages=("en",), first_stage=first_stage
        )
        (folder / SPEC).write_bytes(msgspec.json.encode(spec))
    providers = [{"kind": "knowledge", "by": "people"}]
    Manifest(
        name, "int_ra", "tiny", {}, list(COLOURS), ["en"], providers, {}, file_hashes(folder), licence="CC0"
    ).write(folder)
    return folder


def _write_graph(path: Path) -> None:
    """The sum of the vectors of its words; intents are its three last numbers."""
    weight = np.eye(4, dtype=np.float32)
    weight[0] = 0
    constants = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array([4], np.int64), "four"),
        numpy_helper.from_array(np.array([-1], np.int64), "last"),
    ]
    nodes = [
        helper.make_node("Gather", ["weight", "ids"], ["each"]),
        helper.make_node("Cast", ["mask"], ["counts"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["counts", "last"], ["wide"]),
        helper.make_node("Mul", ["each", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "one"], ["vector"], keepdims=0),
        helper.make_node("Slice", ["vector", "one", "four", "one"], ["intents"]),
    ]
    given = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"]),
        helper.make_tensor_value_info("mask", TensorProto.BOOL, ["n", "length"]),
    ]
    wanted = [
        helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", 4]),
        helper.make_tensor_value_info("intents", TensorProto.FLOAT, ["n", 3]),
    ]
    graph = helper.make_graph(nodes, "side", given, wanted, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)

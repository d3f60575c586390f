"""Modules of torch written as ONNX graphs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import onnx
import torch

OPSET: Final = 18


class ExportError(RuntimeError):
    """A model that cannot be exported, or whose exported form gives other vectors."""


def to_onnx(
    module: torch.nn.Module,
    examples: Mapping[str, torch.Tensor],
    dynamic: Sequence[dict[int, Any]],
    outputs: Sequence[str],
    path: Path,
) -> None:
    """Write `module`, fed with `examples` by name, whose sizes named in `dynamic` may be others. Weights past 2 GB lie
    beside the graph. Raises `ExportError`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for talkative in ("onnxscript", "onnx_ir", "torch.onnx"):
            logging.getLogger(talkative).setLevel(logging.ERROR)
        program = torch.onnx.export(
            module.eval(), tuple(examples.values()), dynamo=True, opset_version=OPSET, input_names=list(examples),
            output_names=list(outputs), dynamic_shapes=tuple(dynamic), verbose=False,
        )  # fmt: skip
    if program is None:
        raise ExportError(f"{', '.join(examples)}: torch exported nothing")
    program.save(str(path))
    _forget_sources(path)


def _forget_sources(path: Path) -> None:
    """Drop the exporter's notes on each node: file names and stack traces of the machine that exported."""
    model = onnx.load(path, load_external_data=False)  # weights past 2 GB lie beside the graph and stay there
    graphs = (model.graph, *model.functions)
    nodes = [part for graph in graphs for part in (graph, *graph.node, *graph.value_info)]
    for part in (model, *nodes, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)

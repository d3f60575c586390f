"""An ONNX tower with its large weights as 8 bit whole numbers: a third of the time and a quarter of the size.

Weights are scaled by output channel, and so are rows of embeddings; what is multiplied with them is scaled by row, that
is by token, when it comes by. onnxruntime.quantization scales it by tensor, all texts of a batch together: there a
text's vector depends on what it is encoded with, and one outlying token makes all others coarse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.onnx_model import ONNXModel

LARGE: Final = 16_000_000
"""Bytes of a float32 text tower from which on one of 8 bits beside it is worth its place: smaller ones gain no time."""
MOST: Final = 127
"""Whole numbers from -127 to 127, the same on both sides of 0."""
SMALLEST: Final = 1e-12
"""Scale of what is all zeros."""
CONSTANTS: Final[dict[str, Any]] = {
    "int8.one": np.float32(1), "int8.step": np.float32(1 / MOST), "int8.smallest": np.float32(SMALLEST),
    "int8.zero": np.uint8(128), "int8.last": np.array([-1], dtype=np.int64),
}  # fmt: skip


def quantise(source: Path, target: Path) -> None:
    """Write the graph of `source` to `target` with 8 bit weights in its products with matrices and its embeddings.

    For activations x [..., k] and weights W [k, n], with s = max|x| / 127 for each row and t = max|W| / 127 for each
    column: x W is about (round(x / s) round(W / t)) s t, the product in whole numbers.
    """
    model = ONNXModel(onnx.load(source))
    model.replace_gemm_with_matmul()
    _Quantised(model.model.graph).rewrite()
    onnx.save(model.model, target)


class _Quantised:
    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.weights = {weight.name: weight for weight in graph.initializer}
        self.nodes: list[Any] = []
        self.rows: dict[str, tuple[str, str]] = {}  # of activations: in whole numbers, and their scales

    def rewrite(self) -> None:
        for name, value in CONSTANTS.items():
            self._hold(name, value)
        for node in self.graph.node:
            if node.op_type == "MatMul" and self._is_matrix(node.input[1]):
                self._product(node)
            elif node.op_type == "Gather" and self._is_matrix(node.input[0]):
                self._embedding(node)
            else:
                self.nodes.append(node)
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        kept = [weight for weight in self.graph.initializer if weight.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)

    def _is_matrix(self, name: str) -> bool:
        weight = self.weights.get(name)
        return weight is not None and weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2

    def _product(self, node: Any) -> None:
        whole, scales = self._by_row(node.input[0])
        weights, steps = self._by_channel(node.input[1], axis=0)
        (result,) = node.output
        self._add("MatMulInteger", [whole, weights, "int8.zero"], f"{result}.sum")
        self._add("Cast", [f"{result}.sum"], f"{result}.float", to=TensorProto.FLOAT)
        self._add("Mul", [f"{result}.float", scales], f"{result}.row")
        self._add("Mul", [f"{result}.row", steps], result)

    def _embedding(self, node: Any) -> None:
        weights, steps = self._by_channel(node.input[0], axis=1)
        (result,) = node.output
        self._add("Gather", [weights, node.input[1]], f"{result}.held")
        self._add("Gather", [steps, node.input[1]], f"{result}.steps")
        self._add("Cast", [f"{result}.held"], f"{result}.wide", to=TensorProto.FLOAT)
        self._add("Mul", [f"{result}.wide", f"{result}.steps"], result)

    def _by_row(self, name: str) -> tuple[str, str]:
        """Activations as whole numbers around 128, which the fastest kernels take, and the scale of each row."""
        if name not in self.rows:
            self._add("Abs", [name], f"{name}.abs")
            self._add("ReduceMax", [f"{name}.abs", "int8.last"], f"{name}.most", keepdims=1)
            self._add("Mul", [f"{name}.most", "int8.step"], f"{name}.raw")
            self._add("Max", [f"{name}.raw", "int8.smallest"], f"{name}.scale")
            self._add("Div", [name, f"{name}.scale"], f"{name}.scaled")
            self._add("QuantizeLinear", [f"{name}.scaled", "int8.one", "int8.zero"], f"{name}.whole")
            self.rows[name] = f"{name}.whole", f"{name}.scale"
        return self.rows[name]

    def _by_channel(self, name: str, axis: int) -> tuple[str, str]:
        """Weights as whole numbers, and their scales along the other axis than `axis`."""
        whole, step = f"{name}.int8.{axis}", f"{name}.step.{axis}"
        if whole not in self.weights:
            weights = numpy_helper.to_array(self.weights[name])
            steps = np.maximum(np.abs(weights).max(axis, keepdims=True) / MOST, SMALLEST).astype(np.float32)
            self._hold(whole, np.rint(weights / steps).astype(np.int8))
            self._hold(step, steps)
        return whole, step

    def _hold(self, name: str, value: NDArray[Any] | np.generic) -> None:
        self.weights[name] = numpy_helper.from_array(np.asarray(value), name)
        self.graph.initializer.append(self.weights[name])

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))

"""Small ONNX models, written node by node, and ONNX Runtime to run them: the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Model:
    """Collects the nodes of a model with one input ``x``; every method returns a tensor's name."""

    def __init__(self, shape: tuple[Any, ...], opset: int = 17, seed: int = 0) -> None:
        self.shape = shape
        self.opset = opset
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, array: Any, name: str | None = None) -> str:
        name = name or f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind: str, *inputs: str, **options: Any) -> str:
        """Add a node named after its type and number, ``conv_0`` for example."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        output = f"{name}:0"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **options))
        return output

    def normal(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        return (self.random.normal(size=shape) * scale).astype(np.float32)

    def conv(self, x: str, filters: int, channels: int, size: int = 3, **options: Any) -> str:
        """A float convolution with a bias."""
        weight = self.normal(filters, channels, size, size, scale=0.3)
        bias = self.normal(filters, scale=0.2)
        return self.node("Conv", x, self.constant(weight), self.constant(bias), **options)

    def quantize(self, x: str, scale: float, zero_point: int, kind: Any = np.uint8) -> str:
        """QuantizeLinear and DequantizeLinear."""
        grid = self.constant(np.float32(scale)), self.constant(kind(zero_point))
        return self.node("DequantizeLinear", self.node("QuantizeLinear", x, *grid), *grid)

    def weight(self, *shape: int, per_channel: bool, kind: Any = np.int8) -> str:
        """An integer weight behind DequantizeLinear; uint8 with a zero point of 120."""
        info = np.iinfo(kind)
        codes = self.random.integers(info.min, info.max + 1, shape).astype(kind)
        zero = 120 if kind == np.uint8 else 0
        count = shape[0] if per_channel else ()
        scale = (self.random.uniform(0.5, 1.5, count) / 300).astype(np.float32)
        zeros = np.full(count, zero, kind)
        options = {"axis": 0} if per_channel else {}
        names = [self.constant(array) for array in (codes, scale, zeros)]
        return self.node("DequantizeLinear", *names, **options)

    def qconv(
        self,
        x: str,
        filters: int,
        channels: int,
        size: int = 3,
        per_channel: bool = True,
        kind: Any = np.int8,
        **options: Any,
    ) -> str:
        """A convolution with integer weight and int32 bias."""
        weight = self.weight(filters, channels, size, size, per_channel=per_channel, kind=kind)
        bias = self.random.integers(-2000, 2000, filters).astype(np.int32)
        scale = self.constant(np.float32(0.000123))
        bias_name = self.node("DequantizeLinear", self.constant(bias), scale)
        return self.node("Conv", x, weight, bias_name, **options)

    def save(self, folder: Path, *outputs: str, name: str = "net.onnx") -> Path:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(out, TensorProto.FLOAT, None) for out in outputs],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        path = folder / name
        path.write_bytes(model.SerializeToString())
        return path


def onnx_runtime(path: Path, x: np.ndarray) -> list[np.ndarray]:
    """Run a model as it is written, without fused kernels."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, {"x": x.astype(np.float32)})
    return outputs

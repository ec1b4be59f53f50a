"""Small quantized models, and their comparison with ONNX's and ONNX Runtime's own execution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from sangi.compiler.frontend import load
from sangi.runtime.host import execute
from sangi.runtime.program import Program

from ..onnx_models import Model

Grid = tuple[str, ...]


def dtype(kind: str) -> Any:
    """The NumPy type of an element type of ONNX, ``INT4`` for example."""
    return helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(kind))


class Quantized(Model):
    """A model whose quantizers have any type and any scale; inputs of any type."""

    def __init__(
        self, shape: tuple[Any, ...], opset: int = 21, seed: int = 0, kind: str = "FLOAT"
    ) -> None:
        super().__init__(shape, opset, seed)
        self.kind = kind

    def grid(self, scale: Any, zero_point: Any = 0, kind: str = "UINT8") -> Grid:
        """Scale and zero point; arrays are per channel."""
        zeros = np.broadcast_to(np.asarray(zero_point), np.shape(scale)).astype(dtype(kind))
        return self.constant(np.asarray(scale, np.float32)), self.constant(zeros)

    def ql(self, x: str, grid: Grid, **options: Any) -> str:
        return self.node("QuantizeLinear", x, *grid, **options)

    def dql(self, x: str, grid: Grid, **options: Any) -> str:
        return self.node("DequantizeLinear", x, *grid, **options)

    def qdq(
        self, x: str, scale: Any, zero_point: Any = 0, kind: str = "UINT8", **options: Any
    ) -> str:
        grid = self.grid(scale, zero_point, kind)
        return self.dql(self.ql(x, grid, **options), grid, **options)

    def codes(
        self, *shape: int, low: int = -128, high: int = 127, kind: str = "INT8"
    ) -> np.ndarray:
        codes = self.random.integers(low, high + 1, shape)
        # The ends are there whatever the dice say.
        codes.reshape(-1)[:2] = low, high
        return codes.astype(dtype(kind))

    def scales(self, count: int | None = None, size: float = 1.0) -> np.ndarray:
        return np.asarray(self.random.uniform(0.5, 1.5, count) * size, np.float32)

    def save(
        self, folder: Path, *outputs: str, name: str = "net.onnx", kind: str = "FLOAT"
    ) -> Path:
        """Write the model; ``kind`` is the type of its outputs."""
        domains = sorted({node.domain for node in self.nodes} - {""})
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.DataType.Value(self.kind), self.shape)],
            [
                helper.make_tensor_value_info(out, TensorProto.DataType.Value(kind), None)
                for out in outputs
            ],
            self.initializers,
        )
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in domains]
        versions = {21: 10, 23: 11, 25: 13}
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=versions.get(self.opset, 8)
        )
        path = folder / name
        path.write_bytes(model.SerializeToString())
        return path


def runtime(path: Path, x: np.ndarray) -> list[np.ndarray]:
    """Run a model as it is written by ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, {"x": x})
    return outputs


def reference(path: Path, x: np.ndarray) -> list[np.ndarray]:
    """Run a model as it is written by ONNX's reference, which knows every type."""
    outputs: list[np.ndarray] = ReferenceEvaluator(onnx.load(path)).run(None, {"x": x})
    return outputs


def agree(path: Path, x: np.ndarray, *steps: float, oracle: Any = runtime) -> Program:
    """Compare the program with an oracle on every code, and return it.

    Parameters
    ----------
    x : array
        In the model's own layout.
    steps : float
        Of the grid of each output. float32 may take one of 10,000 codes a step aside.
    """
    expected = oracle(path, x)
    program = load(path)
    given = x.astype(np.float32) if x.dtype != np.uint8 else x
    entry = program.inputs[0]
    if entry.layout == "NCHW":
        given = given.transpose(0, 2, 3, 1)
    outputs = execute(program, given)
    assert len(outputs) == len(expected) == len(steps)
    for want, (name, got), step in zip(expected, outputs.items(), steps, strict=True):
        assert got.shape == want.shape, name
        assert len(np.unique(want)) > 2, f"{name} says nothing"
        far = np.abs(got.astype(np.float64) - want.astype(np.float64)) / step
        assert far.max() < 1.01, (name, far.max())
        assert (far > 0.01).mean() <= 1e-4, (name, (far > 0.01).mean())
    return program


def pixels(*shape: int, frames: int = 16) -> np.ndarray:
    """Whole numbers as float32, as images are."""
    x = np.random.default_rng(5).integers(0, 256, (frames, *shape))
    return x.astype(np.float32)

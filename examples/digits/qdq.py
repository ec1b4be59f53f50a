"""Writes quantized networks as ONNX with QuantizeLinear/DequantizeLinear pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Value:
    """A tensor of the model; ``scale`` is its quantizer's step, or None if it is not quantized."""

    name: str
    scale: np.float32 | None = None


class QdqModel:
    """An ONNX model under construction, one method an op; each returns the op's output."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: tuple[int, ...]) -> Value:
        """Declare the input: raw pixels, quantized with step 1 and zero point 0."""
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])
        self.inputs.append(info)
        return self.quantize(f"{name}_quantize", Value(name), 1.0, 0, False)

    def output(self, name: str, x: Value) -> None:
        """Declare the output, ten numbers, under a name of its own."""
        self.nodes[-1].output[0] = name
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 10])
        self.outputs.append(info)

    def quantize(self, name: str, x: Value, step: float, zero_point: int, signed: bool) -> Value:
        """Append QuantizeLinear and DequantizeLinear."""
        scale = np.float32(step)
        dtype = np.int8 if signed else np.uint8
        parameters = [
            self._constant(f"{name}_scale", np.array(scale)),
            self._constant(f"{name}_zero_point", np.array(zero_point, dtype)),
        ]
        codes = self._node("QuantizeLinear", name, [x.name, *parameters])
        back = self._node("DequantizeLinear", f"{name}_back", [codes.name, *parameters])
        return Value(back.name, scale)

    def conv(
        self,
        name: str,
        x: Value,
        codes: np.ndarray,
        scale: np.ndarray,
        bias: np.ndarray,
        *,
        stride: int,
        padding: int,
    ) -> Value:
        """Append a square convolution; ``codes`` int8 (filters, channels, k, k)."""
        return self._node(
            "Conv",
            name,
            [x.name, *self._parameters(name, x, codes, scale, bias)],
            kernel_shape=list(codes.shape[2:]),
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def dense(
        self, name: str, x: Value, codes: np.ndarray, scale: np.ndarray, bias: np.ndarray
    ) -> Value:
        """Append a dense layer; ``codes`` int8 (outputs, inputs)."""
        parameters = self._parameters(name, x, codes, scale, bias)
        return self._node("Gemm", name, [x.name, *parameters], transB=1)

    def relu(self, name: str, x: Value) -> Value:
        """Append Relu."""
        return self._node("Relu", name, [x.name])

    def add(self, name: str, x: Value, y: Value) -> Value:
        """Append Add."""
        return self._node("Add", name, [x.name, y.name])

    def max_pool(self, name: str, x: Value, size: int) -> Value:
        """Append MaxPool over squares without overlap; the step of the codes stays."""
        y = self._node("MaxPool", name, [x.name], kernel_shape=[size] * 2, strides=[size] * 2)
        return Value(y.name, x.scale)

    def global_average(self, name: str, x: Value) -> Value:
        """Append GlobalAveragePool."""
        return self._node("GlobalAveragePool", name, [x.name])

    def flatten(self, name: str, x: Value) -> Value:
        """Append Flatten."""
        return Value(self._node("Flatten", name, [x.name], axis=1).name, x.scale)

    def save(self, path: Path) -> None:
        """Check the model and write it."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
            producer_name="sangi examples/digits",
        )
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString(deterministic=True))

    def _parameters(
        self, name: str, x: Value, codes: np.ndarray, scale: np.ndarray, bias: np.ndarray
    ) -> list[str]:
        """Append dequantized weights and bias; the bias has the step of the products, as usual."""
        if x.scale is None:
            raise ValueError(f"{name}: the input must be quantized")
        scale = scale.astype(np.float32)
        products = (x.scale * scale).astype(np.float32)
        steps = np.rint(bias / products.astype(np.float64))
        values = {
            "weight": (codes.astype(np.int8), scale),
            "bias": (np.clip(steps, -(2**31), 2**31 - 1).astype(np.int32), products),
        }
        names = []
        for kind, (integers, factors) in values.items():
            inputs = [
                self._constant(f"{name}_{kind}_codes", integers),
                self._constant(f"{name}_{kind}_scale", factors),
                self._constant(f"{name}_{kind}_zero_point", np.zeros(len(factors), integers.dtype)),
            ]
            names.append(self._node("DequantizeLinear", f"{name}_{kind}", inputs, axis=0).name)
        return names

    def _constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def _node(self, op: str, name: str, inputs: list[str], **attributes: object) -> Value:
        output = f"{name}_out"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return Value(output)

"""A model in the making: nodes, constants, and the dice that decide about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: What a case may hold; the first ten are those that must be drawn often.
WANTED = (
    "power-of-two scales",
    "values on ties",
    "zero point at an end",
    "negative gamma",
    "-128 among the weights",
    "per-channel scales",
    "bipolar values",
    "identical twins",
    "tensor used twice",
    "Add(x, x)",
)


@dataclass(frozen=True)
class Value:
    """A tensor of the model.

    Attributes
    ----------
    name : str
    shape : tuple of int
        (C, H, W) or (features,), whatever order the file keeps them in.
    reach : float
        About how large its numbers get: scales are chosen to fit.
    negative : bool
        Whether numbers below 0 occur.
    """

    name: str
    shape: tuple[int, ...]
    reach: float
    negative: bool


@dataclass(frozen=True, eq=False)
class Case:
    """A model, frames for it, and what was drawn.

    Attributes
    ----------
    model : onnx.ModelProto
    frames : float32 array (2, …)
        In the model's layout; pixels where there is a mean.
    tags : frozenset of str
    mean, std : tuple of float, or None
        The model gets ``(frame - mean) / std``; the decimals are meant exactly.
    """

    model: onnx.ModelProto
    frames: np.ndarray
    tags: frozenset[str]
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


class Sketch:
    """Collects a model; every choice comes from one generator."""

    def __init__(self, random: np.random.Generator, opset: int) -> None:
        self.random = random
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.imports: dict[str, int] = {"": opset}
        self.tags: set[str] = set()
        self.input_shape: tuple[int, ...] = ()
        self.input_step = 1.0
        self.input_codes = (-40, 300)
        self.input_kind: tuple[str, int, int] | None = None
        self.input_type: int = TensorProto.FLOAT
        self.constant_nodes = self.chance(0.1)
        self.style = self.pick({"power": 4, "shared": 3, "free": 3})
        self.base = float(random.uniform(0.5, 1.0))
        if self.style == "power":
            self.tags.add("power-of-two scales")

    def input_grid(self, step: Any, low: float, high: float) -> None:
        """Say on which grid the input is rounded: its step, and its ends in steps."""
        self.input_step = float(step)
        self.input_codes = (int(low), int(high))

    # ---- dice

    def chance(self, probability: float) -> bool:
        """Return True in a share of all cases."""
        return bool(self.random.random() < probability)

    def pick(self, weights: dict[Any, float]) -> Any:
        total = sum(weights.values())
        place = float(self.random.random()) * total
        for choice, weight in weights.items():
            place -= weight
            if place < 0:
                return choice
        return next(reversed(weights))

    def integer(self, low: int, high: int) -> int:
        """Return one of ``low … high``."""
        return int(self.random.integers(low, high + 1))

    def scale(self, target: float) -> np.float32:
        """Return a scale near a target, of the style of this case."""
        target = min(max(target, 1e-6), 1e6)
        if self.style == "free":
            return np.float32(target * self.random.uniform(0.7, 1.4))
        base = np.float32(1.0 if self.style == "power" else self.base)
        return np.float32(base * np.float32(2.0 ** round(np.log2(target / base))))

    def real(self, reach: float) -> np.float32:
        """Return a number up to ``reach``; in cases of powers of two, one of few bits."""
        number = float(self.random.uniform(-reach, reach))
        if self.style != "free":
            step = 2.0 ** round(np.log2(max(reach, 1e-6)) - 3)
            number = round(number / step) * step
        return np.float32(number)

    def reals(self, count: int, reach: float) -> np.ndarray:
        """Return several of ``real``."""
        return np.array([self.real(reach) for _ in range(count)], dtype=np.float32)

    def codes(self, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
        """Return codes of weights: all of the range, its ends, or few values around 0."""
        kind = self.pick({"all": 4, "ends": 3, "ternary": 2})
        if kind == "ternary":
            low, high = max(low, -1), min(high, 1)
        codes = self.random.integers(low, high + 1, shape)
        if kind == "ends":
            ends = self.random.random(shape) < 0.3
            codes = np.where(ends, self.random.choice([low, high], shape), codes)
            codes.reshape(-1)[self.integer(0, codes.size - 1)] = low
        return codes.astype(np.int64)

    # ---- the file

    def constant(self, values: Any, kind: int | None = None) -> str:
        """Add an initializer, of the array's own type or of a ``TensorProto`` type."""
        array = np.asarray(values)
        if kind is not None:
            array = array.astype(helper.tensor_dtype_to_np_dtype(kind))
        if self.constant_nodes and self.chance(0.5):
            return self.node("Constant", value=numpy_helper.from_array(array))
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, domain: str = "", **options: Any) -> str:
        """Add a node and return the name of its result."""
        output = f"t{len(self.nodes)}"
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=name, domain=domain, **options)
        )
        return output

    def annotate(self, kind: str, low: int, high: int) -> None:
        """Say which integers the model's input holds: as qonnx does, or by its type."""
        self.input_kind = (kind, low, high)

    def build(self, outputs: list[Value]) -> Case:
        """Return the model and two frames for it; many of their numbers lie on ties."""
        batch = "N" if self.chance(0.5) else 1
        inputs = [helper.make_tensor_value_info("x", self.input_type, (batch, *self.input_shape))]
        if self.chance(0.1):
            # As files before IR version 4 had to.
            inputs += [
                helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
                for tensor in self.initializers
            ]
        graph = helper.make_graph(
            self.nodes,
            "net",
            inputs,
            [
                helper.make_tensor_value_info(value.name, TensorProto.FLOAT, None)
                for value in outputs
            ],
            self.initializers,
        )
        opsets = [helper.make_opsetid(name, version) for name, version in self.imports.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.integer(4, 10))
        if self.input_kind is not None and self.input_type == TensorProto.FLOAT:
            model.graph.quantization_annotation.append(
                onnx.TensorAnnotation(
                    tensor_name="x",
                    quant_parameter_tensor_names=[
                        onnx.StringStringEntryProto(key="finn_datatype", value=self.input_kind[0])
                    ],
                )
            )
        tags = frozenset(self.tags)
        if self.input_kind is None and len(self.input_shape) == 3 and self.chance(0.1):
            pixels = self.random.integers(0, 256, (2, *self.input_shape)).astype(np.float32)
            return Case(model, pixels, tags, *self._normalization())
        return Case(model, self._frames(), tags)

    def _normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return mean and std that bring pixels about onto the input's grid."""
        low, high = self.input_codes
        std = 255 / (max(high - low, 1) * self.input_step)
        mean = -low * self.input_step * std
        if self.style == "power":
            return (round(mean * 2) / 2,), (max(2.0 ** round(np.log2(std)), 2.0**-10),)
        digits = 3 - round(np.log10(std))
        return (round(mean, 2),), (round(std * self.random.uniform(0.8, 1.2), digits),)

    def _frames(self) -> np.ndarray:
        shape = (2, *self.input_shape)
        if self.input_kind is not None:
            kind, low, high = self.input_kind
            choices = [low, high] if kind == "BIPOLAR" else range(low, high + 1)
            return self.random.choice(choices, shape).astype(np.float32)
        # Every other one lies between two codes, a few beyond the ends.
        low, high = self.input_codes
        steps = self.random.integers(2 * low - 3, 2 * high + 4, shape)
        return (steps * np.float32(self.input_step / 2)).astype(np.float32)

"""Formats whose layers compute on real numbers between quantizers: all but QLinear."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .between import Between
from .chain import draw_window
from .sketch import Value


@dataclass(frozen=True)
class Weight:
    """A quantized weight: its tensor, and the largest size of its numbers."""

    name: str
    reach: float


class RealDialect(Between, ABC):
    """Standard ops on real numbers; formats say how activations and weights are quantized."""

    # ---- what a format brings

    @abstractmethod
    def quantize(self, x: Value) -> Value:
        """Write an activation's quantizer."""

    @abstractmethod
    def weight(self, shape: tuple[int, ...], axis: int) -> Weight:
        """Write a weight whose filters lie on an axis."""

    def bias(self, filters: int, reach: float) -> str:
        """Write a bias as a plain constant."""
        return self.sketch.constant(self.sketch.reals(filters, reach))

    def scales_per_channel(self, x: Value) -> bool:
        """Whether an activation gets a scale per channel.

        Seldom where scales are no simple multiples of each other: a layer that adds such channels
        up is refused.
        """
        chance = 0.03 if self.sketch.style == "free" else 0.12
        return x.name != "x" and self.sketch.chance(chance)

    # ---- layers

    def start(self) -> Value:
        sketch = self.sketch
        if sketch.chance(0.3):
            shape: tuple[int, ...] = (sketch.integer(1, 6),)
            sketch.input_shape = shape
            x = Value("x", shape, sketch.pick({8.0: 4, 1e-3: 1, 1e4: 1}), True)
        else:
            shape = (sketch.integer(1, 3), sketch.integer(2, 5), sketch.integer(2, 5))
            sketch.input_shape = shape
            x = Value("x", shape, sketch.pick({8.0: 4, 255.0: 4, 1e-3: 1}), True)
            last = self.channels_last
            if last or sketch.chance(0.15):
                sketch.input_shape = (*shape[1:], shape[0])
            if not last and sketch.input_shape != shape:
                x = replace(x, name=sketch.node("Transpose", "x", perm=[0, 3, 1, 2]))
        sketch.input_grid(sketch.scale(x.reach / 128), -128, 128)
        if sketch.chance(0.1):
            x = self.affine(x)
        return self.quantize(x)

    def conv(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value:
        kernel, options, size = draw_window(self.sketch, x.shape[1:], same_shape=same_shape)
        filters = x.shape[0] if same_shape else self.sketch.integer(1, 4)
        groups = 1
        if self.sketch.chance(0.3):
            shared = [g for g in range(1, 5) if filters % g == 0 and x.shape[0] % g == 0]
            groups = shared[-1] if self.sketch.chance(0.7) else shared[0]
        weight = self.weight(self.filter_shape(filters, x.shape[0] // groups, kernel), 0)
        options = {"kernel_shape": list(kernel), "group": groups, **options}
        y = self._convolved(x, weight, (filters, *size), options)
        return y if same_shape and self.sketch.chance(0.15) else self._finished(y, last, same_shape)

    def dense(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value:
        filters = x.shape[0] if same_shape else self.sketch.integer(1, 5)
        style = self.sketch.pick({"matmul": 1, "gemm": 1, "gemm_t": 1})
        y = self._product(x, self._matrix(x, filters, style), filters, style)
        return y if same_shape and self.sketch.chance(0.15) else self._finished(y, last, same_shape)

    def twins(self, x: Value) -> tuple[Value, Value]:
        """Two layers with the same weights: as one tensor, or as equal ones."""
        sketch = self.sketch
        image = len(x.shape) == 3
        filters = sketch.integer(1, 4)
        before = len(sketch.initializers), len(sketch.nodes)
        if image:
            kernel, window, size = draw_window(sketch, x.shape[1:])
            weight = self.weight(self.filter_shape(filters, x.shape[0], kernel), 0)
            options = {"kernel_shape": list(kernel), **window}
        else:
            style = sketch.pick({"matmul": 1, "gemm": 1, "gemm_t": 1})
            weight = self._matrix(x, filters, style)
        second = weight if sketch.chance(0.4) else self._copy(weight, *before)
        results = []
        raw = sketch.chance(0.1)
        for each in (weight, second):
            if image:
                y = self._convolved(x, each, (filters, *size), options, bias=False)
            else:
                y = self._product(x, each, filters, style, bias=False)
            if not raw:
                y = self._finished(y, False) if sketch.chance(0.5) else self.quantize(y)
            results.append(y)
        return results[0], results[1]

    def add(self, a: Value, b: Value, *, last: bool = False) -> Value:
        if a is not b and self.sketch.chance(0.1):
            # One reader of a tensor sees less of it than another.
            # Limits that are no multiples of its scale are refused.
            clipped = self.sketch.style == "power" and self.sketch.chance(0.4)
            a = self.clip(a) if clipped else self.relu(a)
        y = Value(
            self.sketch.node("Add", a.name, b.name),
            a.shape,
            a.reach + b.reach,
            a.negative or b.negative,
        )
        if self.sketch.chance(0.3):
            y = self.relu(y)
        return y if last and self.sketch.chance(0.2) else self.quantize(y)

    def max_pool(self, x: Value) -> Value:
        y = self.pooled(x)
        return self.quantize(y) if self.sketch.chance(0.3) else y

    def average_pool(self, x: Value) -> Value:
        kernel, options, size = draw_window(self.sketch, x.shape[1:], pooling=True, mean=True)
        name = self.pool_node("AveragePool", x, {"kernel_shape": list(kernel), **options})
        return self.quantize(replace(x, name=name, shape=(x.shape[0], *size)))

    def global_pool(self, x: Value) -> Value:
        if not self.channels_last and self.sketch.chance(0.6):
            name = self.sketch.node("GlobalAveragePool", x.name)
            return self.quantize(replace(x, name=name, shape=(x.shape[0], 1, 1)))
        axes = [1, 2] if self.channels_last else [2, 3]
        keep = int(self.sketch.chance(0.5))
        if self.sketch.opset < 18:
            name = self.sketch.node("ReduceMean", x.name, axes=axes, keepdims=keep)
        else:
            inputs = [x.name, self.sketch.constant(np.array(axes, np.int64))]
            name = self.sketch.node("ReduceMean", *inputs, keepdims=keep)
        shape = (x.shape[0], 1, 1) if keep else (x.shape[0],)
        return self.quantize(replace(x, name=name, shape=shape))

    def crop(self, x: Value) -> Value:
        """A Slice or a Pad of rows and columns."""
        sketch = self.sketch
        first = 1 if self.channels_last else 2
        if sketch.chance(0.5):
            before, after = (tuple(sketch.integer(0, 1) for _ in range(2)) for _ in range(2))
            edges = np.zeros((2, 4), np.int64)
            edges[0, first : first + 2], edges[1, first : first + 2] = before, after
            flat = edges.reshape(-1)
            if sketch.opset < 11:
                name = sketch.node("Pad", x.name, pads=flat.tolist())
            else:
                name = sketch.node("Pad", x.name, sketch.constant(flat))
            size = tuple(n + a + b for n, a, b in zip(x.shape[1:], before, after, strict=True))
            return replace(x, name=name, shape=(x.shape[0], *size))
        starts = [sketch.integer(0, n - 1) for n in x.shape[1:]]
        ends = [sketch.integer(s + 1, n) for s, n in zip(starts, x.shape[1:], strict=True)]
        steps = [sketch.pick({1: 2, 2: 1}) for _ in range(2)]
        size = tuple(len(range(*v)) for v in zip(starts, ends, steps, strict=True))
        lists = starts, ends, [first, first + 1], steps
        if sketch.opset < 10:
            size = tuple(e - s for s, e in zip(starts, ends, strict=True))
            options = dict(zip(("starts", "ends", "axes"), lists, strict=False))
            name = sketch.node("Slice", x.name, **options)
        else:
            inputs = [sketch.constant(np.array(values, np.int64)) for values in lists]
            name = sketch.node("Slice", x.name, *inputs)
        return replace(x, name=name, shape=(x.shape[0], *size))

    def flatten(self, x: Value) -> Value:
        count = int(np.prod(x.shape))
        kind = self.sketch.pick({"Flatten": 3, "whole": 1, "batch": 1, "Squeeze": 1})
        if kind == "Squeeze" and self.sketch.opset < 13 and x.shape[1:] == (1, 1):
            axes = [1, 2] if self.channels_last else [2, 3]
            name = self.sketch.node("Squeeze", x.name, axes=axes)
        elif kind in ("whole", "batch"):
            target = [-1, count] if kind == "whole" else [0, -1]
            name = self.sketch.node("Reshape", x.name, self.sketch.constant(np.array(target)))
        else:
            name = self.sketch.node("Flatten", x.name)
        return replace(x, name=name, shape=(count,))

    def output(self, x: Value) -> Value:
        return x

    # ---- parts

    def _convolved(
        self,
        x: Value,
        weight: Weight,
        shape: tuple[int, ...],
        options: dict[str, Any],
        bias: bool = True,
    ) -> Value:
        taps = int(np.prod(options["kernel_shape"])) * x.shape[0] // options.get("group", 1)
        reach = x.reach * weight.reach * max(1.0, 0.5 * taps**0.5)
        inputs = [x.name, weight.name]
        if bias and self.sketch.chance(0.5):
            inputs.append(self.bias(shape[0], reach / 4))
        return Value(self.conv_node(inputs, options), shape, reach, True)

    def _matrix(self, x: Value, filters: int, style: str) -> Weight:
        if style == "gemm_t":
            return self.weight((filters, x.shape[0]), 0)
        if self.sketch.chance(0.25):
            weight = self.weight((filters, x.shape[0]), 0)
            return replace(weight, name=self.sketch.node("Transpose", weight.name, perm=[1, 0]))
        return self.weight((x.shape[0], filters), 1)

    def _product(
        self, x: Value, weight: Weight, filters: int, style: str, bias: bool = True
    ) -> Value:
        reach = x.reach * weight.reach * max(1.0, 0.5 * x.shape[0] ** 0.5)
        if style == "matmul":
            name = self.sketch.node("MatMul", x.name, weight.name)
        else:
            inputs = [x.name, weight.name]
            if bias and self.sketch.chance(0.5):
                inputs.append(self.bias(filters, reach / 4))
            elif self.sketch.opset < 11:
                inputs.append(self.sketch.constant(np.zeros(filters, np.float32)))
            options: dict[str, Any] = {"transB": int(style == "gemm_t")}
            if self.sketch.chance(0.15):
                sign = self.sketch.pick({1: 2, -1: 1})
                options |= {"alpha": sign * float(self.sketch.scale(0.7)), "beta": 0.5}
            name = self.sketch.node("Gemm", *inputs, **options)
        return Value(name, (filters,), reach, True)

    def _copy(self, weight: Weight, initializers: int, nodes: int) -> Weight:
        """Write everything again that was written since, under other names."""
        sketch = self.sketch
        names = {}
        for tensor in sketch.initializers[initializers:]:
            copy = type(tensor)()
            copy.CopyFrom(tensor)
            copy.name = names[tensor.name] = f"c{len(sketch.initializers)}"
            sketch.initializers.append(copy)
        for node in sketch.nodes[nodes:]:
            copy = type(node)()
            copy.CopyFrom(node)
            names[node.output[0]] = copy.output[0] = f"t{len(sketch.nodes)}"
            copy.name = f"{node.op_type.lower()}_{len(sketch.nodes)}"
            for index, name in enumerate(node.input):
                copy.input[index] = names.get(name, name)
            sketch.nodes.append(copy)
        return replace(weight, name=names.get(weight.name, weight.name))

    def _finished(self, y: Value, last: bool, same_shape: bool = True) -> Value:
        """Write what stands between a layer and its quantizer, and the quantizer."""
        steps = {"none": 4.0, "relu": 3.0, "bn": 3.0, "affine": 1.5, "clip": 0.7}
        for _ in range(2):
            kind = self.sketch.pick(steps)
            if self.sketch.chance(0.02):
                y = replace(y, name=self.sketch.node("Identity", y.name))
            if len(y.shape) == 3 and not same_shape and self.sketch.chance(0.06):
                y = self.pooled(y)
            if kind == "relu":
                y = self.relu(y)
            elif kind == "bn":
                y = self.batch_norm(y)
            elif kind == "affine":
                y = self.affine(y)
            elif kind == "clip":
                y = self.clip(y)
        if last and self.sketch.chance(0.3):
            return y
        y = self.quantize(y)
        return self.relu(y) if self.sketch.chance(0.05) else y

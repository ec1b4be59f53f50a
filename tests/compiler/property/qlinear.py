"""QLinear: layers that take codes and give codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import TensorProto

from .chain import draw_window, renamed
from .sketch import Sketch, Value

MICROSOFT = "com.microsoft"


@dataclass(frozen=True)
class Grid:
    """The constants of a grid, and what they are."""

    scale: str
    zero: str
    reach: float
    negative: bool
    kind: int


@dataclass(frozen=True)
class Matrix:
    """A weight with its grid."""

    inputs: tuple[str, str, str]
    reach: float


class QLinear:
    """QLinearConv, QLinearMatMul, QGemm and the pools and additions of com.microsoft."""

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch
        self.grids: dict[str, Grid] = {}
        sketch.imports[MICROSOFT] = 1

    def start(self) -> Value:
        sketch = self.sketch
        shape: tuple[int, ...] = (sketch.integer(1, 6),)
        if sketch.chance(0.7):
            shape = (sketch.integer(1, 3), sketch.integer(2, 5), sketch.integer(2, 5))
        sketch.input_shape = shape
        x = Value("x", shape, sketch.pick({8.0: 1, 255.0: 1}), True)
        return self._quantized(x)

    def conv(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value:
        sketch = self.sketch
        kernel, options, size = draw_window(sketch, x.shape[1:], same_shape=same_shape)
        filters = x.shape[0] if same_shape else sketch.integer(1, 4)
        groups = x.shape[0] if filters == x.shape[0] and sketch.chance(0.25) else 1
        weight = self._matrix((filters, x.shape[0] // groups, *kernel), 0)
        options = {"kernel_shape": list(kernel), "group": groups, **options}
        return self._normalized(self._convolved(x, weight, (filters, *size), options))

    def dense(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value:
        filters = x.shape[0] if same_shape else self.sketch.integer(1, 5)
        gemm = self.sketch.chance(0.5)
        weight = self._matrix(self._sizes(x, filters, gemm), 0 if gemm else 1)
        return self._normalized(self._product(x, weight, filters, gemm))

    def twins(self, x: Value) -> tuple[Value, Value]:
        sketch = self.sketch
        filters = sketch.integer(1, 4)
        results = []
        if len(x.shape) == 3:
            kernel, window, size = draw_window(sketch, x.shape[1:])
            weight = self._matrix((filters, x.shape[0], *kernel), 0)
            options = {"kernel_shape": list(kernel), **window}
            results = [self._convolved(x, weight, (filters, *size), options) for _ in range(2)]
        else:
            gemm = sketch.chance(0.5)
            weight = self._matrix(self._sizes(x, filters, gemm), 0 if gemm else 1)
            results = [self._product(x, weight, filters, gemm) for _ in range(2)]
        return results[0], results[1]

    def add(self, a: Value, b: Value, *, last: bool = False) -> Value:
        sketch = self.sketch
        reach, negative = a.reach + b.reach, a.negative or b.negative
        result = Value("", a.shape, reach, negative)
        if sketch.chance(0.3):
            reals = [self.output(a)] * 2 if a is b else [self.output(a), self.output(b)]
            name = sketch.node("Add", *(real.name for real in reals))
            return self._quantized(renamed(result, name))
        grid = self._grid(result)
        inputs = [
            part
            for v in (a, b)
            for part in (v.name, self.grids[v.name].scale, self.grids[v.name].zero)
        ]
        # ORT's kernel wants one type; the meaning does not.
        name = sketch.node("QLinearAdd", *inputs, grid.scale, grid.zero, domain=MICROSOFT)
        return self._coded(result, name, grid)

    def max_pool(self, x: Value) -> Value:
        kernel, options, size = draw_window(self.sketch, x.shape[1:], pooling=True)
        name = self.sketch.node("MaxPool", x.name, kernel_shape=list(kernel), **options)
        self.grids[name] = self.grids[x.name]
        return replace(x, name=name, shape=(x.shape[0], *size))

    def average_pool(self, x: Value) -> Value:
        kernel, options, size = draw_window(self.sketch, x.shape[1:], pooling=True, mean=True)
        options = {"kernel_shape": list(kernel), **options}
        return self._pooled(x, "QLinearAveragePool", (x.shape[0], *size), options)

    def global_pool(self, x: Value) -> Value:
        shape = (x.shape[0], 1, 1)
        return self._pooled(x, "QLinearGlobalAveragePool", shape, {"channels_last": 0})

    def flatten(self, x: Value) -> Value:
        count = int(np.prod(x.shape))
        name = self.sketch.node("Flatten", x.name)
        self.grids[name] = self.grids[x.name]
        return replace(x, name=name, shape=(count,))

    def crop(self, x: Value) -> Value:
        """A Slice of codes."""
        first = [self.sketch.integer(0, length - 1) for length in x.shape[1:]]
        lists = first, list(x.shape[1:]), [2, 3]
        inputs = [self.sketch.constant(np.array(values, np.int64)) for values in lists]
        name = self.sketch.node("Slice", x.name, *inputs)
        self.grids[name] = self.grids[x.name]
        size = (end - start for start, end in zip(first, x.shape[1:], strict=True))
        return replace(x, name=name, shape=(x.shape[0], *size))

    def output(self, x: Value) -> Value:
        grid = self.grids[x.name]
        name = self.sketch.node("DequantizeLinear", x.name, grid.scale, grid.zero)
        return renamed(x, name)

    # ---- parts

    def _grid(self, x: Value) -> Grid:
        sketch = self.sketch
        kind, low = sketch.pick({(TensorProto.UINT8, 0): 3, (TensorProto.INT8, -128): 2})
        high = low + 255
        zero = low if not x.negative else sketch.integer(low + 64, high - 64)
        if sketch.chance(0.2):
            zero = sketch.pick({low: 1, high: int(x.negative)})
        if zero and zero in (low, high):
            sketch.tags.add("zero point at an end")
        target = x.reach / 255 * (2 if x.negative else 1)
        scale = sketch.scale(target * sketch.random.uniform(0.3, 1.3))
        if x.name == "x":
            sketch.input_grid(scale, low - zero, high - zero)
        ends = float(scale) * (zero - low), float(scale) * (high - zero)
        names = sketch.constant(scale), sketch.constant(np.array(zero), kind)
        return Grid(*names, max(ends), zero > low, kind)

    def _coded(self, x: Value, name: str, grid: Grid) -> Value:
        self.grids[name] = grid
        return Value(name, x.shape, grid.reach, grid.negative)

    def _quantized(self, x: Value) -> Value:
        grid = self._grid(x)
        name = self.sketch.node("QuantizeLinear", x.name, grid.scale, grid.zero)
        return self._coded(x, name, grid)

    def _matrix(self, shape: tuple[int, ...], axis: int) -> Matrix:
        sketch = self.sketch
        kind, low = sketch.pick({(TensorProto.INT8, -128): 5, (TensorProto.UINT8, 0): 1})
        codes = sketch.codes(shape, low, low + 255)
        if (codes == -128).any():
            sketch.tags.add("-128 among the weights")
        count = shape[axis] if sketch.chance(0.4) else 1
        if count > 1:
            sketch.tags.add("per-channel scales")
        zero = 0 if low and sketch.chance(0.8) else sketch.integer(low + 96, low + 160)
        scales = np.array([sketch.scale(1 / 128) for _ in range(count)], np.float32)
        zeros = np.full(count, zero)
        if count == 1:
            scales, zeros = scales.reshape(()), zeros.reshape(())
        names = sketch.constant(codes, kind), sketch.constant(scales), sketch.constant(zeros, kind)
        return Matrix(names, 0.7)

    def _sizes(self, x: Value, filters: int, gemm: bool) -> tuple[int, int]:
        return (filters, x.shape[0]) if gemm else (x.shape[0], filters)

    def _bias(self, filters: int) -> list[str]:
        if self.sketch.chance(0.5):
            return []
        codes = self.sketch.random.integers(-5000, 5001, filters)
        return [self.sketch.constant(codes, TensorProto.INT32)]

    def _convolved(
        self, x: Value, weight: Matrix, shape: tuple[int, ...], options: dict[str, Any]
    ) -> Value:
        taps = int(np.prod(options["kernel_shape"])) * x.shape[0] // options.get("group", 1)
        reach = x.reach * weight.reach * max(1.0, 0.5 * taps**0.5)
        # A Relu is folded into the grid: nothing below 0.
        y = Value("", shape, reach, self.sketch.chance(0.6))
        grid, before = self._grid(y), self.grids[x.name]
        inputs = [x.name, before.scale, before.zero, *weight.inputs, grid.scale, grid.zero]
        return self._coded(
            y, self.sketch.node("QLinearConv", *inputs, *self._bias(shape[0]), **options), grid
        )

    def _product(self, x: Value, weight: Matrix, filters: int, gemm: bool) -> Value:
        sketch = self.sketch
        reach = x.reach * weight.reach * max(1.0, 0.5 * x.shape[0] ** 0.5)
        y = Value("", (filters,), reach, sketch.chance(0.6))
        grid, before = self._grid(y), self.grids[x.name]
        inputs = [x.name, before.scale, before.zero, *weight.inputs]
        if not gemm:
            name = sketch.node("QLinearMatMul", *inputs, grid.scale, grid.zero)
            return self._coded(y, name, grid)
        bias = self._bias(filters) or [""]
        alpha = sketch.pick({1.0: 3, 0.5: 1})
        name = sketch.node(
            "QGemm", *inputs, *bias, grid.scale, grid.zero, domain=MICROSOFT, transB=1, alpha=alpha
        )
        return self._coded(y, name, grid)

    def _pooled(
        self, x: Value, kind: str, shape: tuple[int, ...], options: dict[str, Any]
    ) -> Value:
        y = replace(x, name="", shape=shape)
        grid, before = self._grid(y), self.grids[x.name]
        inputs = [x.name, before.scale, before.zero, grid.scale, grid.zero]
        name = self.sketch.node(kind, *inputs, domain=MICROSOFT, **options)
        return self._coded(y, name, grid)

    def _normalized(self, x: Value) -> Value:
        """Sometimes leave the codes for a BatchNormalization."""
        sketch = self.sketch
        if not sketch.chance(0.15):
            return x
        channels = x.shape[0]
        gamma = sketch.random.uniform(-2, 2, channels)
        if (gamma < 0).any():
            sketch.tags.add("negative gamma")
        arrays = (
            gamma,
            sketch.reals(channels, x.reach / 4),
            sketch.reals(channels, x.reach / 4),
            sketch.random.uniform(0.05, 3.0, channels),
        )
        inputs = [sketch.constant(array.astype(np.float32)) for array in arrays]
        name = sketch.node("BatchNormalization", self.output(x).name, *inputs)
        return self._quantized(replace(x, name=name, reach=x.reach * 1.5, negative=True))

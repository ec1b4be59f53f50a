"""FINN: MultiThresholds between layers whose float weights are integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .real import RealDialect, Weight
from .sketch import Sketch, Value

RANGES = {
    "BIPOLAR": (-1, 1),
    "INT4": (-8, 7),
    "UINT4": (0, 15),
    "INT8": (-128, 127),
    "UINT8": (0, 255),
}


class Finn(RealDialect):
    """What FINN's streamlining leaves: thresholds per channel or one for all, few constants."""

    def __init__(self, sketch: Sketch) -> None:
        super().__init__(sketch)
        self.domain = sketch.pick({"finn.custom_op.general": 2, "qonnx.custom_op.general": 3})
        if sketch.chance(0.8):
            sketch.imports[self.domain] = 1

    def start(self) -> Value:
        """Return the input: of an annotated type, or behind a Quant."""
        sketch = self.sketch
        shape: tuple[int, ...] = (sketch.integer(1, 6),)
        if sketch.chance(0.65):
            shape = (sketch.integer(1, 3), sketch.integer(2, 5), sketch.integer(2, 5))
        sketch.input_shape = shape
        if sketch.chance(0.5):
            kind = sketch.pick(dict.fromkeys(RANGES, 1))
            if kind == "BIPOLAR":
                sketch.tags.add("bipolar values")
            low, high = RANGES[kind]
            sketch.annotate(kind, low, high)
            return Value("x", shape, float(max(-low, high)), low < 0)
        scale = sketch.scale(0.1)
        sketch.input_grid(scale, -128, 127)
        grid = (
            sketch.constant(scale),
            sketch.constant(np.float32(0)),
            sketch.constant(np.float32(8)),
        )
        name = sketch.node("Quant", "x", *grid, domain=self.domain, signed=1, narrow=0)
        return Value(name, shape, 12.8, True)

    def output(self, x: Value) -> Value:
        """Return the output; a model without any quantizer would be a float one."""
        counted = any(node.op_type in ("MultiThreshold", "Quant") for node in self.sketch.nodes)
        return x if counted else self.quantize(x)

    def quantize(self, x: Value) -> Value:
        sketch = self.sketch
        count = x.shape[0] if sketch.chance(0.6) else 1
        bits = sketch.pick({1: 3, 2: 3, 3: 1, 4: 2, 8: 0.3})
        steps = 2**bits - 1
        low = -x.reach if x.negative else 0.0
        thresholds = np.sort(sketch.random.uniform(low, x.reach, (count, steps)), axis=1)
        if sketch.chance(0.7):
            # On the grid of the sums: values fall on thresholds.
            unit = 1.0 if sketch.chance(0.5) else float(sketch.scale(x.reach / 32))
            thresholds = np.round(thresholds / unit) * unit
        scale, bias = 1.0, 0.0
        if bits == 1 and sketch.chance(0.7):
            scale, bias = 2.0, -1.0
            sketch.tags.add("bipolar values")
        elif sketch.chance(0.4):
            bias = float(-(2 ** (bits - 1)))
        elif sketch.chance(0.2):
            # Of few bits, so that real 0 lies between whole counts at most.
            scale = float(np.round(sketch.random.uniform(0.2, 2.0) * 64) / 64)
            bias = scale * sketch.integer(-5, 5) / 2
        options: dict[str, str | float] = {"out_dtype": "INT32"}
        if (scale, bias) != (1.0, 0.0) or sketch.chance(0.5):
            options |= {"out_scale": scale, "out_bias": bias}
        if sketch.chance(0.5):
            options["data_layout"] = "NCHW" if len(x.shape) == 3 else "NC"
        rows = sketch.constant(thresholds.astype(np.float32))
        name = sketch.node("MultiThreshold", x.name, rows, domain=self.domain, **options)
        reach = max(abs(bias), abs(scale * steps + bias))
        return replace(x, name=name, reach=reach, negative=bias < 0)

    def weight(self, shape: tuple[int, ...], axis: int) -> Weight:
        sketch = self.sketch
        low, high = sketch.pick({(-1, 1): 2, (-2, 1): 1, (-8, 7): 2, (-128, 127): 1})
        codes = sketch.codes(shape, low, high)
        if low == -1 and sketch.chance(0.5):
            sketch.tags.add("bipolar values")
            codes = np.where(codes >= 0, 1, -1)
        if (codes == -128).any():
            sketch.tags.add("-128 among the weights")
        return Weight(sketch.constant(codes.astype(np.float32)), float(max(-low, high)))

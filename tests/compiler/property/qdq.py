"""QDQ: QuantizeLinear and DequantizeLinear, with odd widths by a Clip before or between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from onnx import TensorProto

from .chain import draw_window
from .real import RealDialect, Weight
from .sketch import Sketch, Value


@dataclass(frozen=True)
class Width:
    """A type of codes and how much of it is used."""

    kind: int
    low: int
    high: int


U8, I8 = Width(TensorProto.UINT8, 0, 255), Width(TensorProto.INT8, -128, 127)
U4, I4 = Width(TensorProto.UINT4, 0, 15), Width(TensorProto.INT4, -8, 7)
U2, I2 = Width(TensorProto.UINT2, 0, 3), Width(TensorProto.INT2, -2, 1)
U16, I16 = Width(TensorProto.UINT16, 0, 65535), Width(TensorProto.INT16, -32768, 32767)


class Qdq(RealDialect):
    """QDQ of 8 bits; ``narrow`` brings 2, 4 and 16 bits and Clips, ``on_codes`` puts the Clip
    between the two ops (QCDQ, as Brevitas writes it)."""

    def __init__(self, sketch: Sketch, *, narrow: bool = False, on_codes: bool = False) -> None:
        super().__init__(sketch)
        self.narrow = narrow
        self.on_codes = on_codes
        self.sandwich = self.channels_last = sketch.chance(0.12)

    def start(self) -> Value:
        sketch = self.sketch
        if not sketch.chance(0.08):
            return super().start()
        # Integers that are the model's input are dequantized first.
        width = sketch.pick({U8: 2, I8: 1})
        shape = (sketch.integer(1, 3), sketch.integer(2, 5), sketch.integer(2, 5))
        sketch.input_shape = (*shape[1:], shape[0]) if self.channels_last else shape
        sketch.input_type = width.kind
        sketch.annotate("", width.low, width.high)
        zero = self._zero(width, True)
        scale = sketch.scale(1 / 64)
        grid = sketch.constant(scale), sketch.constant(np.array(zero), width.kind)
        name = sketch.node("DequantizeLinear", "x", *grid)
        return Value(name, shape, float(scale) * 128, zero > width.low)

    def quantize(self, x: Value, between: Callable[[str], str] | None = None) -> Value:
        """Write both ops, with what ``between`` writes on codes between them."""
        sketch = self.sketch
        width = self._width(x.negative)
        clipped = self._clipped(width) if self.narrow or self.on_codes else width
        channels = x.shape[0]
        per_channel = sketch.opset >= 13 and self.scales_per_channel(x)
        count = channels if per_channel else 1
        levels = clipped.high - clipped.low
        target = x.reach / levels * (2 if x.negative else 1)
        scales = [sketch.scale(target * sketch.random.uniform(0.3, 1.3)) for _ in range(count)]
        zeros = [self._zero(clipped, x.negative) for _ in range(count)]
        if x.name == "x":
            sketch.input_grid(scales[0], clipped.low - zeros[0], clipped.high - zeros[0])
        shape = (count,) if per_channel else ()
        grid = (
            sketch.constant(np.array(scales, np.float32).reshape(shape)),
            sketch.constant(np.array(zeros).reshape(shape), width.kind),
        )
        last = self.channels_last and len(x.shape) == 3
        axis = {"axis": self._counted(3 if last else 1, len(x.shape) + 1)} if per_channel else {}
        name = x.name
        if clipped != width and not self.on_codes:
            limits = [
                sketch.constant(np.float32((limit - zeros[0]) * scales[0]))
                for limit in (clipped.low, clipped.high)
            ]
            name = sketch.node("Clip", name, *limits)
        silent = not any(zeros) and sketch.chance(0.3)
        if silent and sketch.opset >= 21:
            kind = {"output_dtype": width.kind}
            name = sketch.node("QuantizeLinear", name, grid[0], **axis, **kind)
        elif silent and width is U8:
            name = sketch.node("QuantizeLinear", name, grid[0], **axis)
        else:
            name = sketch.node("QuantizeLinear", name, *grid, **axis)
        if clipped != width and self.on_codes:
            limits = [sketch.constant(limit, width.kind) for limit in (clipped.low, clipped.high)]
            name = sketch.node("Clip", name, *limits)
        if between is not None:
            name = between(name)
        if count == 1 and sketch.chance(0.04):
            # Another grid than that of QuantizeLinear: an affine function of the codes.
            scales, zeros = [sketch.scale(float(scales[0]) * 0.8)], [self._zero(clipped, True)]
            grid = sketch.constant(scales[0]), sketch.constant(np.array(zeros[0]), width.kind)
        elif sketch.chance(0.2):
            grid = (
                sketch.constant(np.array(scales, np.float32).reshape(shape)),
                sketch.constant(np.array(zeros).reshape(shape), width.kind),
            )
        used = grid if any(zeros) or sketch.chance(0.8) else grid[:1]
        name = sketch.node("DequantizeLinear", name, *used, **axis)
        # What the grid holds on either side of 0.
        ends = [
            abs(float(s)) * abs(end - z)
            for s, z in zip(scales, zeros, strict=True)
            for end in (clipped.low, clipped.high)
        ]
        negative = min(clipped.low - z for z in zeros) < 0
        return replace(x, name=name, reach=max(ends), negative=negative)

    def max_pool(self, x: Value) -> Value:
        """A MaxPool of real numbers, or of codes."""
        sketch = self.sketch
        # The types of MaxPool: 8 bits since opset 12.
        if self.narrow or self.channels_last or sketch.opset < 13 or sketch.chance(0.6):
            return super().max_pool(x)
        kernel, options, size = draw_window(sketch, x.shape[1:], pooling=True)
        options = {"kernel_shape": list(kernel), **options}
        y = self.quantize(x, lambda name: sketch.node("MaxPool", name, **options))
        return replace(y, shape=(x.shape[0], *size))

    def weight(self, shape: tuple[int, ...], axis: int) -> Weight:
        sketch = self.sketch
        width = sketch.pick(self._weight_widths())
        low, high = width.low, width.high
        if self.narrow or self.on_codes:
            used = self._clipped(width)
            low, high = used.low, used.high
        codes = sketch.codes(shape, low, high)
        if width is I8 and (codes == -128).any():
            sketch.tags.add("-128 among the weights")
        filters = shape[axis]
        per_channel = sketch.opset >= 13 and sketch.chance(0.4)
        if per_channel and filters > 1:
            sketch.tags.add("per-channel scales")
        count = filters if per_channel else 1
        size = max(abs(width.low), abs(width.high))
        scales = np.array([sketch.scale(1 / size) for _ in range(count)], np.float32)
        zero = 0 if width.low < 0 and sketch.chance(0.8) else sketch.integer(width.low, width.high)
        zeros = np.full(count, zero)
        if not per_channel:
            scales, zeros = scales.reshape(()), zeros.reshape(())
        grid = sketch.constant(scales), sketch.constant(zeros, width.kind)
        options = {"axis": self._counted(axis, len(shape))} if per_channel else {}
        if sketch.opset >= 13 and sketch.chance(0.15):
            # A frozen quantizer of float weights, some of them on ties.
            halves = sketch.random.integers(0, 2, shape) / 2
            turned = [1] * len(shape)
            turned[axis] = -1
            shaped = scales if not per_channel else scales.reshape(turned)
            floats = ((codes - zero + halves) * shaped).astype(np.float32)
            tensor = sketch.node("QuantizeLinear", sketch.constant(floats), *grid, **options)
        else:
            tensor = sketch.constant(codes, width.kind)
        name = sketch.node("DequantizeLinear", tensor, *grid, **options)
        return Weight(name, 0.7)

    def bias(self, filters: int, reach: float) -> str:
        sketch = self.sketch
        if sketch.chance(0.5):
            return super().bias(filters, reach)
        codes = sketch.random.integers(-2000, 2001, filters)
        names = [sketch.constant(codes, TensorProto.INT32)]
        if sketch.opset >= 13 and sketch.chance(0.5):
            scales = [sketch.scale(reach / 1000) for _ in range(filters)]
            names.append(sketch.constant(np.array(scales, np.float32)))
            return sketch.node("DequantizeLinear", *names, axis=self._counted(0, 1))
        names.append(sketch.constant(sketch.scale(reach / 1000)))
        return sketch.node("DequantizeLinear", *names)

    def _counted(self, axis: int, rank: int) -> int:
        """Return an axis, sometimes counted from the end."""
        return axis - rank if self.sketch.chance(0.2) else axis

    def _width(self, negative: bool) -> Width:
        widths = {U8: 3.0 if negative else 5.0, I8: 4.0}
        if self.narrow and self.sketch.opset >= 21:
            widths |= {U4: 2.0, I4: 2.0, U16: 0.3, I16: 0.3}
        if self.narrow and self.sketch.opset >= 25:
            widths |= {U2: 1.0, I2: 1.0}
        width: Width = self.sketch.pick(widths)
        return width

    def _weight_widths(self) -> dict[Width, float]:
        widths = {I8: 6.0, U8: 1.0}
        if self.narrow and self.sketch.opset >= 21:
            widths |= {I4: 3.0, U4: 1.0}
        if self.narrow and self.sketch.opset >= 25:
            widths |= {I2: 2.0}
        return widths

    def _clipped(self, width: Width) -> Width:
        if self.sketch.opset < 13 or width in (U2, I2) or self.sketch.chance(0.5):
            return width
        bits = self.sketch.integer(1, 7 if width in (U8, I8) else 3)
        if width.low == 0:
            return replace(width, high=2**bits - 1)
        narrow = int(bits > 1 and self.sketch.chance(0.4))
        return replace(width, low=-(2 ** (bits - 1)) + narrow, high=max(2 ** (bits - 1) - 1, 0))

    def _zero(self, width: Width, negative: bool) -> int:
        sketch = self.sketch
        if sketch.chance(0.15):
            end = sketch.pick({width.low: 1, width.high: 1 if negative else 0})
            if end:
                sketch.tags.add("zero point at an end")
            return int(end)
        if not negative:
            return max(width.low, 0) if width.low >= 0 else sketch.pick({0: 2, width.low: 1})
        if width.low < 0 and sketch.chance(0.6):
            return 0
        middle = (width.low + width.high) // 2
        spread = (width.high - width.low) // 4
        return middle + sketch.integer(-spread, spread)

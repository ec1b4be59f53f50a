"""QONNX: Quant, BipolarQuant and Trunc, as Brevitas and QKeras write them; also channels last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .chain import draw_window
from .real import RealDialect, Weight
from .sketch import Sketch, Value

CHANNELS_LAST = "qonnx.custom_op.channels_last"
ROUNDINGS = {"ROUND": 3, "HALF_UP": 2, "HALF_DOWN": 2, "FLOOR": 2} | dict.fromkeys(
    ("HALF_EVEN", "UP", "DOWN", "CEIL"), 1
)


class Qonnx(RealDialect):
    """QONNX; ``bipolar`` prefers 1 bit of -1 and 1."""

    def __init__(self, sketch: Sketch, *, bipolar: bool = False) -> None:
        super().__init__(sketch)
        self.bipolar = bipolar
        self.domain = sketch.pick(
            {
                "qonnx.custom_op.general": 4,
                "onnx.brevitas": 2,
                "finn.custom_op.general": 2,
                "": 1,
            }
        )
        self.second = self.domain.startswith("qonnx") and sketch.chance(0.5)
        if self.domain and (self.second or sketch.chance(0.8)):
            sketch.imports[self.domain] = 2 if self.second else 1
        #: Scale and bits of tensors on a grid with zero point 0, for Trunc.
        self.grids: dict[str, tuple[np.float32, int, bool]] = {}

    def quantize(self, x: Value) -> Value:
        sketch = self.sketch
        count = x.shape[0] if self.scales_per_channel(x) else 1
        if sketch.chance(0.6 if self.bipolar else 0.04):
            sketch.tags.add("bipolar values")
            scales = [sketch.scale(sketch.random.uniform(0.5, 2)) for _ in range(count)]
            scale = self._parameter(scales, x)
            if x.name == "x":
                sketch.input_grid(scales[0], -1, 1)
            if self.bipolar and sketch.chance(0.8):
                name = self._custom("BipolarQuant", x.name, scale)
            else:
                grid = scale, self._number(0), self._number(1)
                name = self._custom("Quant", x.name, *grid, signed=1, narrow=sketch.integer(0, 1))
            return replace(x, name=name, reach=float(max(scales)), negative=True)
        bits = sketch.pick({1: 0.5, 2: 2, 3: 2, 4: 3, 5: 1, 6: 1, 7: 1, 8: 4, 12: 0.2})
        signed = bits > 1 and (sketch.chance(0.8) if x.negative else sketch.chance(0.2))
        narrow = sketch.chance(0.3) and bits > 1
        low = (-(2 ** (bits - 1)) + int(narrow)) if signed else 0
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - int(narrow)
        target = x.reach / (high - low) * (2 if x.negative else 1)
        scales = [sketch.scale(target * sketch.random.uniform(0.3, 1.3)) for _ in range(count)]
        zeros = [self._zero(low, high, x.negative) for _ in range(count)]
        if x.name == "x":
            sketch.input_grid(scales[0], low - zeros[0], high - zeros[0])
        name = self._custom(
            "Quant",
            x.name,
            self._parameter(scales, x),
            self._parameter(zeros, x),
            self._number(bits),
            signed=int(signed),
            narrow=int(narrow),
            **self._rounding(),
        )
        if count == 1 and zeros[0] == 0:
            self.grids[name] = scales[0], bits, signed
        ends = [float(s) * abs(end - float(z))
                for s, z in zip(scales, zeros, strict=True) for end in (low, high)]  # fmt: skip
        return replace(x, name=name, reach=max(ends), negative=low < max(zeros))

    def weight(self, shape: tuple[int, ...], axis: int) -> Weight:
        sketch = self.sketch
        filters = shape[axis]
        per_channel = sketch.chance(0.4)
        if per_channel and filters > 1:
            sketch.tags.add("per-channel scales")
        count = filters if per_channel else 1
        turned = [1] * len(shape)
        turned[axis] = -1
        if sketch.chance(0.65 if self.bipolar else 0.05):
            sketch.tags.add("bipolar values")
            scales = np.array([sketch.scale(0.7) for _ in range(count)], np.float32)
            floats = sketch.random.integers(-3, 4, shape).astype(np.float32) / 2
            scale = sketch.constant(scales.reshape(turned if per_channel else ()))
            return Weight(self._custom("BipolarQuant", sketch.constant(floats), scale), 1.0)
        bits = sketch.pick({2: 2, 3: 1, 4: 3, 6: 1, 8: 4})
        narrow = bits == 2 or sketch.chance(0.4)
        low, high = -(2 ** (bits - 1)) + int(narrow), 2 ** (bits - 1) - 1
        codes = sketch.codes(shape, low, high)
        if low == -128 and (codes == -128).any():
            sketch.tags.add("-128 among the weights")
        scales = np.array([sketch.scale(1 / 2 ** (bits - 1)) for _ in range(count)], np.float32)
        shaped = scales.reshape(turned if per_channel else ())
        zero = sketch.integer(-1, 1) if sketch.chance(0.1) else 0
        # The least code stays what it is under every rounding: it is clamped.
        between = np.where(codes == low, 0, sketch.random.choice([0.0, 0.5, 0.25], shape))
        floats = ((codes - zero + between) * shaped).astype(np.float32)
        name = self._custom(
            "Quant",
            sketch.constant(floats),
            sketch.constant(shaped),
            self._number(zero),
            self._number(bits),
            signed=1,
            narrow=int(narrow),
            **self._rounding(),
        )
        return Weight(name, 0.8)

    def bias(self, filters: int, reach: float) -> str:
        sketch = self.sketch
        plain = super().bias(filters, reach)
        if sketch.chance(0.5):
            return plain
        grid = sketch.constant(sketch.scale(reach / 100)), self._number(0), self._number(8)
        return self._custom("Quant", plain, *grid, signed=1, narrow=0, rounding_mode="ROUND")

    def average_pool(self, x: Value) -> Value:
        sketch = self.sketch
        if x.name not in self.grids or self.channels_last or sketch.chance(0.5):
            return super().average_pool(x)
        # As Brevitas writes it: the sum of a window, without its last bits.
        scale, bits, signed = self.grids[x.name]
        kernel, options, _ = draw_window(sketch, x.shape[1:], pooling=True, mean=True)
        options = {"strides": options["strides"]}
        size = tuple(
            max(1, (length - k) // s + 1)
            for length, k, s in zip(x.shape[1:], kernel, options["strides"], strict=True)
        )
        kernel = tuple(min(k, length) for k, length in zip(kernel, x.shape[1:], strict=True))
        name = self.pool_node("AveragePool", x, {"kernel_shape": list(kernel), **options})
        places = kernel[0] * kernel[1]
        name = sketch.node("Mul", name, sketch.constant(np.float32(places)))
        wide = bits + max(1, int(places - 1).bit_length())
        lost = sketch.integer(1, max(1, wide - 2))
        inputs = [name, sketch.constant(scale), self._number(0), self._number(wide)]
        factor = 1.0
        if self.second:
            factor = 2.0**lost
            inputs += [sketch.constant(np.float32(scale * np.float32(factor)))]
        inputs.append(self._number(wide - lost))
        kinds = self._rounding()
        if self.second:
            kinds |= {"signed": int(signed), "narrow": 0}
        name = self._custom("Trunc", *inputs, **kinds)
        reach = x.reach * places * factor / 2**lost
        return replace(x, name=name, shape=(x.shape[0], *size), reach=reach)

    # ---- parts

    def _custom(self, kind: str, *inputs: str, **options: Any) -> str:
        return self.sketch.node(kind, *inputs, domain=self.domain, **options)

    def _number(self, value: float) -> str:
        shape = () if self.sketch.chance(0.7) else (1,)
        return self.sketch.constant(np.full(shape, value, np.float32))

    def _parameter(self, values: list[Any], x: Value) -> str:
        """Return one number, or numbers along the channels."""
        if len(values) == 1:
            return self._number(values[0])
        array = np.array(values, np.float32)
        return self.sketch.constant(
            array if self.channels_last else array.reshape(1, -1, *[1] * (len(x.shape) - 1))
        )

    def _rounding(self) -> dict[str, Any]:
        return {"rounding_mode": self.sketch.pick(ROUNDINGS)}

    def _zero(self, low: int, high: int, negative: bool) -> float:
        sketch = self.sketch
        if sketch.chance(0.12):
            end = sketch.pick({low: 1, high: 1 if negative else 0})
            if end:
                sketch.tags.add("zero point at an end")
            return float(end)
        if sketch.chance(0.6) and (low < 0 or not negative):
            return 0.0
        return float(sketch.integer(low, high)) + sketch.pick({0.0: 4, 0.5: 1, 0.25: 0.5})


class QonnxChannelsLast(Qonnx):
    """QONNX whose images have their channels last, with qonnx's wrapped ops."""

    channels_last = True

    def __init__(self, sketch: Sketch) -> None:
        super().__init__(sketch)
        sketch.imports[CHANNELS_LAST] = 1

    def conv_node(self, inputs: list[str], options: dict[str, Any]) -> str:
        return self._wrapped("Conv", inputs, options)

    def pool_node(self, kind: str, x: Value, options: dict[str, Any]) -> str:
        if kind == "MaxPool":
            return self._wrapped(kind, [x.name], options)
        return super().pool_node(kind, x, options)

    def bn_node(self, x: Value, inputs: list[str], options: dict[str, Any]) -> str:
        if len(x.shape) == 1:
            return super().bn_node(x, inputs, options)
        return self._wrapped("BatchNormalization", [x.name, *inputs], options)

    def _wrapped(self, kind: str, inputs: list[str], options: dict[str, Any]) -> str:
        return self.sketch.node(kind, *inputs, domain=CHANNELS_LAST, **self.shortened(options))

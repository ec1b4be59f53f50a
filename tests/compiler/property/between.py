"""What stands between a layer and its quantizer, and how a file writes ops on images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .chain import draw_window
from .sketch import Sketch, Value


class Between:
    """Relu, Clip, BatchNormalization, arithmetic with constants, MaxPool.

    Attributes
    ----------
    channels_last : bool
        Whether images have their channels on the last axis in the file.
    sandwich : bool
        Whether they are transposed around every standard op, as in converted TensorFlow Lite
        files.
    """

    channels_last = False
    sandwich = False

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch

    # ---- steps

    def pooled(self, x: Value) -> Value:
        """A MaxPool before the quantizer."""
        kernel, options, size = draw_window(self.sketch, x.shape[1:], pooling=True)
        name = self.pool_node("MaxPool", x, {"kernel_shape": list(kernel), **options})
        return replace(x, name=name, shape=(x.shape[0], *size))

    def relu(self, x: Value) -> Value:
        """Write a Relu."""
        return replace(x, name=self.sketch.node("Relu", x.name), negative=False)

    def clip(self, x: Value) -> Value:
        """Write a Clip, of both sides or of one."""
        size = float(self.sketch.scale(x.reach / 2))
        low, high = self.sketch.pick(
            {(0.0, size): 3, (-size, size): 3, (size / 4, size): 1, (-size, -size / 4): 1}
        )
        sides = self.sketch.pick({("min", "max"): 4, ("min",): 1, ("max",): 1})
        limits = {side: {"min": low, "max": high}[side] for side in sides}
        if self.sketch.opset < 11:
            name = self.sketch.node("Clip", x.name, **limits)
        else:
            names = (
                self.sketch.constant(np.float32(limits[side])) if side in limits else ""
                for side in ("min", "max")
            )
            name = self.sketch.node("Clip", x.name, *names)
        if len(limits) == 2:
            x = replace(x, reach=min(x.reach, size))
        below = limits.get("max", 0.0) < 0 or (x.negative and limits.get("min", -1.0) < 0)
        return replace(x, name=name, negative=below)

    def batch_norm(self, x: Value) -> Value:
        """Write a BatchNormalization; every other one has negative factors."""
        sketch, channels = self.sketch, x.shape[0]
        gamma = sketch.random.uniform(0.3, 2.0, channels)
        if sketch.chance(0.5):
            gamma *= np.where(sketch.random.random(channels) < 0.5, -1, 1)
        if sketch.chance(0.1):
            gamma[0] = 0
        squares = sketch.chance(0.3)
        if squares:
            # Roots that are rational: ties stay possible.
            gamma = np.round(gamma * 4) / 4
            variance = 4.0 ** sketch.random.integers(-1, 3, channels)
        else:
            variance = sketch.random.uniform(0.05, 3.0, channels)
        if (gamma < 0).any():
            sketch.tags.add("negative gamma")
        inputs = [
            sketch.constant(array.astype(np.float32))
            for array in (
                gamma,
                sketch.reals(channels, x.reach / 4),
                sketch.reals(channels, x.reach / 4),
                variance,
            )
        ]
        name = self.bn_node(x, inputs, {"epsilon": 0.0 if squares else 1e-5})
        return replace(x, name=name, reach=x.reach * 1.5, negative=True)

    def affine(self, x: Value) -> Value:
        """Write arithmetic with a constant."""
        sketch = self.sketch
        kind = sketch.pick({"Mul": 3, "Add": 3, "Sub": 2, "Div": 1, "Rsub": 1})
        count = x.shape[0] if sketch.chance(0.4) else 1
        if kind in ("Mul", "Div"):
            values = np.array(
                [sketch.scale(float(sketch.random.uniform(0.4, 2.5))) for _ in range(count)]
            )
            if sketch.chance(0.2):
                values = -values
        else:
            values = sketch.reals(count, x.reach / 3)
        array = self.per_channel(values, x) if count > 1 else values
        if count == 1 and sketch.chance(0.5):
            array = array.reshape(())
        names = [x.name, sketch.constant(array.astype(np.float32))]
        if kind == "Rsub":
            kind, names = "Sub", names[::-1]
        elif kind in ("Mul", "Add") and sketch.chance(0.3):
            names = names[::-1]
        return replace(x, name=sketch.node(kind, *names), reach=x.reach * 1.5, negative=True)

    # ---- how the file writes them

    def filter_shape(self, filters: int, channels: int, kernel: tuple[int, int]) -> tuple[int, ...]:
        """Return the shape of a convolution's weight in the file."""
        last = self.channels_last and not self.sandwich
        return (filters, *kernel, channels) if last else (filters, channels, *kernel)

    def conv_node(self, inputs: list[str], options: dict[str, Any]) -> str:
        return self.standard("Conv", inputs, self.shortened(options))

    def shortened(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return a window's attributes, sometimes without those that say nothing new."""
        if self.sketch.chance(0.6):
            return options
        usual = {"strides": [1, 1], "dilations": [1, 1], "pads": [0] * 4, "group": 1}
        return {key: value for key, value in options.items() if usual.get(key) != value}

    def pool_node(self, kind: str, x: Value, options: dict[str, Any]) -> str:
        return self.standard(kind, [x.name], options)

    def bn_node(self, x: Value, inputs: list[str], options: dict[str, Any]) -> str:
        if len(x.shape) == 1:
            return self.sketch.node("BatchNormalization", x.name, *inputs, **options)
        return self.standard("BatchNormalization", [x.name, *inputs], options)

    def per_channel(self, values: np.ndarray, x: Value) -> np.ndarray:
        """Return numbers of channels in a shape that broadcasts against an activation."""
        image = len(x.shape) == 3
        return values.reshape(-1, 1, 1) if image and not self.channels_last else values

    def standard(self, kind: str, inputs: list[str], options: dict[str, Any]) -> str:
        """Write a standard op on an image, between Transposes where channels are last."""
        if not self.channels_last:
            return self.sketch.node(kind, *inputs, **options)
        first = self.sketch.node("Transpose", inputs[0], perm=[0, 3, 1, 2])
        name = self.sketch.node(kind, first, *inputs[1:], **options)
        return self.sketch.node("Transpose", name, perm=[0, 2, 3, 1])

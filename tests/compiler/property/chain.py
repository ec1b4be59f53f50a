"""Networks of one to four layers, the same for every format; a dialect writes them down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from .sketch import Case, Sketch, Value


class Dialect(Protocol):
    """How a format writes layers. Values between layers are quantized."""

    sketch: Sketch

    def start(self) -> Value: ...

    def conv(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value: ...

    def dense(self, x: Value, *, same_shape: bool = False, last: bool = False) -> Value: ...

    def twins(self, x: Value) -> tuple[Value, Value]: ...

    def add(self, a: Value, b: Value, *, last: bool = False) -> Value: ...

    def max_pool(self, x: Value) -> Value: ...

    def average_pool(self, x: Value) -> Value: ...

    def global_pool(self, x: Value) -> Value: ...

    def flatten(self, x: Value) -> Value: ...

    def crop(self, x: Value) -> Value: ...

    def output(self, x: Value) -> Value: ...


def draw_network(dialect: Dialect) -> Case:
    """Draw a network and return it as a case."""
    sketch = dialect.sketch
    x = dialect.start()
    outputs = []
    count = sketch.integer(1, 4)
    # Seldom all tensors, as an output keeps nodes from being merged.
    shown = sketch.pick({0.05: 3, 1.0: 1})
    for number in range(count):
        x = _layer(dialect, x, number == count - 1)
        if number < count - 1 and sketch.chance(shown):
            outputs.append(dialect.output(x))
    return sketch.build([*outputs, dialect.output(x)])


def _layer(dialect: Dialect, x: Value, last: bool) -> Value:
    sketch = dialect.sketch
    image = len(x.shape) == 3
    weights = {"linear": 4.0, "residual": 1.2, "twins": 1.2, "self": 1.0}
    if image:
        weights |= {"max": 0.9, "average": 0.9, "global": 0.5, "flatten": 1.6, "crop": 0.4}
    kind = sketch.pick(weights)
    if kind == "linear":
        return dialect.conv(x, last=last) if image else dialect.dense(x, last=last)
    if kind == "self":
        sketch.tags |= {"Add(x, x)", "tensor used twice"}
        return dialect.add(x, x, last=last)
    if kind == "residual":
        sketch.tags.add("tensor used twice")
        y = dialect.conv(x, same_shape=True) if image else dialect.dense(x, same_shape=True)
        pair = (x, y) if sketch.chance(0.5) else (y, x)
        return dialect.add(*pair, last=last)
    if kind == "twins":
        sketch.tags |= {"identical twins", "tensor used twice"}
        return dialect.add(*dialect.twins(x), last=last)
    if kind == "max":
        return dialect.max_pool(x)
    if kind == "average":
        return dialect.average_pool(x)
    if kind == "crop":
        return dialect.crop(x)
    if kind == "global":
        return dialect.global_pool(x)
    return dialect.dense(dialect.flatten(x), last=last)


def draw_window(
    sketch: Sketch,
    size: tuple[int, int],
    *,
    same_shape: bool = False,
    pooling: bool = False,
    mean: bool = False,
) -> tuple[tuple[int, int], dict[str, Any], tuple[int, int]]:
    """Return a kernel, the attributes of a window, and the size of the result."""
    if same_shape:
        kernel = (3, 3) if sketch.chance(0.5) else (1, 1)
        if sketch.chance(0.15):
            return kernel, {"auto_pad": sketch.pick({"SAME_UPPER": 1, "SAME_LOWER": 1})}, size
        return kernel, {"pads": [kernel[0] // 2] * 4}, size
    # Pools know dilations since opset 10, averages since 19.
    plain = mean or (pooling and sketch.opset < 10)
    kernel_sizes, strides, dilations, before, after, result = [], [], [], [], [], []
    for length in size:
        while True:
            kernel = sketch.pick({1: 2, 2: 2, 3: 3})
            stride = sketch.pick({1: 3, 2: 1})
            dilation = 1 if plain else sketch.pick({1: 5, 2: 1})
            pad = [sketch.pick({0: 2, 1: 1}) for _ in range(2)]
            reach = dilation * (kernel - 1) + 1
            # A window of a pool must cover something of the image.
            if length + sum(pad) >= reach and (
                not pooling or (max(pad) < kernel and not sum(pad) * (dilation - 1))
            ):
                break
        kernel_sizes.append(kernel)
        strides.append(stride)
        dilations.append(dilation)
        before.append(pad[0])
        after.append(pad[1])
        result.append((length + sum(pad) - reach) // stride + 1)
    options = {"pads": before + after, "strides": strides, "dilations": dilations}
    if plain:
        del options["dilations"]
    if mean and any(options["pads"]):
        # With 0, divisors depend on the place.
        options["count_include_pad"] = sketch.pick({1: 2, 0: 1})
    return (kernel_sizes[0], kernel_sizes[1]), options, (result[0], result[1])


def renamed(value: Value, name: str) -> Value:
    """Return a value under another name."""
    return replace(value, name=name)

"""QONNX's Quant, BipolarQuant and Trunc, FINN's MultiThreshold, and channels-last ops.

After the definitions in the documentation of the package qonnx, in exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from .call import Call
from .numbers import Exact, clamp, decided, each, rounded


def code_range(bits: int, signed: bool, narrow: bool) -> tuple[Fraction, Fraction]:
    """Return the least and the largest code."""
    if signed:
        return Fraction(-(2 ** (bits - 1)) + int(narrow)), Fraction(2 ** (bits - 1) - 1)
    return Fraction(0), Fraction(2**bits - 1 - int(narrow))


def quant(call: Call) -> Exact:
    """Quant: clamped, then rounded; one signed bit means -1 and 1."""
    scale, zero, bits = call[1], call[2], call.whole(3)
    signed = bool(call.options.get("signed", 1))
    values = np.asarray(call[0] / scale + zero, dtype=object)
    if bits == 1 and signed:
        codes = _signs(values, call)
    else:
        low, high = code_range(bits, signed, bool(call.options.get("narrow", 1)))
        codes = rounded(
            clamp(values, low, high), call.ties, str(call.options.get("rounding_mode", "ROUND"))
        )
    return np.asarray((codes - zero) * scale, dtype=object)


def bipolar_quant(call: Call) -> Exact:
    """BipolarQuant: ``scale`` from 0 on, else ``-scale``."""
    return np.asarray(_signs(call[0], call) * call[1], dtype=object)


def _signs(values: Exact, call: Call) -> Exact:
    """Return 1 where a value is at least 0, else -1."""

    def sign(value: Fraction) -> Fraction:
        decided(abs(value), call.ties)
        return Fraction(1 if value >= 0 else -1)

    return each(sign, values)


def trunc(call: Call) -> Exact:
    """Trunc, version 1 (x, scale, zero, bits, bits out) and 2 (…, bits, scale out, bits out)."""
    scale, zero = call[1], call[2]
    codes = rounded(np.asarray(call[0] / scale + zero, dtype=object), call.ties)
    mode = str(call.options.get("rounding_mode", "FLOOR"))
    if len(call.inputs) == 5:
        divisor = Fraction(2) ** (call.whole(3) - call.whole(4))
        short = rounded(np.asarray(codes / divisor, dtype=object), call.ties, mode)
        return np.asarray((short - zero) * scale, dtype=object)
    divisor = _power_of_two(np.asarray(call[4] / scale, dtype=object).reshape(-1)[0])
    low, high = code_range(
        call.whole(5), bool(call.options.get("signed", 1)), bool(call.options.get("narrow", 0))
    )
    short = rounded(clamp(codes / divisor, low, high), call.ties, mode)
    return np.asarray((short - zero / divisor) * call[4], dtype=object)


def _power_of_two(ratio: Fraction) -> Fraction:
    powers = [Fraction(2) ** exponent for exponent in range(-40, 41)]
    (power,) = [power for power in powers if power == ratio]
    return power


def multi_threshold(call: Call) -> Exact:
    """Count the thresholds that a value reaches, per channel."""
    x, thresholds = call[0], call[1]
    layout = str(call.options.get("data_layout", "")) or {2: "NC", 3: "NWC", 4: "NCHW"}[x.ndim]
    axis = layout.index("C")
    moved = np.moveaxis(x, axis, -1)
    result = np.empty(moved.shape, dtype=object)
    for index in np.ndindex(*moved.shape):
        row = thresholds[index[-1] if len(thresholds) > 1 else 0]
        for threshold in row:
            decided(abs(moved[index] - threshold), call.ties)
        result[index] = Fraction(sum(moved[index] >= threshold for threshold in row))
    scale = Fraction(float(call.options.get("out_scale", 1.0)))
    bias = Fraction(float(call.options.get("out_bias", 0.0)))
    return np.moveaxis(np.asarray(result * scale + bias, dtype=object), -1, axis)


def channels_last(function: Callable[[Call], Exact], moved_inputs: int) -> Callable[[Call], Exact]:
    """Return an op whose first inputs and result have their channels on the last axis."""

    def wrapped(call: Call) -> Exact:
        inputs = tuple(
            np.moveaxis(value, -1, 1) if index < moved_inputs and value is not None else value
            for index, value in enumerate(call.inputs)
        )
        inner = Call(inputs, call.kinds, call.options, call.opset, call.ties)
        return np.moveaxis(function(inner), 1, -1)

    return wrapped

"""Elementwise arithmetic and batch normalization."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .call import Call
from .numbers import Exact, clamp, each, square_root


def add(call: Call) -> Exact:
    """Add, broadcast as NumPy does."""
    return np.asarray(call[0] + call[1], dtype=object)


def sub(call: Call) -> Exact:
    """Sub."""
    return np.asarray(call[0] - call[1], dtype=object)


def mul(call: Call) -> Exact:
    """Mul."""
    return np.asarray(call[0] * call[1], dtype=object)


def div(call: Call) -> Exact:
    """Div."""
    return np.asarray(call[0] / call[1], dtype=object)


def relu(call: Call) -> Exact:
    """Relu."""
    return each(lambda v: max(v, Fraction(0)), call[0])


def clip(call: Call) -> Exact:
    """Clip: limits are attributes before opset 11, inputs since."""
    limits = []
    for index, option in ((1, "min"), (2, "max")):
        value = call.optional(index)
        if option in call.options:
            limits.append(Fraction(call.options[option]))
        elif value is not None:
            limits.append(value.reshape(-1)[0])
        else:
            limits.append(None)
    low, high = limits
    least = call[0].min() if low is None else low
    most = call[0].max() if high is None else high
    return clamp(call[0], least, most)


def batch_normalization(call: Call) -> Exact:
    """BatchNormalization with fixed statistics; channels are axis 1."""
    x = call[0]
    epsilon = Fraction(float(call.options.get("epsilon", np.float32(1e-5))))
    channels = (-1,) + (1,) * (x.ndim - 2)
    gamma, beta, mean, variance = (call[index].reshape(channels) for index in (1, 2, 3, 4))
    roots = each(lambda v: square_root(v + epsilon), variance)
    return np.asarray((x - mean) * (gamma / roots) + beta, dtype=object)

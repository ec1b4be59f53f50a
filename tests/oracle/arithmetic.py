"""Elementwise arithmetic and batch normalization."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .call import Call
from .numbers import Exact, each, square_root


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
    result = call[0]
    # The upper limit comes last: it holds where they cross.
    for index, option, limit in ((1, "min", max), (2, "max", min)):
        value = call.optional(index)
        if option in call.options:
            result = each(limit, result, Fraction(call.options[option]))
        elif value is not None:
            result = each(limit, result, value.reshape(()))
    return result


def batch_normalization(call: Call) -> Exact:
    """BatchNormalization with fixed statistics; channels are axis 1."""
    x = call[0]
    epsilon = Fraction(float(call.options.get("epsilon", np.float32(1e-5))))
    channels = (-1,) + (1,) * (x.ndim - 2)
    gamma, beta, mean, variance = (call[index].reshape(channels) for index in (1, 2, 3, 4))
    roots = each(lambda v: square_root(v + epsilon), variance)
    return np.asarray((x - mean) * (gamma / roots) + beta, dtype=object)

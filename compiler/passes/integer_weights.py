"""The pass integer-weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import ClassVar

import numpy as np

from ..ir.graph import Graph
from ..ir.ops.base import Op
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.quantize import Quantize
from ..ir.ops.weights import WeightArray
from .base import Pass

#: Codes of more bits say that the weights are real ones.
MAX_BITS = 16


@dataclass(frozen=True)
class IntegerWeights(Pass):
    """Take float weights of a quantized graph as the integers that they are.

    ``Dense(w float)`` becomes ``Dense(q, scale u)`` where ``w = q * u`` exactly: u is the greatest
    common divisor of all weights. FINN's streamlining leaves integers in float tensors, and
    exporters that fold a weight's quantizer leave multiples of its scale. Nothing is rounded:
    weights whose codes would need more than 16 bits stay as they are, and so does a graph without
    quantizers, which calibration quantizes.
    """

    name: ClassVar[str] = "integer-weights"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with integer weights wherever they are exact."""
        ops = {name: graph.op(name) for name in graph.order()}
        if not any(isinstance(op, Quantize | MultiThreshold) for op in ops.values()):
            return graph
        exact: dict[str, Op] = {}
        for name, op in ops.items():
            if isinstance(op, Conv | Dense) and op.weight_scale is None:
                found = integers(op.weight)
                if found is not None:
                    codes, unit = found
                    exact[name] = replace(op, weight=codes, weight_scale=(unit,))
        return graph.with_ops(exact)


def integers(weight: WeightArray) -> tuple[WeightArray, Fraction] | None:
    """Return integers and a unit whose product is the weights; None where they take over 16 bits.

    Parameters
    ----------
    weight : float64 array
        Finite.
    """
    values = np.unique(weight)
    if len(values) > 1 << MAX_BITS:
        return None
    exact = [Fraction(value) for value in values]
    bottom = lcm(*(value.denominator for value in exact))
    unit = Fraction(gcd(*(int(value * bottom) for value in exact)), bottom) or Fraction(1)
    largest = max(abs(value) for value in exact) / unit
    if largest >= 1 << (MAX_BITS - 1):
        return None
    # Both are float64 exactly, and the quotient is a whole number of few bits.
    codes = np.rint(weight / float(unit)).astype(np.int64)
    return codes, unit

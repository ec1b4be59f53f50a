"""The pass fold-constants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.rebuild import only_consumer, rebuild
from .base import Pass


@dataclass(frozen=True)
class FoldConstants(Pass):
    """Fold additions of constants, and in float layers BatchNorm and scales, into Conv and Dense.

    Before: ``Conv(w, b) -> BatchNorm(s, t)``; after: ``Conv(w * s, b * s + t)``.

    Quantized weights take only ``s = 1``, which is exact: a BatchNorm is never folded through a
    weight quantizer. In a float layer w * s is rounded to float64.
    """

    name: ClassVar[str] = "fold-constants"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with fewer Affine and BatchNorm nodes."""

        folded: dict[str, str] = {}

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if name in folded:
                return inputs[0]
            origin = graph.origin(name)
            if isinstance(op, Conv | Dense):
                last = name
                while (reader := only_consumer(graph, last)) is not None:
                    constants = graph.op(reader)
                    if not isinstance(constants, Affine | BatchNorm):
                        break
                    if op.weight_scale is not None and set(constants.scale) != {1}:
                        break
                    op, last = _fold(op, constants), reader
                    folded[reader] = name
                    origin = graph.origin(reader)
            return builder.add(name, op, inputs, origin)

        return rebuild(graph, visit)


def _fold(op: Conv | Dense, constants: Affine | BatchNorm) -> Conv | Dense:
    filters = op.weight.shape[0]
    repeat = filters // len(constants.scale)
    scale, shift = constants.scale * repeat, constants.shift * repeat
    bias = op.bias or (Fraction(0),) * filters
    bias = tuple(b * s + t for b, s, t in zip(bias, scale, shift, strict=True))
    if op.weight_scale is not None:
        return replace(op, bias=bias)
    factors = np.array([float(s) for s in scale]).reshape(-1, *(1,) * (op.weight.ndim - 1))
    return replace(op, weight=op.weight * factors, bias=bias)

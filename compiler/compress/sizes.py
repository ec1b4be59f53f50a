"""How large a network under compression is, four ways, as the report of its circuit will say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ...runtime.numerics import bits_for
from ..ir.graph import Graph
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..report.encodings import Encoded, encode
from .export import quantized_graph
from .network import Network

FLOAT_BITS = 32

Encoding = Literal["dense", "nonzero", "indexed", "deflate"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


@dataclass(frozen=True)
class Sizes(Encoded):
    """Bits of all Conv and Dense weights as in ``Encoded``, and of those of the original.

    Attributes
    ----------
    float32 : int
        32 × the weights of the original network.
    """

    float32: int

    def ratio(self, encoding: Encoding) -> float:
        """Return how many times smaller than the float32 original; infinite for no bits at all."""
        bits: int = getattr(self, encoding)
        return self.float32 / bits if bits else float("inf")


def measure(network: Network) -> Sizes:
    """Return the sizes of a network as its file and its circuit will have them."""
    return sizes_of(quantized_graph(network), network.original_weights)


def sizes_of(graph: Graph, original_weights: int) -> Sizes:
    """Return the sizes of a graph's weights; real numbers count as float32.

    Parameters
    ----------
    graph : Graph
    original_weights : int
        Number of weights of the network that was given.
    """
    encoded = encode(_layers(graph))
    return Sizes(**asdict(encoded), float32=FLOAT_BITS * original_weights)


def _layers(graph: Graph) -> Iterator[tuple[npt.NDArray[Any], int]]:
    for op in map(graph.op, graph.order()):
        if isinstance(op, Conv | Dense):
            weight = op.weight
            if op.weight_scale is None:
                yield weight, FLOAT_BITS
            elif (np.abs(weight) <= 1).all():
                yield weight, 2
            else:
                yield weight, bits_for(min(-1, int(weight.min())), int(weight.max()))

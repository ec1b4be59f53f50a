"""Which tensor of the program holds the numbers of which tensor of the ONNX file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.program import Program
from ..ir import ops as ir
from ..ir.graph import Graph
from ..ir.layers import layer_of
from ..ir.origin import Origin, Places, transposed
from ..lower.value import Reals, Value

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

Values = Mapping[str, Value | None]
"""What lowering says of every node (see ``Lowering``)."""

Origins = Mapping[str, Origin]
"""Origins of nodes, those that passes have removed included."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A tensor of the program and one of the file: ``clip(tensor * factor + shift, low, high)``.

    Attributes
    ----------
    layer : str
        The node that a user looks for: the Conv whose sums a quantizer rounds, for example.
    op : str
        Its kind.
    tensor : str
        In the program.
    onnx : str
        In the file.
    places : int64 (elements,)
        ``tensor.flat[i]`` of a frame is element ``places[i]`` of the file's frame.
    shape : tuple of int
        Of the program's tensor.
    factor, shift : float64 (1,) or (channels,)
    low, high : float64 (1,) or (channels,)
        Infinite where nothing is clipped.
    calibrated : bool
        Whether calibration put the quantizer in: the file's tensor is not on its grid.
    """

    layer: str
    op: str
    tensor: str
    onnx: str
    places: Places
    shape: tuple[int, ...]
    factor: FloatArray
    shift: FloatArray
    low: FloatArray
    high: FloatArray
    calibrated: bool = False

    def reals(self, integers: Array) -> FloatArray:
        """Return what the program's integers (N, *shape) mean."""
        values: FloatArray = np.clip(integers * self.factor + self.shift, self.low, self.high)
        return values

    def taken(self, values: Array) -> Array:
        """Return the file's tensor (N, elements) in the program's order, (N, *shape)."""
        return values[:, self.places].reshape(len(values), *self.shape)

    def codes(self, values: Array) -> FloatArray:
        """Return the file's tensor (N, elements) in steps of the program's grid.

        Whole numbers but for float32 rounding, where the tensor lies on the grid. A file's
        integers (behind QuantizeLinear) are the codes themselves.
        """
        taken = self.taken(values)
        if values.dtype.kind in "iu":
            return taken.astype(np.float64)
        return (taken.astype(np.float64) - self.shift) / self.factor


def coded_pairs(
    graph: Graph,
    program: Program,
    values: Values,
    origins: Origins,
    calibrated: Collection[str] = (),
) -> list[Pair]:
    """Return the pairs of all tensors that lie on the grid of a quantizer, in the graph's order.

    Parameters
    ----------
    graph, program, values
        A graph and its lowering.
    origins : mapping of node name to Origin
        See ``every_origin``.
    calibrated : collection of str
        The quantizers that calibration put in.
    """
    coded: set[str] = set()
    pairs: dict[str, Pair] = {}
    for node in graph.order():
        op, value = graph.op(node), values.get(node)
        if isinstance(op, ir.Quantize | ir.MultiThreshold) or (
            isinstance(op, ir.MaxPool) and graph.inputs(node)[0] in coded
        ):
            coded.add(node)
        elif isinstance(op, ir.Reshape | ir.Transpose) and graph.inputs(node)[0] in coded:
            coded.add(node)
            continue
        else:
            continue
        if value is None or len(value.terms) != 1 or value.clipped:
            continue
        term = value.terms[0]
        if term.tensor in program.types:
            pair = pair_of(graph, node, value, term.factor, origins, term.tensor)
            # Two quantizers of one grid share a tensor; the first is the layer's own.
            pairs.setdefault(term.tensor, replace(pair, calibrated=node in calibrated))
    return list(pairs.values())


def output_pairs(graph: Graph, program: Program, values: Values, origins: Origins) -> list[Pair]:
    """Return the pairs of what leaves the circuit, one an output of the program.

    Where the host goes on (Softmax, ArgMax), the file's tensor is the one before that.
    """
    pairs = []
    for output, (node, _) in zip(program.outputs, graph.outputs, strict=True):
        value = values.get(node)
        while value is None:
            node = graph.inputs(node)[0]
            value = values.get(node)
        factor = tuple(map(Fraction, output.scale.tolist()))
        pairs.append(pair_of(graph, node, value, factor, origins, output.tensor))
    return pairs


def pair_of(
    graph: Graph, node: str, value: Value, factor: Reals, origins: Origins, tensor: str
) -> Pair:
    """Return the pair of a node's tensor and a tensor of the program."""
    origin = origins[node]
    order = value.order.reshape(-1)
    places = np.empty(order.size, np.int64)
    places[order] = np.arange(order.size) if origin.places is None else origin.places
    layer = layer_of(graph, node)
    return Pair(
        layer,
        type(graph.op(layer)).__name__,
        tensor,
        origin.tensor,
        places,
        value.shape,
        _floats(factor),
        _floats(value.shift),
        _floats(-inf if x is None else x for x in value.low or (None,)),
        _floats(inf if x is None else x for x in value.high or (None,)),
    )


def _floats(values: Iterable[Fraction | float]) -> FloatArray:
    return np.array([float(x) for x in values])


def every_origin(graphs: Collection[Graph], tensors: Collection[str]) -> dict[str, Origin]:
    """Return the origins of all nodes in all graphs, of the last graph where several hold one.

    What the compiler puts in has no tensor of its own in the file. A quantizer is named
    ``<node>/quantize`` after the node whose tensor it rounds; a Transpose or Reshape moves the
    elements of its source.

    Parameters
    ----------
    graphs : collection of Graph
        In the order in which passes made them.
    tensors : collection of str
        Names of the file's tensors.
    """
    origins: dict[str, Origin] = {}
    for graph in graphs:
        for name in graph.order():
            op, origin = graph.op(name), graph.origin(name)
            if origin.tensor not in tensors:
                origin = origins.get(name.removesuffix("/quantize"), origin)
                if isinstance(op, ir.Transpose | ir.Reshape):
                    origin = origins[graph.inputs(name)[0]]
                if isinstance(op, ir.Transpose):
                    shape = graph.shape(graph.inputs(name)[0])
                    origin = origin.moved(transposed(shape, op.perm))
            origins[name] = origin
    return origins

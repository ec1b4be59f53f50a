"""The compressed network as a quantized graph, and as a QDQ file in the layout of the original."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.clip import Clip
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.original import ORIGINAL_WEIGHTS
from ..ir.rebuild import only_consumer, rebuild
from ..onnx_io.write.original import write_original
from ..passes.dead_code import DeadCode
from ..quantize.weights import exact_scales
from ..workspace import new_file
from .codes import codes_of, weights_of
from .network import Network
from .norm import Norm

FloatArray = npt.NDArray[np.float64]

COMPRESSED = "sangi.compressed"
"""Key of a model's metadata: JSON, how it was made."""


def quantized_graph(network: Network) -> Graph:
    """Return a network with the weights of its rules as codes, and every Norm folded.

    Before: ``Layer(w) -> Norm(gamma, beta, mean, variance)`` with ``w = code * s`` per filter;
    after: ``Layer(±code, scale s * |g|, bias beta - g * mean)`` where ``g = gamma / sqrt(variance
    + epsilon)`` and the codes of filters with ``g < 0`` have the other sign. Where a filter's scale
    would be 0 its codes are, with scale 1.

    Layers without a grid keep real weights, and their Norm becomes a BatchNorm; so does one that
    stands behind anything but a layer of its own. All numbers are those of float32, rounded once:
    the graph means exactly what its file says.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Graph
        Channels last; int64 weights with one scale per filter where the rule has a grid.
    """
    graph = network.graph
    folded: dict[str, str] = {}

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        origin = graph.origin(name)
        if name in folded:
            return inputs[0]
        if isinstance(op, Conv | Dense):
            rule = network.rules[name]
            reader = only_consumer(graph, name)
            norm = None if reader is None else graph.op(reader)
            if rule.grid is None:
                weights = weights_of(op.weight, rule).astype(np.float64)
                op = replace(op, weight=weights, bias=_bias32(op))
            elif reader is not None and isinstance(norm, Norm):
                op = _folded(op, *codes_of(op.weight, rule), norm)
                folded[reader] = name
                origin = graph.origin(reader)
            else:
                codes, scale = codes_of(op.weight, rule)
                op = replace(
                    op,
                    weight=codes.astype(np.int64),
                    weight_scale=exact_scales(scale),
                    bias=_bias32(op),
                )
        elif isinstance(op, Norm):
            gain = op.gain().astype(np.float32)
            shift = (op.beta - op.gain() * op.mean).astype(np.float32)
            op = BatchNorm(exact_scales(gain), exact_scales(shift))
        elif isinstance(op, Affine):
            op = Affine(_round32(op.scale), _round32(op.shift))
        elif isinstance(op, Clip):
            low, high = (None if end is None else _round32((end,))[0] for end in (op.low, op.high))
            op = Clip(low, high)
        return builder.add(name, op, inputs, origin)

    metadata = {**graph.metadata, ORIGINAL_WEIGHTS: str(network.original_weights)}
    # Nothing reads what a stage left behind: it is no part of the file.
    return replace(DeadCode()(rebuild(graph, visit)), metadata=metadata).verify()


def write_compressed(graph: Graph, path: str | Path, metadata: Mapping[str, str]) -> Graph:
    """Write a graph as QDQ ONNX in the layout of the original; the same graph, the same bytes.

    The file appears whole or not at all.

    Parameters
    ----------
    graph : Graph
        As ``quantized_graph`` makes it.
    path : str or Path
        Replaced where it exists.
    metadata : mapping of str to str
        Added to what the graph says about itself.

    Returns
    -------
    Graph
        What the file holds.

    Raises
    ------
    BuildError
        If the file cannot be written.
    UnsupportedError
        As ``write_original``.
    """
    graph = replace(graph, metadata={**graph.metadata, **metadata})
    data = write_original(graph).SerializeToString(deterministic=True)
    with new_file(Path(path)) as place:
        place.write_bytes(data)
    return graph


def _folded(
    op: Conv | Dense, codes: npt.NDArray[Any], scale: npt.NDArray[np.float32], norm: Norm
) -> Conv | Dense:
    gain = norm.gain()
    bias = norm.beta - gain * norm.mean
    if op.bias is not None:
        bias = bias + gain * np.array([float(value) for value in op.bias])
    scaled = (scale.astype(np.float64) * np.abs(gain)).astype(np.float32)
    signs = np.where(scaled > 0, np.sign(gain), 0).astype(np.int64)
    turned = codes.astype(np.int64) * signs.reshape(-1, *(1,) * (codes.ndim - 1))
    return replace(
        op,
        weight=turned,
        weight_scale=exact_scales(np.where(scaled > 0, scaled, np.float32(1))),
        bias=exact_scales(bias.astype(np.float32)),
    )


def _bias32(op: Conv | Dense) -> tuple[Fraction, ...] | None:
    return None if op.bias is None else _round32(op.bias)


def _round32(values: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return exact_scales(np.array([float(value) for value in values], np.float32))

"""The integer program executed against the graph that it was lowered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.host import execute, prepare
from ...runtime.program import Program
from ..execute.real.execute import channels_last, compute
from ..execute.real.quantize import is_near_edge, settled
from ..ir import ops as ir
from ..ir.graph import Graph
from ..lower.inputs import REAL
from ..lower.value import Value
from .compare import TOLERANCE, Comparison, Difference, at, difference_of
from .exact import element, rounded
from .frames import draw_frames, input_of

Reals = npt.NDArray[np.float64]

#: Outputs are float32: relative to the largest element of one.
FLOAT32 = 1e-6

SIDES = ("in the graph", "in the program")


def compare_program(
    graph: Graph,
    program: Program,
    values: Mapping[str, Value | None],
    frames: npt.NDArray[Any],
    seed: int,
) -> Comparison:
    """Compare every node of a graph with what lowering says that it is in the program.

    Every node is computed in float64 from the *program's* values of the quantizers before it, so
    that each difference is seen where it arises. Where codes differ, exact rationals decide: near
    the edge between two codes float64 may be wrong.

    Parameters
    ----------
    graph, program, values
        What lowering took and gave (see ``Lowering``).
    frames : (N, *declared shape) array
        If the program takes bytes and these are none, others are drawn.
    seed : int
        Of those.
    """
    if program.inputs[0].kind == "bytes" and not _are_bytes(frames):
        frames = np.clip(np.rint(draw_frames(graph, len(frames), seed)), 0, 255)
    entry = channels_last(input_of(graph), frames)
    tensors: dict[str, Any] = {**program.run(*prepare(program, entry))}
    known: dict[str, Reals] = {}
    count = 0
    for name in graph.order():
        op = graph.op(name)
        inputs = [known[source] for source in graph.inputs(name)]
        if isinstance(op, ir.Input):
            known[name] = tensors[REAL + name] = entry
            continue
        known[name] = compute(op, *inputs)
        value = values.get(name)
        if value is None:
            continue
        got = real_of(value, tensors)
        source = values.get(graph.inputs(name)[0])
        if isinstance(op, ir.Quantize | ir.MultiThreshold) and source is not None:
            text = _code_difference(op, source, tensors, known[name], got)
            if text is not None and _by_host(program, op, source, inputs[0], known[name], got):
                text = None
            known[name] = got
        else:
            text = difference_of(known[name], got, sides=SIDES)
        if text is not None:
            return Comparison(Difference(name, graph.tensor(name), text), count)
        count += 1
    outputs = execute(program, entry)
    for node, output in graph.outputs:
        text = _output_difference(graph, node, known, outputs[output].astype(np.float64))
        if text is not None:
            return Comparison(Difference(node, output, text), count)
        count += 1
    return Comparison(None, count)


def real_of(value: Value, tensors: Mapping[str, npt.NDArray[Any]]) -> Reals:
    """Return the real tensor (N, *shape of the node) that a value of lowering stands for."""
    shift = _floats(value.shift)
    parts = [tensors[t.tensor].astype(np.float64) * _floats(t.factor) for t in value.terms]
    total = settled(shift + sum(parts), np.abs(shift) + sum(map(np.abs, parts)))
    if value.low is not None:
        total = np.maximum(total, _floats(value.low, -np.inf))
    if value.high is not None:
        total = np.minimum(total, _floats(value.high, np.inf))
    order = value.order
    return np.asarray(total.reshape(len(total), -1)[:, order.reshape(-1)]).reshape(-1, *order.shape)


def _code_difference(
    op: ir.Quantize | ir.MultiThreshold,
    source: Value,
    tensors: Mapping[str, npt.NDArray[Any]],
    want: Reals,
    got: Reals,
) -> str | None:
    """Return where the program's codes are not the quantizer's; None if nowhere."""
    tolerance = TOLERANCE * float(np.abs(want).max(initial=0))
    for index in np.argwhere(np.abs(got - want) > tolerance):
        place = tuple(int(i) for i in index)
        exact = rounded(op, element(source, tensors, place), place[-1])
        if abs(got[place] - float(exact)) > tolerance:
            return at(place, want, got, SIDES)
    return None


def _by_host(program: Program, op: ir.Op, source: Value, x: Reals, want: Reals, got: Reals) -> bool:
    """Whether the host rounded this in float64, and differs only where noise may decide."""
    if program.inputs[0].kind == "bytes" or not source.terms[0].tensor.startswith(REAL):
        return False
    return isinstance(op, ir.Quantize) and bool((is_near_edge(op, x) | (got == want)).all())


def _floats(values: Any, missing: float = 0.0) -> Reals:
    return np.array([missing if value is None else float(value) for value in values])


def _output_difference(
    graph: Graph, node: str, known: Mapping[str, Reals], got: Reals
) -> str | None:
    want = known[node]
    if want.shape != got.shape:
        return f": shape {want.shape[1:]} {SIDES[0]}, {got.shape[1:]} {SIDES[1]}"
    op = graph.op(node)
    if isinstance(op, ir.ArgMax):
        want = _chosen(op, known[graph.inputs(node)[0]], want, got)
    return difference_of(want, got, FLOAT32, SIDES)


def _chosen(op: ir.ArgMax, x: Reals, want: Reals, got: Reals) -> Reals:
    """Return ``want`` with the program's choice wherever that is as large but for noise."""
    kept = [place if op.keepdims else np.expand_dims(place, op.axis + 1) for place in (want, got)]
    first, second = (
        np.take_along_axis(x, place.astype(np.int64), op.axis + 1).reshape(want.shape)
        for place in kept
    )
    near = np.abs(first - second) <= FLOAT32 * np.abs(x).max(initial=0)
    return np.where(near, got, want)


def _are_bytes(frames: npt.NDArray[Any]) -> bool:
    return bool((frames == np.rint(frames)).all() and frames.min() >= 0 and frames.max() <= 255)

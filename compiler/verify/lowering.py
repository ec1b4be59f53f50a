"""The integer program executed against the graph that it was lowered from."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.host import execute, prepare
from ...runtime.program import Program
from ..execute.real.execute import channels_last, compute
from ..execute.real.quantize import is_near_edge, scales
from ..ir import ops as ir
from ..ir.graph import Graph
from ..lower.exact import divide
from ..lower.inputs import REAL
from ..lower.value import Value
from .compare import Comparison, Difference, at, difference_of
from .frames import draw_frames, input_of

Reals = npt.NDArray[np.float64]
Place = tuple[int, ...]

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
    that each difference is seen where it arises. Codes must be equal; where a real lies within
    float64's noise of the edge between two codes (see ``is_near_edge``), exact rationals decide.

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
        if isinstance(op, ir.Quantize):
            source = values[graph.inputs(name)[0]]
            text = _code_difference(program, tensors, op, source, inputs[0], known[name], got)
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
    total: Any = _floats(value.shift)
    for term in value.terms:
        total = total + tensors[term.tensor].astype(np.float64) * _floats(term.factor)
    if value.low is not None:
        total = np.maximum(total, _floats(value.low, -np.inf))
    if value.high is not None:
        total = np.minimum(total, _floats(value.high, np.inf))
    order = value.order
    return np.asarray(total.reshape(len(total), -1)[:, order.reshape(-1)]).reshape(-1, *order.shape)


def exact_of(value: Value, tensors: Mapping[str, npt.NDArray[Any]], place: Place) -> Fraction:
    """Return one element (frame, *index) of ``real_of``, exactly."""
    there = int(value.order[place[1:]])
    channel = there % value.shape[-1]

    def entry(numbers: Any) -> Any:
        return numbers[channel if len(numbers) > 1 else 0]

    total: Fraction = entry(value.shift)
    for term in value.terms:
        element = tensors[term.tensor][place[0]].reshape(-1)[there]
        total += Fraction(element.item()) * entry(term.factor)
    low, high = (None if bound is None else entry(bound) for bound in (value.low, value.high))
    if low is not None:
        total = max(total, low)
    return total if high is None else min(total, high)


def exact_code(op: ir.Quantize, x: Fraction, channel: int) -> int:
    """Return the code of one real."""
    scale, zero = (numbers[channel % len(numbers)] for numbers in (op.scale, op.zero_point))
    quotient = x / scale + (zero if op.zero_first else 0)
    code = divide(quotient.numerator, quotient.denominator, op.rounding)
    return int(min(max(code if op.zero_first else code + zero, op.low), op.high))


def _code_difference(
    program: Program,
    tensors: Mapping[str, npt.NDArray[Any]],
    op: ir.Quantize,
    source: Value | None,
    x: Reals,
    want: Reals,
    got: Reals,
) -> str | None:
    """Return where the program's codes are not the quantizer's; None if nowhere."""
    steps = np.rint(np.abs(got - want) / scales(op))
    near = is_near_edge(op, x)
    for index in np.argwhere(steps > 0):
        place = tuple(int(i) for i in index)
        if steps[place] == 1 and near[place] and source is not None:
            if source.terms[0].tensor.startswith(REAL) and program.inputs[0].kind == "codes":
                # The host quantizes in float64, where noise may decide.
                continue
            code = exact_code(op, exact_of(source, tensors, place), place[-1])
            zero = op.zero_point[place[-1] % len(op.zero_point)]
            step = op.scale[place[-1] % len(op.scale)]
            if abs(got[place] - float((code - zero) * step)) < 0.5 * float(step):
                continue
        return at(place, want, got, SIDES)
    return None


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

"""From the integer-ready graph to the integer program: no number changes on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Literal

import numpy as np

from ...runtime.errors import ModelError, UnsupportedError
from ...runtime.ops.add import Add
from ...runtime.ops.base import IntArray, TensorType
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.reshape import Reshape
from ...runtime.ops.sumpool import SumPool
from ...runtime.program import Input, Output, Program, Step
from ..ir import ops as ir
from ..ir.graph import Graph
from .add import requantizing_add
from .builder import Builder
from .exact import Rounded
from .requantize import MAX_PRODUCT_BITS, requantizer
from .value import Reals, Term, Value, add_reals, per_channel

InputKind = Literal["auto", "bytes", "codes"]

REAL = "\0"
"""Marks a term that is not a tensor of the program yet: a real input before its quantizer."""

ORIGINAL_WEIGHTS = "sangi.original_weights"


def lower(graph: Graph, *, input_kind: InputKind = "auto") -> Program:
    """Return the integer program of a graph in normal form (every real value rounded exactly).

    Parameters
    ----------
    graph : Graph
        Channels last, quantized: see ``compiler/passes``.
    input_kind : str
        What the circuit takes: raw ``bytes`` (0…255), or ``codes`` of the first quantizer, which
        the host then computes; ``auto`` takes bytes for normalized inputs, and for images whose
        first quantizer can tell whole numbers apart (scale at least 1/2).

    Raises
    ------
    ModelError
        If a value that must be quantized is not.
    UnsupportedError
        If something cannot be mapped exactly; the message names the node.
    """
    return _Lowering(graph, input_kind).run()


class _Lowering:
    """One pass over the graph; ``values`` holds what every node's tensor is in integers."""

    def __init__(self, graph: Graph, input_kind: InputKind) -> None:
        self.graph = graph
        self.input_kind = input_kind
        self.builder = Builder()
        self.values: dict[str, Value] = {}
        self.raw: dict[str, ir.Input] = {}
        self.entries: dict[str, Input] = {}
        self.rules: dict[type, Callable[[str, Any], Value]] = {
            ir.Input: self._input,
            ir.Quantize: self._quantize,
            ir.Affine: self._affine,
            ir.BatchNorm: self._affine,
            ir.Relu: self._relu,
            ir.Clip: self._clip,
            ir.Conv: self._conv,
            ir.Dense: self._dense,
            ir.Add: self._add,
            ir.MaxPool: self._maxpool,
            ir.AveragePool: self._averagepool,
            ir.Reshape: self._reshape,
            ir.Transpose: self._transpose,
        }

    def run(self) -> Program:
        graph = self.graph
        tails: dict[str, tuple[str, tuple[Step, ...]]] = {}
        for name in graph.order():
            op = graph.op(name)
            step = _tail_step(op)
            sources = graph.inputs(name)
            if step is not None:
                source = sources[0]
                node, steps = tails.get(source, (source, ()))
                tails[name] = (node, (*steps, step))
                continue
            if sources and sources[0] in tails:
                move = _move(op)
                if move is None:
                    raise UnsupportedError(
                        f"{type(op).__name__} '{name}' must not follow Softmax, Sigmoid or ArgMax; "
                        "these are computed by the host, at the end of the model"
                    )
                node, steps = tails[sources[0]]
                tails[name] = (node, (*steps, move))
                continue
            rule = self.rules.get(type(op))
            if rule is None:
                raise UnsupportedError(
                    f"{type(op).__name__} '{name}' cannot be mapped to a circuit"
                )
            try:
                self.values[name] = rule(name, op)
            except ValueError as error:
                raise UnsupportedError(f"{type(op).__name__} '{name}': {error}") from error
        outputs = tuple(
            self._output(out, *tails.get(node, (node, ()))) for node, out in graph.outputs
        )
        weights = sum(
            int(op.weight.size)
            for op in map(graph.op, graph.order())
            if isinstance(op, ir.Conv | ir.Dense)
        )
        return Program(
            name=graph.name,
            inputs=tuple(self.entries.values()),
            nodes=tuple(self.builder.nodes),
            outputs=outputs,
            types=dict(self.builder.types),
            original_weights=int(graph.metadata.get(ORIGINAL_WEIGHTS, weights)),
        )

    # Inputs: a value whose one term is not a tensor yet, until its quantizer decides its kind.

    def _input(self, name: str, op: ir.Input) -> Value:
        key = REAL + name
        self.raw[key] = op
        one = (Fraction(1),)
        return Value((Term(key, one),), (Fraction(0),), self.graph.shape(name))

    def _quantize_input(self, name: str, op: ir.Quantize, value: Value) -> Value:
        source = value.terms[0].tensor
        declared = self.raw[source]
        normalized = value.terms[0].factor != (Fraction(1),) or value.shift != (Fraction(0),)
        kind = self.input_kind
        if kind == "auto":
            whole = len(value.shape) == 3 and min(op.scale) >= Fraction(1, 2)
            kind = "bytes" if normalized or whole else "codes"
        previous = self.entries.get(source)
        if previous is not None and (previous.kind, kind) != ("bytes", "bytes"):
            raise UnsupportedError(f"Input '{declared.name}' must have one quantizer, not several")
        if value.moves and max(len(op.scale), len(value.shift)) > 1:
            raise UnsupportedError(
                f"Quantize '{name}' must come before the input is transposed or reshaped"
            )
        if kind == "codes":
            tensor = self.builder.source(
                self.graph.tensor(name), TensorType(value.shape, op.low, op.high)
            )
            before = _host_quantizer(value, op)
            self.entries[source] = Input(
                tensor, declared.name, declared.shape, declared.layout, "codes", before
            )
            return _codes(op, tensor, value.shape)
        if previous is None:
            tensor = self.builder.source(
                self.graph.tensor(source.removeprefix(REAL)), TensorType(value.shape, 0, 255)
            )
            self.entries[source] = Input(
                tensor, declared.name, declared.shape, declared.layout, "bytes"
            )
        else:
            tensor = previous.tensor
        functions = self._functions(op, value.terms[0].factor, value)
        return self._bytes_to_codes(name, op, tensor, functions, value.shape)

    def _bytes_to_codes(
        self,
        name: str,
        op: ir.Quantize,
        tensor: str,
        functions: list[Rounded],
        shape: tuple[int, ...],
    ) -> Value:
        table = np.array([[f(x) for x in range(256)] for f in functions], dtype=np.int64)
        if (table == table[0]).all():
            table = table[:1]
        steps = np.arange(256)
        moved = int(table[0, 128]) - 128
        if len(table) == 1 and (table[0] == np.clip(steps + moved, op.low, op.high)).all():
            if moved == 0 and op.low <= 0 and op.high >= 255:
                return _codes(op, tensor, shape)
            one = np.ones(1, dtype=np.int64)
            node = Requantize(one, one * moved, 0, op.low, op.high)
            output = self.builder.emit(name, node, (tensor,), self.graph.tensor(name))
        else:
            output = self.builder.emit(name, Lookup(table, 0), (tensor,), self.graph.tensor(name))
        return _codes(op, output, shape)

    # Elementwise functions wait for the quantizer that rounds them.

    def _affine(self, name: str, op: ir.Affine | ir.BatchNorm) -> Value:
        value = self._source(name)
        if value.moves and len(op.scale) > 1:
            value = self._settled(name, value)
        return value.affine(op.scale, op.shift)

    def _relu(self, name: str, op: ir.Relu) -> Value:
        return self._source(name).clip(Fraction(0), None)

    def _clip(self, name: str, op: ir.Clip) -> Value:
        low, high = (None if x is None else Fraction(x) for x in (op.low, op.high))
        return self._source(name).clip(low, high)

    def _quantize(self, name: str, op: ir.Quantize) -> Value:
        value = self._source(name)
        if len(value.terms) == 1 and value.terms[0].tensor in self.raw:
            return replace(self._quantize_input(name, op, value), moves=value.moves)
        if len(op.scale) > 1 and value.moves:
            value = self._settled(name, value)
        if len(value.terms) == 2:
            rounded = self._rounded_sum(name, op, value)
            if rounded is not None:
                return rounded
            value = self._wide_sum(name, value)
        term = value.terms[0]
        type_ = self.builder.types[term.tensor]
        functions = self._functions(op, term.factor, value)
        if _is_identity(functions, type_):
            return replace(_codes(op, term.tensor, value.shape), moves=value.moves)
        node = requantizer(functions, type_.low, type_.high)
        output = self.builder.emit(name, node, (term.tensor,), self.graph.tensor(name))
        return replace(_codes(op, output, value.shape), moves=value.moves)

    def _functions(self, op: ir.Quantize, factor: Reals, value: Value) -> list[Rounded]:
        """Return the rounded function of every channel (one where all are equal)."""
        parts = [factor, value.shift, op.scale]
        parts += [bound for bound in (value.low, value.high) if bound is not None]
        count = max(len(part) for part in parts)
        factors = per_channel(factor, count)
        shifts = per_channel(value.shift, count)
        scales = per_channel(op.scale, count)
        zeros = op.zero_point * count if len(op.zero_point) == 1 else op.zero_point
        lows = per_channel(value.low, count) if value.low is not None else (None,) * count
        highs = per_channel(value.high, count) if value.high is not None else (None,) * count
        functions = []
        for a, b, s, zero, low, high in zip(
            factors, shifts, scales, zeros, lows, highs, strict=True
        ):
            # Rounding is monotone: a clip before it is a clip of the codes behind it.
            first = op.low if low is None else _code(low / s, zero, op)
            last = op.high if high is None else _code(high / s, zero, op)
            functions.append(Rounded(a / s, b / s, zero, first, last))
        return functions

    # Additions

    def _add(self, name: str, op: ir.Add) -> Value:
        values = []
        for source in self.graph.inputs(name):
            value = self._plain(name, self._quantized(name, source))
            if len(value.terms) == 2:
                value = self._wide_sum(source, value)
            values.append(value)
        first, second = values
        if not _same_order(first, second):
            first, second = (self._settled(name, value) for value in values)
        return Value(
            (first.terms[0], second.terms[0]),
            add_reals(first.shift, second.shift),
            first.shape,
            moves=first.moves,
        )

    def _rounded_sum(self, name: str, op: ir.Quantize, value: Value) -> Value | None:
        """Return the sum as one requantizing Add, or None where none is proved."""
        a, b = value.terms
        functions = self._functions(op, (Fraction(0),), value)
        if len({*map(len, (a.factor, b.factor))}) != 1 or len(a.factor) != 1:
            return None
        if len(functions) != 1:
            return None
        (function,) = functions
        scale = op.scale[0]
        types = [self.builder.types[term.tensor] for term in value.terms]
        node = requantizing_add(
            (a.factor[0] / scale, b.factor[0] / scale),
            function.shift,
            function.zero_point,
            function.low,
            function.high,
            ((types[0].low, types[0].high), (types[1].low, types[1].high)),
        )
        if node is None:
            return None
        tensor = self.builder.emit(
            self._sum_name(name), node, (a.tensor, b.tensor), self.graph.tensor(name)
        )
        return replace(_codes(op, tensor, value.shape), moves=value.moves)

    def _sum_name(self, name: str) -> str:
        """Return the name of the addition that a quantizer rounds: what a user looks for."""
        source = self.graph.inputs(name)[0]
        while not isinstance(self.graph.op(source), ir.Add):
            source = self.graph.inputs(source)[0]
        return source

    def _wide_sum(self, name: str, value: Value) -> Value:
        """Return the sum as an exact integer tensor: both factors as multiples of one unit."""
        count = max(len(term.factor) for term in value.terms)
        factors = [per_channel(term.factor, count) for term in value.terms]
        units, multipliers = [], []
        for a, b in zip(*factors, strict=True):
            denominator = lcm(a.denominator, b.denominator)
            p, q = int(a * denominator), int(b * denominator)
            common = gcd(p, q) or 1
            units.append(Fraction(common, denominator))
            multipliers.append((p // common, q // common))
        types = [self.builder.types[term.tensor] for term in value.terms]
        ends = [
            [sorted((m * t.low, m * t.high)) for m, t in zip(pair, types, strict=True)]
            for pair in multipliers
        ]
        low = min(first[0] + second[0] for first, second in ends)
        high = max(first[1] + second[1] for first, second in ends)
        if max(abs(low), abs(high)).bit_length() > MAX_PRODUCT_BITS:
            raise UnsupportedError(
                f"Add '{name}' must have inputs whose scales are simple multiples of each other "
                "or at most 8 bits wide; quantize its inputs to 8 bits"
            )
        node = Add(
            np.array(multipliers, dtype=np.int64).T.copy(),
            np.zeros(1, dtype=np.int64),
            0,
            low,
            high,
        )
        tensors = tuple(term.tensor for term in value.terms)
        tensor = self.builder.emit(f"{name}_sum", node, tensors, f"{name}_sum")
        return replace(value, terms=(Term(tensor, tuple(units)),))

    # Layers with weights

    def _conv(self, name: str, op: ir.Conv) -> Value:
        value = self._settled(name, self._plain(name, self._quantized(name)))
        scale, zero = self._grid(name, value)
        weights, reals = self._weights(name, op)
        node = Conv(weights, op.stride, op.padding, op.dilation, pad_value=zero, groups=op.groups)
        source = value.terms[0].tensor
        tensor = self.builder.emit(name, node, (source,), self.graph.tensor(name))
        return self._accumulated(name, op, tensor, weights, scale, zero, reals)

    def _dense(self, name: str, op: ir.Dense) -> Value:
        value = self._plain(name, self._quantized(name))
        scale, zero = self._grid(name, value)
        weights, reals = self._weights(name, op)
        columns = np.empty_like(weights)
        # The program's order of features is the stream's; the graph's order is undone in the
        # weights, which costs nothing.
        columns[:, value.order.reshape(-1)] = weights
        source = self._as_vector(name, value)
        tensor = self.builder.emit(name, Dense(columns), (source,), self.graph.tensor(name))
        return self._accumulated(name, op, tensor, columns, scale, zero, reals)

    def _weights(self, name: str, op: ir.Conv | ir.Dense) -> tuple[IntArray, Reals]:
        if op.weight_scale is None:
            raise ModelError(
                f"weights of {type(op).__name__} '{name}' must be quantized, not float: "
                "give --data images.npz (calibration images) or export a QDQ model"
            )
        return np.asarray(op.weight, dtype=np.int64), op.weight_scale

    def _accumulated(
        self,
        name: str,
        op: ir.Conv | ir.Dense,
        tensor: str,
        weights: IntArray,
        scale: Fraction,
        zero: int,
        reals: Reals,
    ) -> Value:
        filters = len(weights)
        factor = tuple(scale * r for r in per_channel(reals, filters))
        sums = weights.reshape(filters, -1).sum(axis=1)
        bias = op.bias if op.bias is not None else (Fraction(0),) * filters
        shift = tuple(
            b - f * zero * int(total) for b, f, total in zip(bias, factor, sums, strict=True)
        )
        return Value((Term(tensor, factor),), shift, self.graph.shape(name))

    # Pooling and shapes

    def _maxpool(self, name: str, op: ir.MaxPool) -> Value:
        value = self._settled(name, self._source(name))
        if len(value.terms) == 2:
            value = self._wide_sum(name, value)
        term = value.terms[0]
        if term.tensor in self.raw:
            raise _unquantized(name, op)
        if min(term.factor) <= 0:
            raise ValueError("the scale of the input must be positive, not negative or 0")
        node = MaxPool(op.kernel, op.stride, op.padding, op.dilation)
        tensor = self.builder.emit(name, node, (term.tensor,), self.graph.tensor(name))
        return replace(
            value, terms=(Term(tensor, term.factor),), shape=self.builder.types[tensor].shape
        )

    def _averagepool(self, name: str, op: ir.AveragePool) -> Value:
        value = self._settled(name, self._plain(name, self._quantized(name)))
        if any(op.padding) and not op.count_include_pad:
            raise ValueError(
                "count_include_pad must be 1 where the input is padded, not 0; export with "
                "count_include_pad=1, or without padding"
            )
        scale, zero = self._grid(name, value)
        node = SumPool(op.kernel, op.stride, op.padding, pad_value=zero)
        tensor = self.builder.emit(name, node, (value.terms[0].tensor,), self.graph.tensor(name))
        places = op.kernel[0] * op.kernel[1]
        return Value(
            (Term(tensor, (scale / places,)),), (-scale * zero,), self.builder.types[tensor].shape
        )

    def _reshape(self, name: str, op: ir.Reshape) -> Value:
        value = self._source(name)
        return self._moved(value, Step("reshape", {"shape": list(op.shape)}))

    def _transpose(self, name: str, op: ir.Transpose) -> Value:
        value = self._source(name)
        return self._moved(value, Step("transpose", {"perm": list(op.perm)}))

    def _moved(self, value: Value, step: Step) -> Value:
        moved = replace(value, moves=(*value.moves, step))
        order = moved.order
        straight = bool((order.reshape(-1) == np.arange(order.size)).all())
        if straight and order.shape == value.shape:
            return replace(value, moves=())
        return moved

    # What ops ask of their inputs

    def _source(self, name: str) -> Value:
        return self.values[self.graph.inputs(name)[0]]

    def _quantized(self, name: str, source: str | None = None) -> Value:
        value = self._source(name) if source is None else self.values[source]
        if any(term.tensor in self.raw for term in value.terms):
            raise _unquantized(name, self.graph.op(name))
        return value

    def _plain(self, name: str, value: Value) -> Value:
        """Return the value with pending clips applied to its codes."""
        if not value.clipped:
            return value
        if len(value.terms) == 2:
            raise _unquantized(name, self.graph.op(name))
        term = value.terms[0]
        type_ = self.builder.types[term.tensor]
        low, high = type_.low, type_.high
        if len(term.factor) != 1 or term.factor[0] <= 0 or len(value.shift) != 1:
            raise _unquantized(name, self.graph.op(name))
        bounds = []
        for bound in (value.low, value.high):
            code = None if bound is None else (bound[0] - value.shift[0]) / term.factor[0]
            if code is not None and (code.denominator != 1 or len(bound or ()) != 1):
                raise _unquantized(name, self.graph.op(name))
            bounds.append(code)
        low = low if bounds[0] is None else min(max(low, int(bounds[0])), high)
        high = high if bounds[1] is None else max(min(high, int(bounds[1])), low)
        one = np.ones(1, dtype=np.int64)
        node = Requantize(one, one * 0, 0, low, high)
        tensor = self.builder.emit(f"{name}_clip", node, (term.tensor,), f"{name}_clip")
        return replace(value, terms=(Term(tensor, term.factor),), low=None, high=None)

    def _settled(self, name: str, value: Value) -> Value:
        """Return the value without pending moves: as a Reshape, where the order is the same."""
        if not value.moves:
            return value
        order = value.order
        if not (order.reshape(-1) == np.arange(order.size)).all():
            raise ValueError(
                "the input must not be transposed; export the model without this Transpose"
            )
        if len(value.shift) > 1 or any(len(term.factor) > 1 for term in value.terms):
            raise ValueError("the input must have one scale where it is reshaped")
        terms = tuple(
            Term(
                self.builder.emit(
                    f"{name}_reshape", Reshape(order.shape), (t.tensor,), f"{name}_reshape"
                ),
                t.factor,
            )
            for t in value.terms
        )
        return replace(value, terms=terms, shape=order.shape, moves=())

    def _as_vector(self, name: str, value: Value) -> str:
        source = value.terms[0].tensor
        type_ = self.builder.types[source]
        if len(type_.shape) == 1:
            return source
        op = Reshape((type_.elements,))
        return self.builder.emit(f"{name}_reshape", op, (source,), f"{name}_reshape")

    def _grid(self, name: str, value: Value) -> tuple[Fraction, int]:
        """Return scale and zero point of a value that lies on one grid for all channels."""
        if len(value.terms) == 2:
            raise _unquantized(name, self.graph.op(name))
        factor, shift = value.terms[0].factor, value.shift
        if len(set(factor)) != 1 or len(set(shift)) != 1:
            raise ValueError(
                "the input must have one scale for all channels, not one per channel; "
                "export with per-tensor activation scales"
            )
        zero = -shift[0] / factor[0] if factor[0] else Fraction(1, 2)
        if zero.denominator != 1:
            raise _unquantized(name, self.graph.op(name))
        return factor[0], int(zero)

    # Outputs

    def _output(self, out: str, node: str, steps: tuple[Step, ...]) -> Output:
        value = self.values[node]
        if any(term.tensor in self.raw for term in value.terms):
            raise ModelError(f"output '{out}' must be computed from the input, not be the input")
        if len(value.terms) == 2:
            value = self._wide_sum(node, value)
        after: tuple[Step, ...] = ()
        if value.clipped:
            after = (
                Step(
                    "clip",
                    {
                        "low": None if value.low is None else [float(x) for x in value.low],
                        "high": None if value.high is None else [float(x) for x in value.high],
                    },
                ),
            )
        return Output(
            tensor=value.terms[0].tensor,
            name=out,
            scale=np.array([float(x) for x in value.terms[0].factor]),
            offset=np.array([float(x) for x in value.shift]),
            after=(*after, *value.moves, *steps),
        )


def _same_order(first: Value, second: Value) -> bool:
    """Whether elements at the same place of the program's tensors meet in the graph."""
    if not first.moves and not second.moves:
        return True
    return first.shape == second.shape and np.array_equal(first.order, second.order)


def _codes(op: ir.Quantize, tensor: str, shape: tuple[int, ...]) -> Value:
    """Return the real value of a quantizer's codes."""
    zeros = op.zero_point * (len(op.scale) // len(op.zero_point))
    shift = tuple(-s * z for s, z in zip(op.scale, zeros, strict=True))
    return Value((Term(tensor, op.scale),), shift, shape)


def _code(value: Fraction, zero: int, op: ir.Quantize) -> int:
    return min(max(round(value) + zero, op.low), op.high)


def _is_identity(functions: list[Rounded], type_: TensorType) -> bool:
    """Whether the functions give every code of a type back."""
    return all(
        f.scale == 1 and f.shift + f.zero_point == 0 and f.low <= type_.low and f.high >= type_.high
        for f in functions
    )


def _host_quantizer(value: Value, op: ir.Quantize) -> tuple[Step, ...]:
    """Return the host's steps from real inputs to codes."""
    steps = []
    factor, shift = value.terms[0].factor, value.shift
    if factor != (Fraction(1),) or shift != (Fraction(0),):
        scale = [float(x) for x in factor]
        steps.append(Step("affine", {"scale": scale, "shift": [float(x) for x in shift]}))
    steps.append(
        Step(
            "quantize",
            {
                "scale": [float(x) for x in op.scale],
                "zero_point": list(op.zero_point),
                "low": op.low,
                "high": op.high,
            },
        )
    )
    return tuple(steps)


def _tail_step(op: Any) -> Step | None:
    if isinstance(op, ir.Softmax):
        return Step("softmax", {"axis": op.axis})
    if isinstance(op, ir.Sigmoid):
        return Step("sigmoid")
    if isinstance(op, ir.ArgMax):
        return Step("argmax", {"axis": op.axis, "keepdims": op.keepdims})
    return None


def _move(op: Any) -> Step | None:
    if isinstance(op, ir.Reshape):
        return Step("reshape", {"shape": list(op.shape)})
    if isinstance(op, ir.Transpose):
        return Step("transpose", {"perm": list(op.perm)})
    return None


def _unquantized(name: str, op: Any) -> ModelError:
    return ModelError(
        f"input of {type(op).__name__} '{name}' must be quantized, not real: give --data "
        "images.npz (calibration images) or export a QDQ model"
    )

"""The order of computation: every node as it stands, or joined into fewer passes over memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ....runtime.errors import UnsupportedError
from ....runtime.numerics import Rounding
from ...ir.graph import Graph
from ...ir.ops.base import Op
from ...ir.ops.maxpool import MaxPool
from ...ir.ops.quantize import Quantize
from ...ir.ops.relu import Relu
from ...ir.rebuild import only_consumer
from ..norm import Norm


@dataclass(frozen=True, eq=False)
class Round(Op):
    """Codes without their zero point: ``clamp(round(x / scale), low, high)``.

    The value is that times ``scale``, a factor that travels beside the tensor.

    Attributes
    ----------
    scale : float
    low, high : int
        0 lies between them or on them.
    divided : bool
        Whether the input is ``x / scale`` already.
    """

    scale: float
    low: int
    high: int
    divided: bool = False

    def infer(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the input's shape."""
        return shapes[0]


@dataclass(frozen=True, eq=False)
class Call:
    """One step of a plan.

    Attributes
    ----------
    node : str
        Whose parameters are used.
    op : Op
        An op of the IR, Norm or Round.
    sources : tuple of str
        Names of the values that it takes.
    target : str
        Name of the value that it makes.
    divisor : float
        Norm: the result is divided by it.
    """

    node: str
    op: Op
    sources: tuple[str, ...]
    target: str
    divisor: float = 1.0


def plain_plan(graph: Graph) -> tuple[Call, ...]:
    """Return one call for every node: all values can be looked at.

    Raises
    ------
    UnsupportedError
        If a quantizer is not one of a single grid and half-even rounding.
    """
    calls = []
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, Quantize):
            op = _round(op, name)
        calls.append(Call(name, op, graph.inputs(name), name))
    return tuple(calls)


def joined_plan(graph: Graph) -> tuple[Call, ...]:
    """Return a plan of the same outputs with fewer and smaller passes over memory.

    ::

        Norm -> Relu -> Quantize -> MaxPool   becomes   Norm / scale -> MaxPool -> Round

    A maximum commutes with what does not decrease; the lower end of the codes is the Relu; the
    division is part of the Norm's factors. Only where nobody else reads what lies between.
    """
    calls: dict[str, Call] = {}
    for call in plain_plan(graph):
        calls[call.target] = call
        if isinstance(call.op, Round):
            _join_round(graph, calls, call)
        elif isinstance(call.op, MaxPool):
            _pool_first(graph, calls, call)
    return tuple(_sorted(calls))


def _round(op: Quantize, name: str) -> Round:
    if op.per_channel or op.zero_first or op.rounding is not Rounding.HALF_EVEN:
        raise UnsupportedError(
            f"quantizer '{name}' must have one grid and round half to even to be trained, "
            f"not {len(op.scale)} scales and {op.rounding.value}"
        )
    zero = int(op.zero_point[0])
    return Round(float(op.scale[0]), op.low - zero, op.high - zero)


def _join_round(graph: Graph, calls: dict[str, Call], call: Call) -> None:
    """Take Relu and Norm in front of a Round into it."""
    rounding = call.op
    assert isinstance(rounding, Round)
    (source,) = call.sources
    before = calls[source]
    if isinstance(before.op, Relu) and _only(graph, source) and rounding.high >= 0:
        rounding = replace(rounding, low=max(rounding.low, 0))
        del calls[source]
        (source,) = before.sources
        before = calls[source]
    if isinstance(before.op, Norm) and _only(graph, source) and before.target == source:
        calls[source] = replace(before, divisor=rounding.scale)
        rounding = replace(rounding, divided=True)
    calls[call.target] = replace(call, op=rounding, sources=(source,))


def _pool_first(graph: Graph, calls: dict[str, Call], call: Call) -> None:
    """Exchange a MaxPool with the Relu or Round in front of it."""
    (source,) = call.sources
    before = calls[source]
    if isinstance(before.op, Relu | Round) and _only(graph, source):
        pooled = f"{call.target}|pooled"
        del calls[source], calls[call.target]
        calls[pooled] = Call(call.node, call.op, before.sources, pooled)
        calls[call.target] = replace(before, sources=(pooled,), target=call.target)


def _only(graph: Graph, name: str) -> bool:
    return only_consumer(graph, name) is not None


def _sorted(calls: Mapping[str, Call]) -> list[Call]:
    """Return calls so that values are made before they are taken."""
    ordered: list[Call] = []
    made: set[str] = set()
    waiting = list(calls.values())
    while waiting:
        ready = [call for call in waiting if all(source in made for source in call.sources)]
        ordered += ready
        made |= {call.target for call in ready}
        waiting = [call for call in waiting if call.target not in made]
    return ordered

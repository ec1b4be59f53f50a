"""From a unit of a Design to its circuit component: one function per engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.lib.wiring import Component

from ...hdl.add.circuit import Add
from ...hdl.concat.circuit import Concat
from ...hdl.fifo.params import FifoParams
from ...hdl.folded.circuit import Folded
from ...hdl.fork.circuit import Fork
from ...hdl.globalpool.circuit import GlobalPool
from ...hdl.grouped.circuit import Grouped
from ...hdl.lookup.circuit import Lookup
from ...hdl.pool.circuit import Pool
from ...hdl.requantize.circuit import Requantize
from ...hdl.skipping.circuit import Skipping
from ...hdl.threshold.circuit import Threshold
from ...hdl.unrolled.circuit import Unrolled
from ...hdl.width.circuit import Width
from ..mapping.design import Design, Unit
from ..mapping.memory import burst_of, fifo_params
from ..mapping.windowed import kernels

Fifos = tuple[FifoParams, ...]


def component_of(design: Design, unit: Unit) -> Component:
    """Return the component of a unit, with its weights and tables and the FIFOs of its outputs.

    Parameters
    ----------
    design : Design
    unit : Unit
        One of ``design.units``.
    """
    op = None
    if unit.node is not None:
        op = next(node.op for node in design.program.nodes if node.name == unit.node)
    return _MAKERS[unit.engine](unit.params, op, fifos_of(design, unit))


def fifos_of(design: Design, unit: Unit) -> Fifos:
    """Return the FIFO behind every output of a unit, in the order of its ports."""
    burst, family = burst_of(unit.params), design.board.family
    streams = [design.stream(name) for name in unit.outputs]
    return tuple(fifo_params(stream.beat.width, stream.depth, burst, family) for stream in streams)


def _folded(params: Any, op: Any, fifos: Fifos) -> Component:
    return Folded(params, kernels(op), fifos)


def _grouped(params: Any, op: Any, fifos: Fifos) -> Component:
    return Grouped(params, kernels(op), fifos)


def _skipping(params: Any, op: Any, fifos: Fifos) -> Component:
    return Skipping(params, kernels(op), fifos)


def _unrolled(params: Any, op: Any, fifos: Fifos) -> Component:
    return Unrolled(params, kernels(op), fifos)


def _requantize(params: Any, op: Any, fifos: Fifos) -> Component:
    return Requantize(params, op.multiplier, op.offset, fifos)


def _threshold(params: Any, op: Any, fifos: Fifos) -> Component:
    return Threshold(params, op.thresholds, op.values, fifos)


def _lookup(params: Any, op: Any, fifos: Fifos) -> Component:
    return Lookup(params, op.table, fifos)


def _add(params: Any, op: Any, fifos: Fifos) -> Component:
    return Add(params, op.multipliers, op.offset, fifos)


def _concat(params: Any, op: Any, fifos: Fifos) -> Component:
    return Concat(params, fifos)


def _pool(params: Any, op: Any, fifos: Fifos) -> Component:
    return Pool(params, fifos)


def _globalpool(params: Any, op: Any, fifos: Fifos) -> Component:
    return GlobalPool(params, fifos)


def _fork(params: Any, op: Any, fifos: Fifos) -> Component:
    return Fork(params, fifos)


def _width(params: Any, op: Any, fifos: Fifos) -> Component:
    return Width(params, fifos)


_MAKERS: dict[str, Callable[[Any, Any, Fifos], Component]] = {
    "folded": _folded,
    "grouped": _grouped,
    "skipping": _skipping,
    "unrolled": _unrolled,
    "requantize": _requantize,
    "threshold": _threshold,
    "lookup": _lookup,
    "add": _add,
    "concat": _concat,
    "pool": _pool,
    "globalpool": _globalpool,
    "fork": _fork,
    "width": _width,
}

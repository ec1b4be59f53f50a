"""The table ``layers`` of report.json: one entry a module of the circuit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...hdl.engines import Params
from ...hdl.folded.params import FoldedParams
from ...hdl.grouped.params import GroupedParams
from ...hdl.skipping.params import SkippingParams
from ...hdl.unrolled.params import UnrolledParams
from ...runtime.program import Node
from ..mapping.design import Design, Unit
from ..mapping.resources import unit_resources
from .choices import choices
from .folding import folding, rounded
from .weights import weights_of


def layers(design: Design) -> list[dict[str, Any]]:
    """Return one entry per unit, in topological order."""
    nodes = {node.name: node for node in design.program.nodes}
    taken = {unit.node: unit.params for unit in design.units if unit.node is not None}
    chosen = choices(design.reasons, taken)
    return [
        _layer(design, unit, None if unit.node is None else nodes[unit.node])
        | {"choice": None if unit.node is None else chosen.get(unit.node)}
        for unit in design.units
    ]


def _layer(design: Design, unit: Unit, node: Node | None) -> dict[str, Any]:
    macs = _macs(design, node)
    weights = None if node is None else weights_of(node)
    nonzeros = 0 if weights is None else int(np.count_nonzero(weights))
    share = 1.0 if weights is None or not weights.size else nonzeros / weights.size
    params = unit.params
    return {
        "name": unit.name,
        "node": unit.node,
        "op": None if node is None else type(node.op).__name__,
        "engine": unit.engine,
        "folding": folding(params),
        "cycles": params.cycles,
        "macs": macs,
        "weights": 0 if weights is None else int(weights.size),
        "nonzeros": nonzeros,
        "weight_bits": getattr(params, "weight_bits", None),
        "activation_bits": design.stream(unit.inputs[0]).beat.bits,
        "utilization": _utilization(params, macs, share, design.cycles_per_frame),
        "resources": rounded(unit_resources(design, unit)),
    }


def _macs(design: Design, node: Node | None) -> int:
    """Return the multiply–accumulates of one frame."""
    if node is None:
        return 0
    return node.op.macs(*(design.program.types[name] for name in node.inputs))


def _utilization(params: Params, macs: int, share: float, interval: int) -> float:
    """Return the share of an interval in which the unit's lanes do useful work, 0 … 1.

    Of the skipping engine's work only the ``share`` of weights that are not zero counts.
    """
    match params:
        case FoldedParams() | GroupedParams():
            work = macs / (params.pe * params.simd)
        case SkippingParams():
            work = macs * share / (params.pe * params.banks * params.pixels)
        case UnrolledParams():
            work = params.window.out_height * params.window.out_width * params.digits
        case _:
            work = params.cycles
    return round(work / interval, 4)

"""How much a unit does side by side, and what it takes, as JSON values."""

from __future__ import annotations

from typing import Any

from ...hdl.cost import Resources
from ...hdl.engines import Params
from ...hdl.folded.params import FoldedParams
from ...hdl.grouped.params import GroupedParams
from ...hdl.skipping.params import SkippingParams
from ...hdl.unrolled.params import UnrolledParams
from ...hdl.width.params import WidthParams


def folding(params: Params) -> dict[str, int]:
    """Return how much a unit does side by side: ``pe`` and ``simd``, ``lanes``, …"""
    match params:
        case FoldedParams() | GroupedParams():
            return {"pe": params.pe, "simd": params.simd}
        case SkippingParams():
            return {"pe": params.pe, "banks": params.banks, "pixels": params.pixels}
        case UnrolledParams():
            return {
                "adders": params.size.adders,
                "digit": params.digit,
                "levels": params.levels,
            }
        case WidthParams():
            return {"lanes": max(params.beat.lanes, params.out.lanes)}
        case _:
            return {"lanes": _lanes(params)}


def rounded(resources: Resources) -> dict[str, float]:
    """Return counts as JSON numbers, in tenths."""
    return {
        "lut": round(resources.lut, 1),
        "ff": round(resources.ff, 1),
        "bram": round(resources.bram, 1),
        "dsp": round(resources.dsp, 1),
    }


def _lanes(params: Any) -> int:
    """Return the lanes of a unit whose ports are all alike."""
    beat = getattr(params, "out", None) or params.beat
    lanes: int = beat.lanes
    return lanes

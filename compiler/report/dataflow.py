"""``dataflow`` of report.json: the steady state, its slowest unit, and every stream's waits."""

from __future__ import annotations

from typing import Any

from ...sim.dataflow.steady import steady
from ...sim.dataflow.waits import waits
from ..mapping.dataflow import dataflow_of
from ..mapping.design import Design
from ..mapping.mapper import DOUBLINGS


def dataflow(design: Design) -> dict[str, Any]:
    """Return the steady state without stalls from outside.

    Intervals and latencies are in cycles, depths in beats, shares of time 0 … 1: ``stall_share`` of
    a stream is that in which its producer waits for a place in it, ``starve_share`` that in which
    its consumer waits for a beat; ``most`` is the most beats that it held.
    """
    found = steady(dataflow_of(design), doublings=DOUBLINGS)
    shares = waits(found)
    unit = shares.bottleneck
    busy = shares.work[unit]
    return {
        "interval": found.cycles_per_frame,
        "latency": found.latency_cycles,
        "bottleneck": {
            "unit": unit,
            "work_share": round(busy, 4),
            "reason": f"it works in {100 * busy:.1f} % of all cycles, more than any other",
        },
        "streams": [
            {
                "name": stream.name,
                "depth": stream.depth,
                "most": found.occupancy.get(stream.name, 0),
                "stall_share": round(shares.stalled.get(stream.name, 0.0), 4),
                "starve_share": round(shares.starved.get(stream.name, 0.0), 4),
            }
            for stream in design.streams
        ],
    }

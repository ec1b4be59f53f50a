"""The JSON document of ``sangi explore --json``."""

from __future__ import annotations

import math
from typing import Any

from ...hdl.cost import Resources
from ...hdl.engines import engine_of
from ..mapping.limits import RESOURCES, total
from ..report.folding import folding
from .frontier import Frontier, Point

SCHEMA = "sangi.explore/1"


def as_document(frontier: Frontier) -> dict[str, Any]:
    """Return a frontier as JSON values.

    ``available`` is what the board has, ``budget`` what may be used of it. ``points`` holds, the
    slowest first, ``fps``, ``cycles_per_frame``, ``resources`` {lut, ff, bram, dsp, the shell
    included, rounded up}, ``share`` (largest part of a resource of the board, 0 … 1), ``cost``
    (all four parts of what may be used beside the shell weighed together), ``engines`` (layers by
    engine), ``layers`` [{node, engine, folding, cycles}] and ``rival``, the cheapest circuit of one
    engine that is at least as fast: {engine, cost, fps, resources}, null where there is none.
    ``alone`` holds the points of every engine alone, without ``rival``.
    """
    board = frontier.board
    return {
        "schema": SCHEMA,
        "model": frontier.program.name,
        "digest": frontier.program.digest,
        "board": board.name,
        "part": board.part,
        "clock_mhz": frontier.clock_mhz,
        "available": dict(zip(RESOURCES, map(int, total(board)), strict=True)),
        "budget": {
            kind: round(float(amount), 1)
            for kind, amount in zip(RESOURCES, frontier.budget, strict=True)
        },
        "source": "model, FIFOs of the least depth",
        "points": [_point(point) | {"rival": _rival(frontier, point)} for point in frontier.points],
        "alone": {
            engine: [_point(point) for point in points] for engine, points in frontier.alone.items()
        },
    }


def counts(resources: Resources) -> dict[str, int | float]:
    """Return resources rounded up; block RAMs to halves, which Xilinx has."""
    halves = math.ceil(2 * resources.bram)
    return {
        "lut": math.ceil(resources.lut),
        "ff": math.ceil(resources.ff),
        "bram": halves // 2 if halves % 2 == 0 else halves / 2,
        "dsp": math.ceil(resources.dsp),
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "fps": round(point.fps, 3),
        "cycles_per_frame": point.cycles_per_frame,
        "resources": counts(point.resources),
        "share": round(point.share, 4),
        "cost": round(point.cost, 6),
        "engines": point.engines,
        "layers": [
            {
                "node": node,
                "engine": engine_of(params).name,
                "folding": folding(params),
                "cycles": params.cycles,
            }
            for node, params in point.layers.items()
        ],
    }


def _rival(frontier: Frontier, point: Point) -> dict[str, Any] | None:
    rival = frontier.rival(point)
    if rival is None:
        return None
    engine, other = rival
    return {
        "engine": engine,
        "cost": round(other.cost, 6),
        "fps": round(other.fps, 3),
        "resources": counts(other.resources),
    }

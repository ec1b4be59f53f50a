"""A report as far as other commands read it."""

from __future__ import annotations

from typing import Any

from sangi.compiler.report.report import SCHEMA


def report_for(board: str, part: str) -> dict[str, Any]:
    """The report of a build for a board."""
    use = {"used": 1, "available": 2, "source": "model"}
    return {
        "schema": SCHEMA,
        "model": "digits",
        "board": board,
        "part": part,
        "clock_mhz": 12.0,
        "cycles_per_frame": 100,
        "latency_cycles": 200,
        "fps": 120000.0,
        "digest": "0",
        "resources": {kind: dict(use) for kind in ("lut", "ff", "bram", "dsp")},
    }

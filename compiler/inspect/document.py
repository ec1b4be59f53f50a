"""The JSON document of ``sangi inspect --json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..check.results import Check, Totals
from .inspect import Inspection

SCHEMA = "sangi.inspect/1"


def as_document(found: Inspection, check: Check | None) -> dict[str, Any]:
    """Return an inspection, and a check where there was one, as JSON values."""
    return {
        "schema": SCHEMA,
        "model": found.model,
        **asdict(found.facts),
        "quantized": found.quantized,
        "assumed": found.assumed,
        "layers": [asdict(row) for row in found.layers],
        "macs_per_frame": found.macs,
        "weights": found.weights,
        "nonzeros": found.nonzeros,
        "host": {
            "before": list(found.before),
            "after": {name: list(steps) for name, steps in found.after},
        },
        "problems": [asdict(problem) for problem in found.problems],
        "check": None if check is None else _check(check),
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "oracle": check.oracle,
        "frames": check.frames,
        "exact": check.exact,
        "whole": _totals(check.whole),
        "fed": _totals(check.fed),
        "layers": [asdict(layer) for layer in check.layers],
        "outputs": [asdict(output) for output in check.outputs],
        "skipped": list(check.skipped),
        "mismatches": list(check.mismatches),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {**asdict(totals), "equal": totals.share}

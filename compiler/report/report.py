"""``report.json``: everything that is known of a build, as one JSON value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...runtime.errors import BuildError
from ...runtime.program import Program
from ..mapping.design import Design
from ..mapping.limits import RESOURCES
from ..project.bitstream import Routed
from ..workspace import REPORT, SCHEMA, is_build, new_file
from .budget import budget
from .dataflow import dataflow
from .layers import layers
from .link import link_fps
from .weights import count_bits

Report = dict[str, Any]

_NUMBER = (int, float)
_READ: Mapping[str, type | tuple[type, ...]] = {
    "model": str,
    "board": str,
    "part": str,
    "clock_mhz": _NUMBER,
    "cycles_per_frame": int,
    "latency_cycles": int,
    "fps": _NUMBER,
    "digest": str,
    **{f"resources.{kind}.used": _NUMBER for kind in RESOURCES},
    **{f"resources.{kind}.available": _NUMBER for kind in RESOURCES},
    **{f"resources.{kind}.source": str for kind in RESOURCES},
}
"""What other commands read of a report, and of which type it is."""


def make_report(design: Design, steps: Sequence[str]) -> Report:
    """Return the report of a design that nothing has been run on yet.

    ``verification`` is set by ``simulate``, ``fmax_mhz`` and ``timing_met`` (and the resources) by
    place and route; until then they are null.

    Parameters
    ----------
    design : Design
    steps : sequence of str
        What the compilation did, in order.
    """
    program, board = design.program, design.board
    table = layers(design)
    return {
        "schema": SCHEMA,
        "model": program.name,
        "board": board.name,
        "part": board.part,
        "clock_mhz": design.clock_mhz,
        "cycles_per_frame": design.cycles_per_frame,
        "latency_cycles": design.latency_cycles,
        "fps": round(design.clock_mhz * 1e6 / design.cycles_per_frame, 3),
        "link_fps": link_fps(design),
        "macs_per_frame": sum(layer["macs"] for layer in table),
        "digest": program.digest,
        "resources": budget(design),
        "layers": table,
        "host": host(program),
        "bits": asdict(count_bits(design)),
        "fifos": fifos(design),
        "dataflow": dataflow(design),
        "steps": list(steps),
        "verification": None,
        "fmax_mhz": None,
        "timing_met": None,
    }


def with_routing(report: Mapping[str, Any], routed: Routed) -> Report:
    """Return the report with the figures of place and route in place of the model's."""
    resources = {
        name: {"used": usage.used, "available": usage.available, "source": usage.source}
        for name, usage in routed.resources.items()
    }
    return {
        **report,
        "resources": resources,
        "fmax_mhz": routed.fmax_mhz,
        "timing_met": routed.timing_met,
    }


def host(program: Program) -> dict[str, Any]:
    """Return what the host computes: steps before and after the circuit, and why."""
    before = [step.op for entry in program.inputs for step in entry.before]
    after = [step.op for output in program.outputs for step in output.after]
    places = [
        f"{', '.join(steps)} {place} the circuit"
        for steps, place in ((before, "before"), (after, "after"))
        if steps
    ]
    reason = f"{' and '.join(places)}: values that are not integers" if places else None
    return {"before": before, "after": after, "macs": 0, "reason": reason}


def fifos(design: Design) -> list[dict[str, Any]]:
    """Return one entry per FIFO, in topological order; depths in beats, widths in bits."""
    return [
        {
            "name": stream.name,
            "tensor": stream.tensor,
            "source": stream.source,
            "target": stream.target,
            "width": stream.beat.width,
            "depth": stream.depth,
        }
        for stream in design.streams
        if stream.depth
    ]


def read_report(build: Path) -> Report:
    """Read the report of a build.

    Raises
    ------
    BuildError
        If the folder is not a build of ours, or its report is damaged.
    """
    if not is_build(build):
        raise BuildError(
            f"{build} must be a folder that `sangi compile` wrote, "
            f"and it holds no {REPORT} of sangi"
        )
    report: Report = json.loads((build / REPORT).read_text(encoding="utf-8"))
    if report["schema"] != SCHEMA:
        raise BuildError(
            f"{build}: {REPORT} must have the schema {SCHEMA}, not {report['schema']}; "
            "compile again"
        )
    for key, kind in _READ.items():
        value = _value(report, key)
        if not isinstance(value, kind):
            raise BuildError(
                f"{build / REPORT} must be an undamaged report, not one whose {key} is "
                f"{json.dumps(value)[:40]}; compile again"
            )
    return report


def _value(report: Any, key: str) -> Any:
    """Return a value within a report by its dotted key; None where there is none."""
    for part in key.split("."):
        report = report.get(part) if isinstance(report, dict) else None
    return report


def write_report(build: Path, report: Mapping[str, Any]) -> None:
    """Write the report into a build folder, complete or not at all; same value, same bytes."""
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    with new_file(build / REPORT) as path:
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

"""Reports as tables for eyes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..run import Run, shown
from ..simulate import Verification
from .console import show_line, show_table, show_warning

Report = Mapping[str, Any]
_KINDS = {"lut": "LUT", "ff": "FF", "bram": "block RAM", "dsp": "DSP"}


def show_compiled(report: Report, out: Path) -> None:
    """Show what ``compile`` made."""
    show_table(
        f"{report['model']} on {report['board']} ({report['part']})",
        ("", ""),
        [
            ("cycles per frame", f"{report['cycles_per_frame']:,}"),
            ("latency", f"{report['latency_cycles']:,} cycles"),
            ("frames per second", f"{report['fps']:,.0f} at {report['clock_mhz']:g} MHz"),
            *_link(report),
            ("multiply-accumulates per frame", f"{report['macs_per_frame']:,}"),
            ("layers with weights", _engines(report)),
            *_timing(report),
        ],
    )
    show_resources(report)
    show_line(f"\nwritten: {out}")


def show_resources(report: Report) -> None:
    """Show what the circuit takes of the chip."""
    rows = []
    for kind, entry in report["resources"].items():
        used, available = entry["used"], entry["available"]
        share = f"{100 * used / available:.1f} %" if available else "–"
        rows.append((_KINDS[kind], f"{used:,.10g}", f"{available:,}", share, entry["source"]))
    show_table("\nResources", ("", "used", "available", "share", "source"), rows)


def warn_about_timing(report: Report) -> None:
    """Warn where place and route missed the clock."""
    if report["timing_met"] is False:
        show_warning(
            f"the clock must be at most {report['fmax_mhz']:g} MHz, not {report['clock_mhz']:g}: "
            "compile with a lower --clock-mhz"
        )


def _engines(report: Report) -> str:
    """Say how many layers with weights have which engine."""
    names = Counter(layer["engine"] for layer in report["layers"] if layer["weights"])
    return ", ".join(f"{count} {engine}" for engine, count in names.most_common()) or "none"


def _link(report: Report) -> list[tuple[str, str]]:
    fps = report["link_fps"]
    return [] if fps is None else [("the shell's link carries", f"{fps:,.0f} frames per second")]


def _timing(report: Report) -> list[tuple[str, str]]:
    fmax = report["fmax_mhz"]
    return [] if fmax is None else [("highest clock", f"{fmax:g} MHz (place and route)")]


def show_run(run: Run, device: str) -> None:
    """Show what came out of a run."""
    rows = [
        ("images", f"{run.images:,}"),
        ("images per second", f"{run.images / max(run.seconds, 1e-9):,.1f}"),
    ]
    if run.accuracy is not None:
        rows.append(("accuracy (top-1)", f"{100 * run.accuracy:.2f} %"))
    rows.append(("equal to the reference", f"{run.images - len(run.differing):,} images"))
    counters = run.counters
    if counters.cycles:
        rows.append(("cycles", f"{counters.cycles:,} for {counters.frames:,} frames"))
        rows.append(("waiting for the link", f"{counters.stalls:,} cycles"))
    if counters.span:
        share = f"{100 * counters.busy / counters.span:.2f} % of {counters.span:,} cycles"
        rows.append(("a frame was in the circuit", share))
    show_table(f"Run on {shown(device)}", ("", ""), rows)
    show_line(f"\nwritten: {run.out}")


def show_simulated(result: Verification, report: Report) -> None:
    """Show what a simulation found."""
    rows = [
        ("frames", f"{result.frames:,}, without and with stalls"),
        ("streams compared", f"{result.tensors:,}"),
        ("mismatches", f"{result.mismatches:,}"),
        ("cycles per frame", _measured(result.cycles_per_frame, report["cycles_per_frame"])),
        ("latency", _measured(result.latency_cycles, report["latency_cycles"])),
        ("frames per second", f"{report['fps']:,.0f} at {report['clock_mhz']:g} MHz"),
        ("outputs equal to the reference", f"{100 * result.equal:.2f} % of the frames"),
    ]
    if result.accuracy is not None:
        rows.append(("accuracy (top-1)", f"{100 * result.accuracy:.2f} %"))
    show_table(f"{report['model']} in Verilator", ("", ""), rows)


def _measured(cycles: int | None, model: int) -> str:
    """Say a measured number of cycles beside that of the model."""
    if cycles is None:
        return f"not measured (model: {model:,})"
    return f"{cycles:,} (model: {model:,})"

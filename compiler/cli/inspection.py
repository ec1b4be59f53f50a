"""Inspections and checks as tables for eyes."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from ..check.results import Check, LayerCheck, OutputCheck, Steps, Totals
from ..inspect.facts import Port
from ..inspect.inspect import Inspection
from ..inspect.layers import Row
from .console import show_line, show_table

WIDTH = 100
"""Columns that a table may take."""

SHORTEST = 10
"""Columns that a name keeps in any case."""


def show_inspection(found: Inspection) -> None:
    """Show what a model is made of, and what stands in the way."""
    facts = found.facts
    by = f", by {facts.producer}" if facts.producer else ""
    show_line(f"{found.model}: {facts.format}, opset {facts.opset}, IR {facts.ir_version}{by}")
    for what, ports in (("input", facts.inputs), ("output", facts.outputs)):
        for port in ports:
            show_line(f"{what} {_port(port)}")
    rows = [_layer(row) for row in found.layers]
    sparsity = _zeros(found.weights, found.nonzeros)
    total = ("total", "", "", "", "", _count(found.macs), _count(found.weights), sparsity, "")
    show_named(
        "\nLayers",
        ("layer", "op", "shape", "weights", "bits", "MACs", "params", "zeros", "runs as"),
        [*rows, total],
        left=3,
    )
    if found.assumed:
        why = "it lacks some quantizers" if found.quantized else "the model is float"
        show_line(f"* as calibration makes it: {why}, compile it with --data")
    for line in _host(found):
        show_line(line)
    if not found.problems:
        show_line("\nNothing stands in the way.")
        return
    show_line(f"\nIn the way of a circuit ({len(found.problems)}):")
    for problem in found.problems:
        show_line(f"  {problem}")
    if found.note:
        show_line(fill(found.note, WIDTH, initial_indent="  ", subsequent_indent="  "))


def show_check(check: Check) -> None:
    """Show how a program and its original model compare."""
    show_line(f"\nProgram and {check.oracle}, {check.frames:,} frames")
    if check.exact:
        rows = [_exact(layer) for layer in check.layers]
        rows.append(
            (
                *("total", "", f"{check.whole.elements:,}"),
                *_equal(check.whole, check.whole.elements),
                *_equal(check.fed, check.fed.elements),
            )
        )
        show_line(
            "equal elements, and the largest difference in steps; "
            f"fed: every layer gets {check.oracle}'s tensors"
        )
        show_named(
            "",
            ("layer", "op", "elements", "run", "steps", "fed", "steps"),
            rows,
            left=2,
        )
    else:
        show_line("signal-to-noise ratio of the program's values beside those of the float model")
        show_named(
            "",
            ("layer", "op", "elements", "dB"),
            [_approximate(layer) for layer in check.layers],
            left=2,
        )
    show_named(
        "\nOutputs",
        ("output", "elements", "relative difference", "same decision"),
        [_output(output) for output in check.outputs],
        left=1,
    )
    if check.skipped:
        show_line(f"not in the file, so not compared: {', '.join(check.skipped)}")


def show_named(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int
) -> None:
    """Show a table whose first column, names, is shortened until the table fits ``WIDTH``."""
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(1, len(columns))]
    room = max(SHORTEST, WIDTH - sum(widths) - 2 * len(widths))
    show_table(title, columns, [(shortened(row[0], room), *row[1:]) for row in rows], left=left)


def shortened(name: str, room: int) -> str:
    """Return a name with its middle left out where it is longer than ``room``."""
    if len(name) <= room:
        return name
    # Names of one model begin alike more often than they end alike.
    end = 2 * (room - 1) // 3
    return f"{name[: room - 1 - end]}…{name[len(name) - end :]}"


def _layer(row: Row) -> tuple[str, ...]:
    star = "*" if row.assumed else ""
    weights = "" if row.ternary is None else f"{row.weight_bits}{star}"
    if row.ternary:
        weights = "ternary"
    bits = (
        "–" if width is None else f"{width}{star}" for width in (row.input_bits, row.output_bits)
    )
    return (
        row.name,
        shortened(row.op, 13),
        "?" if row.shape is None else "×".join(map(str, row.shape)),
        weights,
        "→".join(bits),
        _count(row.macs) if row.macs else "",
        _count(row.weights) if row.weights else "",
        _zeros(row.weights, row.nonzeros),
        _runs(row),
    )


def _runs(row: Row) -> str:
    if row.where == "circuit":
        return ", ".join(row.engines) or "circuit"
    return {"host": "host", "refused": "REFUSED", "unknown": "?"}[row.where]


def _zeros(weights: int, nonzeros: int) -> str:
    return f"{100 * (1 - nonzeros / weights):.0f} %" if weights else ""


def _count(number: int) -> str:
    """Return a number with three digits."""
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            value = number / unit
            return f"{value:.{max(0, 3 - len(str(int(value))))}f}{name}"
    return str(number)


def _host(found: Inspection) -> list[str]:
    lines = [f"the host before the circuit: {', '.join(found.before)}"] if found.before else []
    for name, steps in found.after:
        lines.append(f"the host after the circuit, output '{name}': {', '.join(steps)}")
    return lines


def _port(port: Port) -> str:
    shape = "unknown shape" if port.shape is None else "×".join(map(str, port.shape))
    return f"'{port.name}': {shape} {port.dtype}"


def _exact(layer: LayerCheck) -> tuple[str, ...]:
    fed = ("–", "–") if layer.fed is None else _equal(layer.fed, layer.elements)
    whole = _equal(layer.whole, layer.elements)
    return layer.layer, layer.op, f"{layer.elements:,}", *whole, *fed


def _equal(steps: Steps | Totals, elements: int) -> tuple[str, str]:
    if not elements:
        return "–", "–"
    if not steps.unequal:
        return "100 %", "0"
    # Rounded down: what is not equal must not look so.
    share = int(1e6 * (1 - steps.unequal / elements)) / 1e4
    return f"{share:.4f} %", str(steps.largest)


def _approximate(layer: LayerCheck) -> tuple[str, ...]:
    ratio = "equal" if layer.sqnr is None else f"{layer.sqnr:.1f}"
    return layer.layer, layer.op, f"{layer.elements:,}", ratio


def _output(output: OutputCheck) -> tuple[str, ...]:
    same = "" if output.same_top1 is None else f"{100 * output.same_top1:.2f} %"
    return output.name, f"{output.elements:,}", f"{output.difference:.2g}", same

"""A frontier as a table for eyes."""

from __future__ import annotations

from ..explore.document import counts
from ..explore.frontier import Frontier, Point
from .console import show_line, show_table


def show_frontier(frontier: Frontier) -> None:
    """Show the circuits of a frontier, the slowest first."""
    board = frontier.board
    columns = ["frames/s", "cycles", "LUT", "FF", "block RAM", "DSP", "cost", "layers"]
    if frontier.alone:
        columns.append("best engine alone")
    show_table(
        f"{frontier.program.name} on {board.name} ({board.part}) at {frontier.clock_mhz:g} MHz",
        columns,
        [_row(frontier, point) for point in frontier.points],
    )
    show_line(
        "\ncost: the parts of what may be used, the shell aside, weighed together; 100 % where one "
        "resource is used up. Estimates, with FIFOs of the least depth: `sangi compile "
        "--target-fps` sizes them and proves the frame rate"
    )
    if frontier.alone:
        show_line(
            "best engine alone: for all layers that it can compute and that --layers leaves to it"
        )


def _row(frontier: Frontier, point: Point) -> list[str]:
    used = counts(point.resources)
    row = [
        f"{point.fps:,.0f}",
        f"{point.cycles_per_frame:,}",
        *(f"{count:,}" for count in used.values()),
        f"{100 * point.cost:.1f} %",
        ", ".join(f"{count} {engine}" for engine, count in point.engines.items()),
    ]
    if frontier.alone:
        rival = frontier.rival(point)
        if rival is None:
            row.append("none as fast")
        else:
            engine, other = rival
            row.append(f"{engine}, cost {100 * (other.cost / point.cost - 1):+.0f} %")
    return row

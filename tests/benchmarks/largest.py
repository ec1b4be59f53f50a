"""The largest circuit that the mapping lets on a board of each family: does it fit?

Run as ``python tests/benchmarks/largest.py [--network FILE.onnx] [BOARD …]``; without boards one of
each family. A network is mapped without a frame rate, which gives the fastest circuit within 80 %
of the board, and its core synthesized by Yosys; the shell is added as the mapping counts it.
``ulx3s_85f``, with ``--route`` the others that pip's tools can do as well, is placed and routed at
its clock instead. Exit code 1 where a circuit takes more than the board has, or misses the clock.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from yosys_counts import BOARDS as OF_FAMILY
from yosys_counts import synthesize

from sangi.boards.board import Board
from sangi.boards.load import load_board
from sangi.compiler.compile import compile_model
from sangi.compiler.frontend import load
from sangi.compiler.mapping.limits import RESOURCES, total
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.resources import shell_resources, total_resources
from sangi.compiler.mapping.select import vector
from sangi.compiler.order.order import order_channels

EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"

SMALL = {"ice40": "digits_tiny.onnx"}
"""By family, where the network of all others is too large."""

BOARDS = tuple({**OF_FAMILY, "xc7": "arty_a7_35", "xcup": "ultra96v2"}.values())
ROUTED = ("ulx3s_85f",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a circuit does not fit or misses its clock."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("boards", nargs="*", metavar="BOARD", help=", ".join(BOARDS))
    parser.add_argument("--network", type=Path, help="ONNX file; a digits network by default")
    parser.add_argument("--route", action="store_true", help="place and route all boards")
    options = parser.parse_args(arguments)
    print(
        f"{'board':16} {'network':15} {'cycles':>7}  {'':8} "
        + " ".join(f"{kind:>14}" for kind in RESOURCES)
    )
    held = True
    for name in options.boards or BOARDS:
        board = load_board(name)
        file = options.network or EXAMPLES / SMALL.get(board.family, "digits_ternary.onnx")
        held = largest(board, file, route=options.route or name in ROUTED) and held
    return 0 if held else 1


def largest(board: Board, network: Path, *, route: bool) -> bool:
    """Print the lines of a board; return whether the fastest circuit that may fit does fit."""
    design = map_program(order_channels(load(network, mapped=True)), board)
    has = total(board)
    head = f"{board.name:16} {network.stem:15} {design.cycles_per_frame:>7,}"
    print(f"{head}  {'model':8} {shares(vector(total_resources(design)), has)}", flush=True)
    said = ""
    if route:
        with tempfile.TemporaryDirectory() as folder:
            report = compile_model(network, board.name, out=Path(folder) / "build", bitstream=True)
        used = [report["resources"][kind]["used"] for kind in RESOURCES]
        held = bool(report["timing_met"])
        said = f", {report['fmax_mhz']:g} MHz for {report['clock_mhz']:g}"
    else:
        used = vector(synthesize(design, whole=True)["core"] + shell_resources(board))
        held = True
    held = held and all(taken <= most for taken, most in zip(used, has, strict=True))
    print(
        f"{'':40}  {'routed' if route else 'Yosys':8} {shares(used, has)}{said}"
        f"{'' if held else '  MISSED'}",
        flush=True,
    )
    return held


def shares(used: Sequence[float], has: Sequence[float]) -> str:
    """Return what is used of every resource, and how many percent that are."""
    return " ".join(
        f"{taken:>8,g} {taken / most if most else 0.0:>5.0%}"
        for taken, most in zip((round(float(u), 1) for u in used), has, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())

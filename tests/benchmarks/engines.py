"""The mapping's choice over all engines against the best design of a single engine.

Run as ``python tests/benchmarks/engines.py [--rate FPS …] [MODEL.onnx …]``; without models for the
ternary digits network and for a ternary network with 50 to 95 % zeros. At three frame rates on
PYNQ-Z2 and ULX3S 85F, every design complete:
FIFOs sized, interval proved, resources by the cost models. What a design costs is the smooth
maximum of the parts of the board that it takes, the mapping's own measure. Exit code 1 where a
mixture is dearer than a design of one engine, or wins nowhere.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pruned_network import pruned

from sangi.boards.load import load_board
from sangi.compiler.frontend import load
from sangi.compiler.mapping.design import Design
from sangi.compiler.mapping.limits import budget_of
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.offers import ENGINES
from sangi.compiler.mapping.resources import total_resources
from sangi.compiler.mapping.select import thrift, vector
from sangi.compiler.mapping.wishes import Wishes
from sangi.compiler.order.order import order_channels
from sangi.runtime.errors import FitError, UsageError
from sangi.runtime.program import Program

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_ternary.onnx"
BOARDS = ("pynq_z2", "ulx3s_85f")
RATES = {"digits_ternary": (2_000, 20_000, 80_000), "pruned": (2_000, 10_000, 40_000)}
OTHER_RATES = (500, 2_000, 5_000)

DEARER = 0.02
"""Part by which FIFOs, sized after the choice, may make a mixture dearer than it was planned."""

WON = 0.01
"""Part from which on a mixture counts as a win."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.onnx")
    parser.add_argument(
        "--rate", type=float, action="append", help=f"of the models' frames; {OTHER_RATES}"
    )
    options = parser.parse_args(arguments)
    print(
        f"{'network':15} {'board':10} {'frames/s':>8}  {'engine':10} {'LUT':>7} {'FF':>7} "
        f"{'BRAM':>6} {'DSP':>4} {'cost':>7}  layers"
    )
    ratios = [
        compare(program, board, rate)
        for program in [order_channels(load(m, mapped=True)) for m in options.models]
        or (load(DIGITS), pruned())
        for board in BOARDS
        for rate in options.rate or RATES.get(program.name, OTHER_RATES)
    ]
    worst, wins = max(ratios), sum(ratio < 1 - WON for ratio in ratios)
    demands = [
        (f"mixture / best single engine, at worst {worst:.3f}", worst <= 1 + DEARER),
        (f"cheaper by more than {WON:.0%}: {wins} of {len(ratios)}", wins > 0),
    ]
    print()
    for text, held in demands:
        print(f"{'ok    ' if held else 'MISSED'}  {text}")
    return 0 if all(held for _, held in demands) else 1


def compare(program: Program, board: str, rate: float) -> float:
    """Print the designs of one line; return the mixture's cost in parts of the best other one's."""
    costs = {}
    for name, engines in [*((engine, (engine,)) for engine in ENGINES), ("all", ())]:
        head = f"{program.name:15} {board:10} {rate:>8,g}  {name:10}"
        try:
            design = map_program(
                program, load_board(board), target_fps=rate, wishes=Wishes(engines=engines)
            )
        except UsageError:
            continue  # It computes no layer of this network.
        except FitError as error:
            print(f"{head} {str(error).split(';')[0].split('. ')[0]}", flush=True)
            continue
        used = vector(total_resources(design))
        costs[name] = cost_of(design)
        print(
            f"{head} {used[0]:>7,.0f} {used[1]:>7,.0f} {used[2]:>6.1f} {used[3]:>4.0f} "
            f"{costs[name]:>7.4f}  {engines_of(design)}",
            flush=True,
        )
    mixed, best = costs.pop("all", np.inf), min(costs.values(), default=np.inf)
    if not costs and mixed == np.inf:
        print(f"{'':46}no design reaches that", flush=True)
        return 1.0
    last = f"all / best = {mixed / best:.3f}" if costs else "no single engine reaches that"
    print(f"{'':46}{last}", flush=True)
    return mixed / best


def cost_of(design: Design) -> float:
    """Return what a design takes, in parts of what may be used."""
    return float(thrift(vector(total_resources(design)) / budget_of(design.board, {})))


def engines_of(design: Design) -> str:
    """Return how many layers have which engine."""
    count = Counter(unit.engine for unit in design.units if unit.engine in ENGINES)
    return ", ".join(f"{number} {engine}" for engine, number in count.most_common())


if __name__ == "__main__":
    sys.exit(main())

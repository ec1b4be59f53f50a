"""The cost models against Yosys: totals of five whole networks, family by family.

Run as ``python tests/benchmarks/costs.py [--family xc7 …] [NETWORK …]``; a network may also be a
model file, which is then mapped for ``--rate`` frames per second. Every network is mapped
by all engines for a board of the family, eight times as large so that each one fits, and its core
is synthesized as a whole. Exit code 1 where the LUTs or flip-flops of a network are off by more
than 15 %, or block RAMs or multipliers at all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pruned_network import pruned
from yosys_counts import BOARDS, synthesize

from sangi.boards.load import load_board
from sangi.compiler.frontend import load
from sangi.compiler.mapping.design import Design
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.resources import unit_resources
from sangi.compiler.order.order import order_channels
from sangi.hdl.cost import Resources
from sangi.runtime.program import Program

EXAMPLES = Path(__file__).parents[2] / "examples"

WITHIN = 0.15

LARGER = 8


@dataclass(frozen=True)
class Network:
    """A model file, of the examples or any other; None: the pruned one."""

    file: str | None
    fps: float


NETWORKS = {
    "digits_int8": Network("digits/digits_int8.onnx", 5_000.0),
    "digits_ternary": Network("digits/digits_ternary.onnx", 20_000.0),
    "digits_tiny": Network("digits/digits_tiny.onnx", 50_000.0),
    "pruned": Network(None, 5_000.0),
    "gtsrb": Network("gtsrb/small.onnx", 300.0),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--family", action="append", choices=list(BOARDS))
    parser.add_argument("--rate", type=float, default=500.0, help="frames per second of files")
    options = parser.parse_args(arguments)
    files = {
        Path(name).stem: Network(str(Path(name).resolve()), options.rate)
        for name in options.names
        if Path(name).is_file()
    }
    networks = {**NETWORKS, **files}
    names = [Path(n).stem if Path(n).is_file() else n for n in options.names] or list(NETWORKS)
    unknown = [name for name in names if name not in networks]
    if unknown:
        parser.error(f"NETWORK must be one of {', '.join(NETWORKS)}, not {unknown[0]}")
    print(
        f"{'family':9} {'network':15} {'LUT':>8} {'Yosys':>8} {'off':>7} {'FF':>8} {'Yosys':>8} "
        f"{'off':>7} {'BRAM':>6} {'Yosys':>6} {'DSP':>5} {'Yosys':>5}"
    )
    held = True
    for family in options.family or BOARDS:
        for name in names:
            held = compare(family, name, networks[name]) and held
    return 0 if held else 1


def compare(family: str, name: str, network: Network) -> bool:
    """Print the line of a network; return whether the estimate is close enough."""
    program = find(network)
    board = load_board(BOARDS[family])
    large = replace(
        board,
        lut=LARGER * board.lut,
        ff=LARGER * board.ff,
        bram=LARGER * board.bram,
        dsp=LARGER * board.dsp,
    )
    design = map_program(order_channels(program), large, target_fps=network.fps)
    model, counted = estimate(design), synthesize(design, whole=True)["core"]
    lut, ff = model.lut / counted.lut - 1, model.ff / counted.ff - 1
    equal = (model.bram, model.dsp) == (counted.bram, counted.dsp)
    held = equal and max(abs(lut), abs(ff)) <= WITHIN
    print(
        f"{family:9} {name:15} {model.lut:>8,.0f} {counted.lut:>8,.0f} {lut:>+7.1%} "
        f"{model.ff:>8,.0f} {counted.ff:>8,.0f} {ff:>+7.1%} {model.bram:>6g} {counted.bram:>6g} "
        f"{model.dsp:>5g} {counted.dsp:>5g}{'' if held else '  MISSED'}",
        flush=True,
    )
    return held


def estimate(design: Design) -> Resources:
    """Return what the models say of a design's core."""
    return sum((unit_resources(design, unit) for unit in design.units), Resources())


def find(network: Network) -> Program:
    """Return a network."""
    if network.file is None:
        return pruned()
    return load(EXAMPLES / network.file, mapped=True)


if __name__ == "__main__":
    sys.exit(main())

"""Adders that are a few bits wide against whole ones: area of a ternary layer by its rate.

Run as ``python tests/benchmarks/serial_rates.py [--family xc7] [--matrix 96x16@40 …] [--bits 8]``.
A layer that sees an input every n cycles adds ceil(bits of a sum / n) bits a cycle, or the next of
1, 2, 4, …: of 3 Yosys makes far more on ecp5. *Adders* are the network with its registers alone,
from digits to digits; *engine* is the whole engine with its output FIFO, behind and before streams
of 1/n of the lanes. Area is LUT + CARRY4 on xc7 and LUT4 + 2 CCU2C on ecp5, shift registers and LUT
RAM included; both sides go through the same Yosys.
Exit code 1 where a printed demand, which is for inputs of 8 bits, is missed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from amaranth.back import rtlil
from amaranth.hdl import Module, Shape
from amaranth.lib.wiring import Component, In, Out

from sangi.compiler.circuit.yosys import run_yosys
from sangi.hdl.beat import Beat
from sangi.hdl.fifo.params import FifoParams
from sangi.hdl.unrolled.adders import adder_network
from sangi.hdl.unrolled.apart import ADDERS
from sangi.hdl.unrolled.cells import Cells
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.hdl.unrolled.params import UnrolledParams, most_operands
from sangi.hdl.unrolled.pipeline import Pipeline
from sangi.hdl.unrolled.serial import digit_network
from sangi.hdl.unrolled.size import network_of, pipeline_of, size_of
from sangi.hdl.window.params import WindowParams
from sangi.runtime.numerics import clog2

MATRICES = ("27x64@45", "96x16@40", "288x64@10", "288x64@25")
RATES = (1, 4, 16)
COMMANDS = {"xc7": "synth_xilinx -noiopad -noclkbuf", "ecp5": "synth_ecp5"}
CELLS = {
    "xc7": {"LUT": 1, "INV": 1, "SRL": 1, "CARRY4": 1, "RAM32M": 4, "RAM64M": 4},
    "ecp5": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
}
"""What a cell counts, by the start of its name."""
DEMANDS = {("xc7", 4): 0.60, ("xc7", 16): 0.18, ("ecp5", 16): 0.22}
"""Of the adders, and of the whole engine, by family and cycles of an input."""
DEPTH = 16

Matrix = npt.NDArray[np.int64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", action="append", choices=COMMANDS, help="all by default")
    parser.add_argument("--matrix", action="append", metavar="INPUTSxFILTERS@PERCENT")
    parser.add_argument("--bits", action="append", type=int, help="of an input; 8 and 4 by default")
    parser.add_argument("--adders-only", action="store_true", help="leave the engines out")
    options = parser.parse_args(arguments)
    print(f"{'':22}  rate digit    adders  relative    engine  relative  seconds")
    missed = False
    for name in options.matrix or MATRICES:
        match = re.fullmatch(r"(\d+)x(\d+)@(\d+)", name)
        if match is None:
            parser.error(f"--matrix must be INPUTSxFILTERS@PERCENT, not {name}")
        weights = ternary(*(int(number) for number in match.groups()))
        for bits in options.bits or (8, 4):
            for family in options.family or COMMANDS:
                missed |= table(name, weights, bits, family, not options.adders_only)
    verdict = "missed" if missed else "ok"
    said = (f"{family} at 1/{rate} at most {most:.2f}" for (family, rate), most in DEMANDS.items())
    print(f"{verdict} - demanded of both at 8 bits: {', '.join(said)}")
    return int(missed)


def table(name: str, weights: Matrix, bits: int, family: str, engines: bool) -> bool:
    """Print the areas of a layer at all rates; return whether a demand is missed."""
    plan = pipeline_of(network_of(weights, bits, False), bits, False, 1)
    sum_bits = size_of(plan).sum_bits
    whole: tuple[int, int] = (0, 0)
    missed = False
    for rate in RATES:
        start = time.process_time()
        digit = 0 if rate == 1 else 1 << clog2(-(-sum_bits // rate))
        operands = most_operands(digit, family)
        adders = area(Adders(plan, bits, digit, operands), family)
        whole_engine = engine(weights, plan, bits, digit, operands, rate)
        complete = area(whole_engine, family) if engines else 0
        seconds = time.process_time() - start
        if rate == 1:
            whole = adders, complete
        share = adders / whole[0]
        line = f"{name:10} {bits} bits {family:5}  1/{rate:<3}{digit or sum_bits:5}{adders:10}"
        line += f"{share:10.3f}"
        line += f"{complete:10}{complete / whole[1]:10.3f}" if engines else " " * 20
        print(f"{line}{seconds:9.1f}", flush=True)
        if bits == 8:
            demanded = DEMANDS.get((family, rate), 1.0)
            missed |= share > demanded or complete > demanded * whole[1]
    return missed


def ternary(inputs: int, filters: int, percent: int) -> Matrix:
    """Draw weights of a dense layer: int64 (filters, 1, 1, inputs) of −1, 0 and +1."""
    rng = np.random.default_rng((inputs, filters, percent))
    signs = rng.choice([-1, 1], (filters, 1, 1, inputs))
    return np.where(rng.random(signs.shape) < percent / 100, signs, 0)


class Adders(Component):  # type: ignore[misc]
    """A network between ports ``x0``… and ``y0``…: whole values, or digits of them."""

    def __init__(self, plan: Pipeline, bits: int, digit: int, operands: int) -> None:
        self.plan = plan
        self.operands = operands
        self.digit = digit
        taken = Shape(digit or bits)
        given = Shape(digit) if digit else Shape(size_of(plan).sum_bits, True)
        ports = {f"x{number}": In(taken) for number in range(plan.network.inputs)}
        ports |= {f"y{number}": Out(given) for number in range(len(plan.network.taps))}
        super().__init__({**ports, "more": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the network."""
        m = Module()
        inputs = [getattr(self, f"x{number}") for number in range(self.plan.network.inputs)]
        if self.digit:
            results = digit_network(m, Cells(self.plan, self.operands), inputs, self.more, "v")
        else:
            results = adder_network(m, self.plan, inputs, "v")
        for number, value in enumerate(results):
            m.d.comb += getattr(self, f"y{number}").eq(value)
        return m


def engine(
    weights: Matrix, plan: Pipeline, bits: int, digit: int, operands: int, rate: int
) -> Unrolled:
    """Return the whole engine of a dense layer that takes an input every ``rate`` cycles."""
    filters, _, _, inputs = weights.shape
    lanes, given = (fewest(channels, rate) for channels in (inputs, filters))
    params = UnrolledParams(
        window=WindowParams(
            height=1,
            width=1,
            channels=inputs,
            kernel=(1, 1),
            stride=(1, 1),
            padding=(0, 0, 0, 0),
            dilation=(1, 1),
            pad_value=0,
            beat=Beat(lanes, bits, False),
            lanes=inputs,
            groups=1,
        ),
        out_channels=filters,
        out=Beat(given, size_of(plan).sum_bits, True),
        digit=digit,
        operands=operands,
        places=0,
        levels=1,
        weight_bits=2,
        nonzeros=int(np.count_nonzero(weights)),
        size=size_of(plan),
    )
    return Unrolled(params, weights, [FifoParams(params.out.width, DEPTH, params.burst)])


def fewest(channels: int, rate: int) -> int:
    """Return the fewest lanes that carry ``channels`` in ``rate`` cycles."""
    return next(n for n in range(1, channels + 1) if channels % n == 0 and channels // n <= rate)


def area(component: Component, family: str) -> int:
    """Return what Yosys makes of a component."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "top.il").write_text(rtlil.convert(component, name="top"))
        keep = f"setattr -mod -set keep_hierarchy 1 *.{ADDERS}"
        run_yosys([f"read_rtlil {folder}/top.il", "proc", keep, f"write_verilog {folder}/top.v"])
        read = [f"read_verilog {folder}/top.v", "hierarchy -top top", "flatten"]
        run_yosys([*read, COMMANDS[family], f"tee -q -o {folder}/stat stat -json"])
        text = (Path(folder) / "stat").read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    return sum(
        count * weight
        for name, count in cells.items()
        for start, weight in CELLS[family].items()
        if name.startswith(start)
    )


if __name__ == "__main__":
    sys.exit(main())

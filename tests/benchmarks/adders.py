"""Adder networks of ternary matrices at full rate, ours against da4ml's, through the same Yosys.

Run as ``python tests/benchmarks/adders.py [--family xc7] [--matrix 27x64@45 …] [--file M.npz]``;
needs ``pip install sangi[bench]``. Both sides take signed 8-bit inputs, have one adder between two
registers, and use neither block RAM nor DSP blocks. da4ml solves every matrix with several
options, of which its cheapest result is taken. Its input registers, which ours leaves to what
stands before, are not counted. Exit code 1 where one of the printed demands is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from amaranth.back import rtlil
from amaranth.hdl import Module, Shape
from amaranth.lib.wiring import Component, In, Out

from sangi.compiler.circuit.yosys import run_yosys
from sangi.hdl.unrolled.adders import adder_network
from sangi.hdl.unrolled.pipeline import Pipeline
from sangi.hdl.unrolled.share import share

BITS = 8
TRIES = 3000
FILTERS = 64
SEED = 0
MATRICES = ((27, 45), (288, 10), (288, 25), (576, 10), (576, 25))
"""Inputs, and percent of the weights that are not zero."""
COMMANDS = {
    # Shift registers would hide flip-flops in LUTs.
    "xc7": "synth_xilinx -family xc7 -noiopad -noclkbuf -nosrl -nodsp -nobram",
    "ecp5": "synth_ecp5 -nodsp -nobram",
}
OPTIONS = (
    {"decompose_dc": -1, "search_all_decompose_dc": False},
    {"decompose_dc": -1, "search_all_decompose_dc": False, "method0": "mc"},
    {"hard_dc": 0},
    {},
)
"""What da4ml is tried with: no decomposition, plain counts, least depth, its defaults."""
FF_SHARE = 1.2
SECONDS = 60

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """A network as Verilog.

    Attributes
    ----------
    sources : mapping of str
        Verilog of the modules; the top is named ``top``.
    adders, stages : int
    seconds : float
        Processor time that finding the network took.
    input_registers : int
        Bits of registers of the inputs.
    """

    sources: Mapping[str, str]
    adders: int
    stages: int
    seconds: float
    input_registers: int = 0


@dataclass(frozen=True)
class Area:
    """Cells of a family: LUTs (with 2 per CCU2C on ECP5), carry cells, flip-flops."""

    luts: int
    carries: int
    registers: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", action="append", choices=COMMANDS, help="all by default")
    parser.add_argument(
        "--matrix", action="append", metavar="INPUTSx64@PERCENT", help="a seeded random one"
    )
    parser.add_argument("--file", type=Path, help="ternary weights, (filters, …) each")
    options = parser.parse_args(arguments)
    drawn = {f"{inputs}x{FILTERS}@{percent}": (inputs, percent) for inputs, percent in MATRICES}
    if unknown := set(options.matrix or ()) - set(drawn):
        parser.error(f"--matrix must be among {', '.join(drawn)}, not {', '.join(sorted(unknown))}")
    names = options.matrix or ([] if options.file else list(drawn))
    matrices = {name: ternary(*drawn[name]) for name in names}
    if options.file:
        with np.load(options.file) as content:
            matrices |= {n: content[n].reshape(len(content[n]), -1) for n in content.files}
    return compare(matrices, options.family or list(COMMANDS))


def compare(matrices: Mapping[str, Matrix], families: Sequence[str]) -> int:
    """Print what both sides make of the matrices; return 1 where a demand is missed."""
    print(f"{'':30}  adders stages seconds   LUT carry    FF    LUT ours/da4ml, FF")
    missed, fewer, count = False, 0, 0
    for name, matrix in matrices.items():
        sides = {"sangi": ours(matrix), "da4ml": theirs(matrix)}
        for family in families:
            areas = {who: area(side, family) for who, side in sides.items()}
            for who, side in sides.items():
                cells = areas[who]
                line = f"{name:14} {family:5} {who:7}  {side.adders:7}{side.stages:7}"
                line += f"{side.seconds:8.1f}{cells.luts:7}{cells.carries:6}{cells.registers:7}"
                if who == "da4ml":
                    luts = areas["sangi"].luts / cells.luts
                    registers = areas["sangi"].registers / cells.registers
                    line += f"    {luts:.3f}, {registers:.3f}"
                    missed |= luts > 1 or registers > FF_SHARE
                    fewer += luts < 1
                    count += 1
                print(line, flush=True)
        missed |= sides["sangi"].seconds > SECONDS
    missed |= 2 * fewer < count
    verdict = "missed" if missed else "ok"
    print(
        f"{verdict}: LUT at most da4ml's, fewer in {fewer} of {count} (at least half), "
        f"FF at most {FF_SHARE} of da4ml's, at most {SECONDS} s each"
    )
    return int(missed)


def ternary(inputs: int, percent: int) -> Matrix:
    """Draw weights: int64 (64, inputs) of −1, 0 and +1."""
    rng = np.random.default_rng((SEED, inputs, percent))
    signs = rng.choice([-1, 1], (FILTERS, inputs))
    return np.where(rng.random((FILTERS, inputs)) < percent / 100, signs, 0)


class Top(Component):  # type: ignore[misc]
    """A network between ports ``x0``… and ``y0``…"""

    def __init__(self, plan: Pipeline) -> None:
        self.plan = plan
        network = plan.network
        low, high = network.ranges(plan.low, plan.high)
        bits = max(int(max(-low.min(), high.max())).bit_length() + 2, BITS)
        ports = {f"x{i}": In(Shape(BITS, True)) for i in range(network.inputs)}
        ports |= {f"y{i}": Out(Shape(bits, True)) for i in range(len(network.taps))}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inputs = [getattr(self, f"x{i}") for i in range(self.plan.network.inputs)]
        for row, value in enumerate(adder_network(m, self.plan, inputs, "v")):
            m.d.comb += getattr(self, f"y{row}").eq(value)
        return m


def ours(matrix: Matrix) -> Side:
    """Return our network."""
    start = time.process_time()
    network = share(matrix, BITS, tries=TRIES)
    seconds = time.process_time() - start
    plan = Pipeline(network, -(1 << (BITS - 1)), (1 << (BITS - 1)) - 1)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "top.il").write_text(rtlil.convert(Top(plan), name="top"))
        read = [f"read_rtlil {folder}/top.il", "proc"]
        run_yosys([*read, f"write_verilog -noattr {folder}/top.v"])
        verilog = (Path(folder) / "top.v").read_text()
    return Side({"top": verilog}, len(network.adders), plan.depth, seconds)


def theirs(matrix: Matrix) -> Side:
    """Return da4ml's network of fewest bits, over its options."""
    from da4ml.codegen.rtl.verilog.pipeline import pipeline_logic_gen
    from da4ml.trace import FixedVariableArrayInput, HWConfig, comb_trace
    from da4ml.trace.pipeline import to_pipeline

    inputs = matrix.shape[1]
    ones = np.ones(inputs, dtype=np.int64)
    found = []
    for options in OPTIONS:
        start = time.process_time()
        # Adders cost their bits and take one unit of time.
        hardware = HWConfig(adder_size=1, carry_size=-1, latency_cutoff=-1)
        variables = FixedVariableArrayInput((inputs,), hardware, solver_options=options)
        signed = variables.quantize(ones, (BITS - 1) * ones, 0 * ones)
        logic = comb_trace(variables, signed @ matrix.T.astype(np.float32))
        found.append((logic.cost, time.process_time() - start, logic))
    _, seconds, logic = min(found, key=lambda result: result[0])
    sample = np.random.default_rng(SEED).integers(-100, 100, inputs)
    assert np.array_equal(np.asarray(logic(sample), dtype=np.int64), matrix @ sample)
    pipeline = to_pipeline(logic, 1, retiming=False)
    library = files("da4ml.codegen.rtl.verilog") / "source"
    sources = {name: (library / f"{name}.v").read_text() for name in ("shift_adder", "negative")}
    sources |= pipeline_logic_gen(pipeline, "top")
    adders = sum(op.opcode in (0, 1) for op in logic.ops)
    used = int((matrix != 0).any(axis=0).sum())
    return Side(sources, adders, len(pipeline.solutions), seconds, used * BITS)


def area(side: Side, family: str) -> Area:
    """Return what Yosys makes of a network."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in side.sources.items():
            (Path(folder) / f"{name}.v").write_text(text)
        paths = " ".join(f"{folder}/{name}.v" for name in side.sources)
        read = [f"read_verilog -sv {paths}", "hierarchy -top top", "flatten"]
        run_yosys([*read, COMMANDS[family], f"tee -q -o {folder}/stat stat -json"])
        text = (Path(folder) / "stat").read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]

    def total(*prefixes: str) -> int:
        return sum(n for name, n in cells.items() if name.startswith(prefixes))

    # An inverter that is left takes a LUT.
    luts, carries = total("LUT", "INV"), total("CARRY4", "CCU2C")
    luts += 2 * carries if family == "ecp5" else 0
    return Area(luts, carries, total("FD", "TRELLIS_FF") - side.input_registers)


if __name__ == "__main__":
    sys.exit(main())

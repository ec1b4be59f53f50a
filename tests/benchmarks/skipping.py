"""Skipping against folded and unrolled: one bank-balanced ternary layer from 50 to 98 % zeros.

Run as ``python tests/benchmarks/skipping.py [--family xc7] [--zeros 90 …]``. The layer is a 3×3
convolution from 64 to 64 channels of 4 bits on frames of 16×16, with as many zeros in every filter
and each of 8 banks. All engines keep the same interval; each has the parameters of the fewest
look-up tables by its cost model, with weights in block RAM, and goes through the same Yosys with an
output FIFO of 16 beats. *Busy* is the part of the lanes' cycles in which a weight that is not zero
is used. The last table is by the cost models alone, for several rates: from which part of zeros on
which engine takes the fewest LUTs, and from which on the mapping takes it on PYNQ-Z2 or ULX3S 85F,
where all resources count and weights may lie in LUTs as well.
Exit code 1 where a printed demand, which is on 90 % zeros, is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil

from sangi.boards.load import load_board
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.mapping.layer import Layer
from sangi.compiler.mapping.limits import budget_of
from sangi.compiler.mapping.memory import SHALLOW, fifo_params
from sangi.compiler.mapping.offers import OFFERS
from sangi.compiler.mapping.select import thrift, vector
from sangi.compiler.mapping.windowed import STYLES, kernels
from sangi.hdl.cost import Resources
from sangi.hdl.engines import engine_of
from sangi.hdl.fifo.cost import cost as fifo_cost
from sangi.hdl.fifo.params import FifoParams
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.skipping.circuit import Skipping
from sangi.hdl.skipping.params import SkippingParams
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv

CHANNELS, BANKS, SIZE, BITS = 64, 8, 16, 4
INTERVAL = 576
"""Cycles per pixel of the measured table: 64 folded lanes exactly."""

ZEROS = (50, 60, 70, 80, 90, 95, 98)
RATES = (INTERVAL, 144, 72, 18, 5, 3)
"""Cycles per pixel of the table by cost models: what is left of them after 2**n is for borders."""

ENGINES = ("folded", "skipping", "unrolled")

BOARDS = {"xc7": "pynq_z2", "ecp5": "ulx3s_85f"}

LEAST_FOLD, LEAST_BUSY = 2.5, 0.9
COMMANDS = {"xc7": "synth_xilinx -noiopad -noclkbuf", "ecp5": "synth_ecp5"}
CELLS = {
    "lut": (("LUT", 1), ("INV", 1), ("SRL", 1), ("CCU2C", 2), ("TRELLIS_DPR16X4", 4), ("RAM", 4)),
    "ff": (("FD", 1), ("TRELLIS_FF", 1)),
    "bram": (("RAMB36", 1), ("RAMB18", 0.5), ("DP16KD", 1)),
}
"""What a cell counts, by the start of its name; block RAMs are taken out of the first line."""


@dataclass(frozen=True)
class Fit:
    """An engine for a layer: its parameters, and what it takes with its FIFO."""

    engine: str
    params: Any
    fifo: FifoParams
    cost: Resources


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=COMMANDS, default="xc7")
    parser.add_argument("--zeros", type=int, action="append", help=f"percent; {ZEROS} by default")
    parser.add_argument("--no-rates", action="store_true", help="leave the last table out")
    options = parser.parse_args(arguments)
    print(
        f"{INTERVAL} cycles a pixel at most, {options.family}\n"
        f"zeros  engine    lanes  cycles   busy  model LUT     LUT     FF   BRAM"
    )
    held = True
    for zeros in options.zeros or ZEROS:
        held &= table(zeros, options.family)
    if not options.no_rates:
        rates(options.family)
    print(
        f"{'ok' if held else 'missed'} - demanded at 90 % zeros: folded / skipping at least "
        f"{LEAST_FOLD} in LUTs, skipping lanes busy at least {LEAST_BUSY:.0%}"
    )
    return 0 if held else 1


def table(percent: int, family: str, engines: Sequence[str] = ENGINES) -> bool:
    """Print the engines of a layer; return whether what is demanded of them holds."""
    layer = balanced(percent / 100)
    luts: dict[str, float] = {}
    busy = 0.0
    for engine in engines:
        fit = cheapest(engine, layer, family)
        if fit is None:
            print(f"{zeros_of(layer):5.1%}  {engine:9} is not offered", flush=True)
            continue
        found = synthesized(fit, layer, family)
        luts[engine] = found.lut
        window = fit.params.window
        # A lane computes for several pixels where they share their indices.
        lanes = getattr(fit.params, "pe", 1) * window.lanes * window.pixels
        cycles = fit.params.cycles // SIZE**2
        share = ""
        if engine != "unrolled":
            used = np.count_nonzero(layer.op.weights) / (lanes * cycles)
            busy = used if engine == "skipping" else busy
            share = f"{used:.1%}"
        print(
            f"{zeros_of(layer):5.1%}  {engine:9}{lanes:6}{cycles:8}{share:>7}{fit.cost.lut:11.0f}"
            f"{found.lut:8.0f}{found.ff:7.0f}{found.bram:7.1f}",
            flush=True,
        )
    best = min(luts, key=lambda engine: luts[engine])
    print(f"       {best} takes the fewest; folded / skipping = {fold(luts):.2f}", flush=True)
    return percent != 90 or (fold(luts) >= LEAST_FOLD and busy >= LEAST_BUSY)


def fold(luts: dict[str, float]) -> float:
    """Return how many times the skipping engine's LUTs the folded one takes."""
    return luts["folded"] / luts["skipping"] if "skipping" in luts else 0.0


def rates(family: str) -> None:
    """Print which engine takes the fewest LUTs over all parts of zeros, by the cost models."""
    budget = budget_of(load_board(BOARDS[family]), {})

    def share(fit: Fit) -> float:
        return float(thrift(vector(fit.cost) / budget))

    depth = 9 * CHANNELS // BANKS
    layers = [balanced(1 - kept / depth) for kept in range(depth // 2, 0, -2)]
    for title, measure, styles in (
        ("fewest LUTs", fewest_luts, ("block",)),
        (f"the mapping's choice on {BOARDS[family]}", share, STYLES),
    ):
        print(f"\nby the cost models, {title} from that part of zeros on")
        for cycles in RATES:
            spans: list[str] = []
            last = ""
            for layer in layers:
                fits = all_fits(layer, cycles, family, styles)
                name = min(fits, key=measure).engine if fits else "none"
                if name != last:
                    spans.append(f"{name} {zeros_of(layer):.0%}")
                last = name
            print(f"{cycles:5} cycles a pixel: {', '.join(spans)}", flush=True)


def fewest_luts(fit: Fit) -> tuple[float, float]:
    """Return what orders circuits by look-up tables, and equal ones by block RAMs."""
    return fit.cost.lut, fit.cost.bram


def balanced(zeros: float) -> Layer:
    """Return the layer with as many ternary weights of zero per filter and bank."""
    rng = np.random.default_rng(0)
    order = rng.random((CHANNELS, 9 * CHANNELS // BANKS, BANKS)).argsort(axis=1).argsort(axis=1)
    kept = (order >= round(zeros * order.shape[1])).reshape(CHANNELS, 3, 3, CHANNELS)
    weights = rng.choice([-1, 1], kept.shape) * kept
    source = TensorType((SIZE, SIZE, CHANNELS), 0, (1 << BITS) - 1)
    op = Conv(weights, (1, 1), (1, 1, 1, 1))
    return Layer("layer", op, source, op.infer(source))


def zeros_of(layer: Layer) -> float:
    """Return the part of the weights that are zero."""
    return 1 - np.count_nonzero(layer.op.weights) / layer.op.weights.size


def cheapest(engine: str, layer: Layer, family: str) -> Fit | None:
    """Return an engine's circuit of the fewest LUTs within ``INTERVAL``; None if there is none."""
    fits = all_fits(layer, INTERVAL, family, ("block",))
    mine = [fit for fit in fits if fit.engine == engine]
    return min(mine, key=fewest_luts, default=None)


def all_fits(layer: Layer, cycles: int, family: str, styles: Sequence[str]) -> list[Fit]:
    """Return what the engines offer a layer that takes at most ``cycles`` per pixel.

    Streams carry a pixel in that time in the fewest lanes; weights lie in memories of ``styles``.
    """
    lanes = max(1, CHANNELS >> cycles.bit_length() - 1)
    fits = []
    for offer in OFFERS:
        if not (offer.computes(layer) and offer.pays(layer)):
            continue
        for params in offer.options(layer, (lanes, lanes), cycles * SIZE**2):
            if getattr(params, "weight_style", styles[0]) in styles:
                out, burst = params.out, params.burst  # type: ignore[union-attr]
                fifo = fifo_params(out.width, max(SHALLOW, burst), burst, family)
                cost = engine_of(params).cost(params, family) + fifo_cost(fifo, family)
                fits.append(Fit(offer.name, params, fifo, cost))
    return fits


def synthesized(fit: Fit, layer: Layer, family: str) -> Resources:
    """Return what Yosys makes of an engine with its output FIFO."""
    makers: dict[type, Any] = {FoldedParams: Folded, SkippingParams: Skipping}
    make = makers.get(type(fit.params), Unrolled)
    text = rtlil.convert(make(fit.params, kernels(layer.op), [fit.fifo]), name="top")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "top.il").write_text(text)
        run_yosys([f"read_rtlil {folder}/top.il", "proc", f"write_verilog {folder}/top.v"])
        read = [f"read_verilog {folder}/top.v", "hierarchy -top top", "flatten"]
        run_yosys([*read, COMMANDS[family], f"tee -q -o {folder}/stat stat -json"])
        text = (Path(folder) / "stat").read_text()
    cells = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]

    def count(kind: str) -> float:
        return sum(
            number * weight
            for name, number in cells.items()
            for start, weight in CELLS[kind]
            if name.startswith(start) and (kind == "bram" or not name.startswith("RAMB"))
        )

    return Resources(lut=count("lut"), ff=count("ff"), bram=count("bram"))


if __name__ == "__main__":
    sys.exit(main())

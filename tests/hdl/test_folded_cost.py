"""The cost models of FIFO, window and folded engine against Yosys: LUTs within 20 %."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.lib.wiring import Component
from harness import fifo
from synthesis import cells

from sangi.hdl.cost import Resources
from sangi.hdl.fifo.cost import choose_style
from sangi.hdl.fifo.cost import model as fifo_model
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.cost import cost

from .test_folded import Case

LARGE = {"height": 16, "width": 16, "pad_value": 7, "style": "block", "depth": 16}
CASES = {
    "dsp": Case(
        **LARGE,
        padding=(1, 1, 1, 1),
        channels=16,
        filters=32,
        in_lanes=8,
        simd=8,
        pe=4,
        out_lanes=4,
    ),
    "packed": Case(
        **LARGE,
        multiplier="packed",
        weight_bits=4,
        family="ecp5",
        channels=16,
        filters=32,
        in_lanes=8,
        simd=8,
        pe=4,
        out_lanes=4,
    ),
    "lut": Case(
        **LARGE, multiplier="lut", channels=16, filters=32, in_lanes=4, simd=8, pe=2, out_lanes=2
    ),
    "ternary": Case(
        **LARGE,
        multiplier="ternary",
        padding=(1, 1, 1, 1),
        channels=16,
        filters=16,
        in_lanes=4,
        simd=16,
        pe=4,
    ),
}

FEW_WORDS = {
    # Multiplier, bits of an element, lanes: weights of one or of two words.
    (multiplier, bits, lanes): Case(
        multiplier=multiplier,
        bits=bits,
        kernel=(1, 1),
        channels=16,
        filters=16,
        in_lanes=lanes,
        simd=lanes,
        pe=16,
        out_lanes=16,
    )
    for multiplier in ("dsp", "packed")
    for bits, lanes in ((1, 16), (2, 16), (4, 16), (8, 8))
}


def folded(case: Case) -> Folded:
    """Return the engine of a case."""
    params = case.params
    weights = case.weights(np.random.default_rng(0))
    return Folded(params, weights, [fifo(params.out, case.depth, params.burst)])


def synthesized(circuit: Component, family: str) -> Resources:
    """Return what Yosys counts."""
    if family == "ecp5":
        found = cells(circuit, "synth_ecp5")
        return Resources(
            lut=sum(
                weight * found.get(name, 0)
                for name, weight in (("LUT4", 1), ("CCU2C", 2), ("TRELLIS_DPR16X4", 4))
            ),
            ff=found.get("TRELLIS_FF", 0),
            bram=found.get("DP16KD", 0),
            dsp=found.get("MULT18X18D", 0),
        )
    found = cells(circuit, "synth_xilinx -noiopad -noclkbuf")
    return Resources(
        lut=sum(count for name, count in found.items() if name.startswith(("LUT", "SRL")))
        + 4 * (found.get("RAM32M", 0) + found.get("RAM64M", 0)),
        ff=sum(count for name, count in found.items() if name.startswith("FD")),
        bram=found.get("RAMB36E1", 0) + found.get("RAMB18E1", 0) / 2,
        dsp=found.get("DSP48E1", 0),
    )


@pytest.mark.parametrize("family", ["ecp5", pytest.param("xc7", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_close_to_yosys(name, family):
    params = CASES[name].params
    output = fifo(params.out, CASES[name].depth, params.burst)
    model = cost(params, family) + fifo_model(output, family)
    found = synthesized(folded(CASES[name]), family)
    assert model.lut == pytest.approx(found.lut, rel=0.2)
    assert model.ff == pytest.approx(found.ff, rel=0.2)
    assert model.bram == found.bram
    assert model.dsp == found.dsp


@pytest.mark.parametrize("family", ["xc7", "xcup"])
@pytest.mark.parametrize("case", FEW_WORDS)
def test_blocks_hold_no_more_registers_than_were_counted(case, family):
    """Columns of few words are few different ones, but every block holds an operand of its own."""
    params = FEW_WORDS[case].params
    sums = params.pe * params.out.bits
    levels = sums * (params.simd // 2 - 1)
    assert sums < cost(params, family).ff < 2 * sums + levels


@pytest.mark.slow
def test_weights_of_one_word_are_close_to_yosys():
    case = replace(FEW_WORDS["dsp", 2, 16], channels=8, filters=8)
    case = replace(case, in_lanes=8, simd=8, pe=8, out_lanes=8)
    params = case.params
    model = cost(params, "xc7") + fifo_model(fifo(params.out, 8, params.burst), "xc7")
    assert model.ff == pytest.approx(synthesized(folded(case), "xc7").ff, rel=0.2)


@pytest.mark.parametrize(
    ("depth", "width", "family", "style"),
    [
        (2, 32, "xc7", "distributed"),
        (33, 64, "xc7", "distributed"),
        (65, 64, "xc7", "block"),
        (33, 64, "ecp5", "block"),
        (100, 8, "ecp5", "distributed"),
        (4, 16, "ice40", "registers"),
        (5, 16, "ice40", "block"),
        (4, 16, "max10", "registers"),
        # A twentieth of an M10K and more of it is used, or less.
        (16, 40, "cyclonev", "block"),
        (16, 96, "cyclonev", "block"),
        (16, 60, "cyclonev", "distributed"),
        (33, 64, "gowin", "block"),
        (100, 8, "gowin", "distributed"),
    ],
)
def test_choose_style(depth, width, family, style):
    assert choose_style(depth, width, family) == style

"""The cost models against what Yosys made of the same units (Yosys 0.70, abc9, without FIFOs)."""

import pytest

from sangi.hdl.add.cost import cost as add_cost
from sangi.hdl.add.params import AddParams
from sangi.hdl.beat import Beat
from sangi.hdl.concat.cost import cost as concat_cost
from sangi.hdl.concat.params import ConcatParams
from sangi.hdl.fork.cost import cost as fork_cost
from sangi.hdl.fork.params import ForkParams
from sangi.hdl.globalpool.cost import cost as globalpool_cost
from sangi.hdl.globalpool.params import GlobalPoolParams
from sangi.hdl.lookup.cost import cost as lookup_cost
from sangi.hdl.lookup.params import LookupParams
from sangi.hdl.requantize.cost import cost as requantize_cost
from sangi.hdl.requantize.params import RequantizeParams
from sangi.hdl.threshold.cost import cost as threshold_cost
from sangi.hdl.threshold.params import ThresholdParams
from sangi.hdl.width.cost import cost as width_cost
from sangi.hdl.width.params import WidthParams


def requantize(lanes, bits, factor, total, shift, ties, style, entries):
    beat, out = Beat(lanes, bits, True), Beat(lanes, 8, True)
    offset = min(total, shift + 8)
    return RequantizeParams(
        64, 64, beat, out, entries, factor, False, offset, total, shift, ties, -128, 127, style
    )


def threshold(lanes, channels, bits, steps, entries):
    return ThresholdParams(
        64, channels, Beat(lanes, bits, True), Beat(lanes, 4, False), entries, steps, bits, True
    )


BEAT = Beat(4, 8, True)
CASES = {
    "requantize": (requantize_cost, requantize(4, 22, 22, 46, 36, False, "dsp", 64)),
    "requantize with ties": (requantize_cost, requantize(2, 24, 24, 49, 38, True, "dsp", 64)),
    "requantize without blocks": (
        requantize_cost,
        requantize(2, 22, 22, 46, 36, False, "lut", 64),
    ),
    "requantize, one entry": (requantize_cost, requantize(4, 14, 20, 36, 26, True, "dsp", 1)),
    "threshold": (threshold_cost, threshold(4, 64, 16, 15, 64)),
    "lookup": (lookup_cost, LookupParams(64, 3, Beat(3, 8, False), Beat(3, 8, True), 1, 0, 256)),
    "add": (
        add_cost,
        AddParams(
            64, 16, (BEAT, BEAT), BEAT, 1, (1, 14), False, 24, 28, 16, True, -128, 127, "dsp"
        ),
    ),
    "concat": (
        concat_cost,
        ConcatParams(64, (4, 4, 4), (Beat(8, 8, False),) * 3, Beat(8, 8, False)),
    ),
    "sum": (
        globalpool_cost,
        GlobalPoolParams(64, 64, "sum", Beat(4, 8, False), Beat(4, 14, False)),
    ),
    "narrow": (width_cost, WidthParams(512, Beat(8, 8, True), Beat(1, 8, True))),
}


# Counted by Yosys: LUTs (ECP5's carry cells as two), block RAMs, multiplier blocks.
@pytest.mark.parametrize(
    ("case", "family", "lut", "dsp"),
    [
        ("requantize", "xc7", 489, 8),
        ("requantize", "ecp5", 733, 16),
        ("requantize with ties", "xc7", 295, 4),
        ("requantize with ties", "ecp5", 576, 8),
        ("requantize without blocks", "xc7", 1926, 0),
        ("requantize without blocks", "ecp5", 2400, 0),
        ("requantize without blocks", "ice40", 2528, 0),
        ("requantize, one entry", "xc7", 77, 4),
        ("requantize, one entry", "ecp5", 274, 8),
        ("threshold", "xc7", 499, 0),
        ("threshold", "ecp5", 1221, 0),
        ("threshold", "ice40", 2308, 0),
        ("lookup", "xc7", 97, 0),
        ("lookup", "ecp5", 484, 0),
        ("add", "ecp5", 242, 4),
        ("concat", "xc7", 65, 0),
        ("concat", "ecp5", 155, 0),
        ("sum", "xc7", 99, 0),
        ("sum", "ecp5", 184, 0),
        ("sum", "ice40", 826, 0),
        ("narrow", "xc7", 60, 0),
        ("narrow", "ecp5", 65, 0),
    ],
)
def test_close_to_yosys(case, family, lut, dsp):
    model, params = CASES[case]
    estimate = model(params, family)
    assert estimate.lut == pytest.approx(lut, rel=0.2)
    assert estimate.dsp == dsp
    assert estimate.bram == 0


@pytest.mark.parametrize(("family", "bram"), [("xc7", 10.5), ("ecp5", 21), ("ice40", 80)])
def test_deep_thresholds_take_block_memory(family, bram):
    assert threshold_cost(threshold(1, 64, 20, 255, 64), family).bram == bram


# Blocks that multiply differ, and with them what is left for LUTs.
@pytest.mark.parametrize(
    "case", [name for name, (model, params) in CASES.items() if not model(params, "ecp5").dsp]
)
def test_families_without_figures_count_like_their_relatives(case):
    model, params = CASES[case]
    assert model(params, "xcup") == model(params, "xc7")
    gowin, ecp5 = model(params, "gowin"), model(params, "ecp5")
    if case == "lookup":
        # Its multiplexers beside the LUTs hold 256 places: 16 LUTs a bit, ECP5 takes 20.
        assert ecp5.lut - gowin.lut == 3 * 8 * 4
    else:
        assert gowin == ecp5


@pytest.mark.parametrize("style", ["lut", "dsp"])
def test_lanes_with_a_constant_each_multiply_by_it(style):
    """As many lanes as channels read no table; 16 of them are 1,743 LUTs on ECP5 (Yosys)."""
    each = requantize(64, 12, 16, 28, 18, False, style, 64)
    one = requantize(64, 12, 16, 28, 18, False, style, 1)
    assert requantize_cost(each, "ecp5").lut == requantize_cost(one, "ecp5").lut
    read = requantize(32, 12, 16, 28, 18, False, "lut", 64)
    wired = requantize(64, 12, 16, 28, 18, False, "lut", 64)
    assert requantize_cost(wired, "ecp5").lut < requantize_cost(read, "ecp5").lut


def test_a_fork_is_wires():
    assert fork_cost(ForkParams(Beat(8, 8, True), 64, 2), "ecp5").lut < 5

"""The cost model of the grouped engine against Yosys: LUTs and flip-flops within 15 %."""

import numpy as np
import pytest
from harness import fifo

from sangi.hdl.fifo.cost import model as fifo_model
from sangi.hdl.grouped.circuit import Grouped
from sangi.hdl.grouped.cost import cost

from .test_folded_cost import synthesized
from .test_grouped import Case

LARGE = {"height": 16, "width": 16, "padding": (1, 1, 1, 1), "pad_value": 7, "places": 16}
CASES = {
    "dsp": Case(**LARGE, groups=16, style="block", pe=8, in_lanes=2, out_lanes=2),
    "lut": Case(**LARGE, groups=16, multiplier="lut", pe=4),
    "ternary": Case(
        **LARGE, groups=16, multiplier="ternary", pe=16, in_lanes=4, out_lanes=4, stride=(2, 2)
    ),
    "groups of four": Case(
        **LARGE,
        depth=4,
        each=4,
        multiplier="lut",
        simd=4,
        pe=4,
        in_lanes=2,
        out_lanes=2,
        style="block",
    ),
}
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("dsp", "ecp5"),
        *(pytest.param(name, "ecp5", marks=SLOW) for name in ("lut", "ternary", "groups of four")),
        *(pytest.param(name, "xc7", marks=SLOW) for name in CASES),
    ],
)
def test_close_to_yosys(name, family):
    case = CASES[name]
    params = case.params
    output = fifo(params.out, case.places, params.burst)
    circuit = Grouped(params, case.weights(np.random.default_rng(0)), [output])
    model = cost(params, family) + fifo_model(output, family)
    found = synthesized(circuit, family)
    assert model.lut == pytest.approx(found.lut, rel=0.15)
    assert model.ff == pytest.approx(found.ff, rel=0.15)
    assert model.bram == found.bram
    assert model.dsp == found.dsp

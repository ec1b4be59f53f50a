"""The skipping engine's cost model against Yosys, and its size against the folded engine's."""

import numpy as np
import pytest
from harness import fifo

from sangi.hdl.fifo.cost import model as fifo_model
from sangi.hdl.skipping.circuit import Skipping
from sangi.hdl.skipping.cost import cost
from sangi.hdl.skipping.weights import utilization

from .test_folded_cost import folded, synthesized
from .test_skipping import Case

LAYER = {
    "height": 16,
    "width": 16,
    "channels": 64,
    "filters": 64,
    "bits": 4,
    "multiplier": "ternary",
    "padding": (1, 1, 1, 1),
    "pad_value": 7,
    "balanced": True,
    "zeros": 0.9,
    "style": "block",
    "in_lanes": 1,
    "depth": 16,
}
CASES = {
    "balanced": Case(**LAYER, simd=8, pe=1),
    "unbalanced, two at once": Case(
        **{**LAYER, "balanced": False, "channels": 16, "filters": 32}, simd=4, pe=2
    ),
    "balanced, two pixels": Case(**LAYER, simd=8, pe=1, pixels=2),
    "unbalanced, two at once, two pixels": Case(
        **{**LAYER, "balanced": False, "channels": 16, "filters": 32, "stride": (2, 2)},
        simd=4,
        pe=2,
        pixels=2,
    ),
    "8 bits, lut, four pixels": Case(
        **{**LAYER, "bits": 8, "multiplier": "lut", "channels": 16, "filters": 16},
        simd=4,
        pe=2,
        pixels=4,
    ),
    "8 bits, lut, all filters at once, two pixels": Case(
        **{**LAYER, "bits": 8, "multiplier": "lut", "channels": 8, "filters": 4, "out_lanes": 2},
        simd=2,
        pe=4,
        pixels=2,
    ),
    "8 bits, lut": Case(
        **{**LAYER, "bits": 8, "multiplier": "lut", "channels": 16, "filters": 16}, simd=4, pe=1
    ),
    "8 bits, dsp": Case(
        **{**LAYER, "bits": 8, "multiplier": "dsp", "channels": 16, "filters": 16}, simd=8, pe=1
    ),
}


def skipping(case: Case) -> Skipping:
    """Return the engine of a case."""
    weights = case.weights(np.random.default_rng(0))
    params = case.engine(weights)
    return Skipping(params, weights, [fifo(params.out, case.depth, params.burst)])


@pytest.mark.parametrize("family", ["ecp5", pytest.param("xc7", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_close_to_yosys(name, family):
    circuit = skipping(CASES[name])
    model = cost(circuit.params, family) + fifo_model(circuit.fifo, family)
    found = synthesized(circuit, family)
    assert model.lut == pytest.approx(found.lut, rel=0.2 if family == "ecp5" else 0.25)
    assert model.ff == pytest.approx(found.ff, rel=0.2)
    assert model.bram == found.bram
    assert model.dsp == found.dsp


@pytest.mark.slow
def test_a_third_of_the_folded_engine_at_90_percent_zeros():
    """At the same or a higher rate, on bank-balanced ternary weights, lanes always busy."""
    case = CASES["balanced"]
    circuit = skipping(case)
    dense = Case(**LAYER, simd=8, pe=8)
    assert circuit.params.cycles <= dense.params.cycles
    assert utilization(circuit.params, circuit.weights) > 0.9
    assert 3 * synthesized(circuit, "xc7").lut < synthesized(folded(dense), "xc7").lut

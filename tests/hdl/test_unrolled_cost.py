"""The unrolled engine's cost model against Yosys."""

import numpy as np
import pytest
from harness import fifo

from sangi.hdl.fifo.cost import model as fifo_model
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.hdl.unrolled.cost import cost

from .test_folded_cost import synthesized
from .test_unrolled import Case

LAYER = {
    "height": 16,
    "width": 16,
    "channels": 8,
    "filters": 16,
    "bits": 8,
    "padding": (1, 1, 1, 1),
    "pad_value": 7,
    "in_lanes": 2,
    "out_lanes": 4,
    "depth": 16,
}
FEW = {**LAYER, "channels": 4, "weight_bits": 4}
PIXEL = {"height": 1, "width": 1, "kernel": (1, 1), "digit": 1, "depth": 16}
CASES = {
    "whole sums": Case(**{**LAYER, "out_lanes": 16, "in_lanes": 8}),
    "whole sums, 4-bit weights": Case(**FEW, places=20),
    "1 bit": Case(**LAYER, digit=1),
    "1 bit, signed": Case(
        **{**LAYER, "signed": True, "bits": 4, "pad_value": -8}, digit=1, places=20
    ),
    "2 bits, 4-bit weights": Case(**FEW, digit=2),
    "4 bits": Case(**LAYER, digit=4, zeros=0.7),
    "wide frame": Case(**{**LAYER, "width": 80, "bits": 4}, places=100, digit=2),
    "dense": Case(
        **PIXEL,
        channels=128,
        filters=16,
        in_lanes=8,
        out_lanes=1,
    ),
    "dense, 8 bits": Case(
        **PIXEL,
        channels=96,
        filters=24,
        bits=8,
        signed=True,
        in_lanes=6,
        out_lanes=3,
    ),
    "dense, few inputs read": Case(
        **PIXEL,
        channels=128,
        filters=8,
        bits=8,
        zeros=0.98,
        in_lanes=8,
        out_lanes=2,
    ),
    "1x1, 2 bits": Case(
        height=8,
        width=8,
        kernel=(1, 1),
        channels=32,
        filters=32,
        bits=8,
        weight_bits=4,
        zeros=0.8,
        in_lanes=4,
        out_lanes=1,
        digit=2,
        depth=64,
    ),
}
QUICK = ("1 bit, signed",)


@pytest.mark.parametrize("family", ["ecp5", pytest.param("xc7", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in CASES]
)
def test_close_to_yosys(name, family):
    case = CASES[name]
    weights = case.weights(np.random.default_rng(0))
    params = case.engine(weights)
    circuit = Unrolled(params, weights, [fifo(params.out, case.depth, params.burst)])
    model = cost(params, family) + fifo_model(circuit.fifo, family)
    found = synthesized(circuit, family)
    assert model.lut == pytest.approx(found.lut, rel=0.2)
    assert model.ff == pytest.approx(found.ff, rel=0.1)
    assert model.bram == found.bram
    assert model.dsp == found.dsp == 0

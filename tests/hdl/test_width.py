# amaranth: UnusedElaboratable=no
"""The stream width converter: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.width.circuit import Width
from sangi.hdl.width.params import WidthParams
from sangi.hdl.width.schedule import schedule


@pytest.mark.parametrize(
    ("lanes", "out", "depth"),
    [(1, 4, 1), (2, 6, 3), (8, 1, 8), (8, 1, 20), (6, 2, 3), (6, 3, 2), (5, 5, 2), (4, 8, 2)],
)
def test_elements_keep_their_order(lanes, out, depth):
    params = WidthParams(48 if lanes != 5 else 45, Beat(lanes, 7, True), Beat(out, 7, True))
    frames = 3
    x = np.random.default_rng(lanes).integers(-64, 64, size=frames * params.elements)
    dut = Width(params, [fifo(params.out, depth, params.burst)])
    check(dut, schedule(params), [depth], [(x, params.beat)], [(x, params.out)], frames)


def test_a_narrowing_firing_claims_its_whole_burst():
    params = WidthParams(8, Beat(4, 8, False), Beat(2, 8, False))
    with pytest.raises(ValueError, match="burst must be 2, not 1"):
        Width(params, [fifo(params.out, 8)])

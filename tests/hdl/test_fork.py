# amaranth: UnusedElaboratable=no
"""The fork: every beat on every output, every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.fork.circuit import Fork
from sangi.hdl.fork.params import ForkParams
from sangi.hdl.fork.schedule import schedule


@pytest.mark.parametrize("depths", [(2, 9), (1, 4), (3, 3, 5)])
def test_every_output_gets_every_beat(depths):
    """Depths that differ, with outputs that stall independently of each other."""
    params = ForkParams(Beat(3, 5, True), beats=20, ways=len(depths))
    x = np.random.default_rng(1).integers(-16, 16, size=3 * 20 * 3)
    dut = Fork(params, [fifo(params.beat, depth) for depth in depths])
    outputs = [(x, params.beat)] * len(depths)
    check(dut, schedule(params), depths, [(x, params.beat)], outputs, 3)


def test_one_fifo_a_way():
    params = ForkParams(Beat(1, 4, False), beats=1, ways=2)
    with pytest.raises(ValueError, match="fifos must be 2, not 1"):
        Fork(params, [fifo(params.beat, 2)])

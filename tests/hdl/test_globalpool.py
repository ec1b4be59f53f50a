"""Global pooling: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.globalpool.circuit import GlobalPool
from sangi.hdl.globalpool.params import GlobalPoolParams
from sangi.hdl.globalpool.schedule import schedule
from sangi.runtime.numerics import bits_for


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("pixels", "channels", "lanes"), [(9, 8, 2), (4, 4, 4), (1, 6, 2), (1, 3, 3), (16, 5, 1)]
)
def test_pooling(pixels, channels, lanes, kind, signed):
    """Several words and one (which follows itself in the next cycle); one pixel; extreme values."""
    low, high = (-128, 127) if signed else (0, 255)
    frames = 4
    x = np.random.default_rng(pixels).integers(
        low, high, size=(frames, pixels, channels), endpoint=True
    )
    x[0], x[1] = low, high
    bits = bits_for(low * pixels, high * pixels) if kind == "sum" else 8
    params = GlobalPoolParams(
        pixels=pixels,
        channels=channels,
        kind=kind,
        beat=Beat(lanes, 8, signed),
        out=Beat(lanes, bits, signed),
    )
    y = x.sum(axis=1) if kind == "sum" else x.max(axis=1)
    dut = GlobalPool(params, [fifo(params.out, 2)])
    check(dut, schedule(params), [2], [(x, params.beat)], [(y, params.out)], frames)

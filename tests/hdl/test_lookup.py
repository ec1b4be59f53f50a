# amaranth: UnusedElaboratable=no
"""The lookup unit: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.lookup.circuit import Lookup
from sangi.hdl.lookup.params import LookupParams
from sangi.hdl.lookup.schedule import schedule


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("pixels", "channels", "lanes"), [(8, 3, 3), (5, 4, 2), (1, 6, 1)])
@pytest.mark.parametrize(
    ("beat", "low", "size", "out"),
    [
        ((8, False), 0, 256, (8, True)),
        ((8, True), -128, 256, (4, False)),
        ((5, True), -11, 20, (6, True)),
        ((3, False), 2, 5, (10, False)),
    ],
)
def test_tables(pixels, channels, lanes, beat, low, size, out, shared):
    """Signed and unsigned inputs, ranges that do not fill their bits; small and large tables."""
    draw = np.random.default_rng(5)
    frames = 3
    params = LookupParams(
        pixels=pixels,
        channels=channels,
        beat=Beat(lanes, *beat),
        out=Beat(lanes, *out),
        entries=1 if shared else channels,
        low=low,
        size=size,
    )
    reach = 1 << out[0]
    table = draw.integers(0, reach, size=(params.entries, size)) - (reach // 2 if out[1] else 0)
    x = draw.integers(low, low + size, size=frames * pixels * channels)
    x[:2] = low, low + size - 1
    y = table[np.arange(x.size) % channels % params.entries, x - low]
    dut = Lookup(params, table, [fifo(params.out, 4)])
    check(dut, schedule(params), [4], [(x, params.beat)], [(y, params.out)], frames, seeds=(1,))


def test_wrong_tables_are_refused():
    params = LookupParams(1, 2, Beat(1, 2, False), Beat(1, 2, False), entries=2, low=0, size=4)
    fifos = [fifo(params.out, 2)]
    with pytest.raises(ValueError, match="table must have 2 entries, not 1"):
        Lookup(params, np.zeros((1, 4), dtype=np.int64), fifos)
    with pytest.raises(ValueError, match="a row of the table must have 4 entries, not 3"):
        Lookup(params, np.zeros((2, 3), dtype=np.int64), fifos)
    with pytest.raises(ValueError, match="table must be within 0…3, not 4…4"):
        Lookup(params, np.full((2, 4), 4), fifos)

# amaranth: UnusedElaboratable=no
"""The requantizing adder: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.add.circuit import Add
from sangi.hdl.add.params import AddParams
from sangi.hdl.add.schedule import schedule
from sangi.hdl.beat import Beat
from sangi.runtime.numerics import bits_for, is_signed


def expected(a, b, factors, offset, shift, ties, low, high):
    """Python integers, one after the other; the definition in the docstring of the integer op."""
    out = []
    entries = len(offset)
    for index, (first, second) in enumerate(zip(a, b, strict=True)):
        channel = index % entries
        total = int(first) * int(factors[0][channel]) + int(second) * int(factors[1][channel])
        quotient, rest = divmod(total + int(offset[channel]), 2**shift)
        if ties and not rest and quotient % 2:
            quotient -= 1
        out.append(min(max(quotient, low), high))
    return np.array(out)


def make(a, b, factors, offset, *, pixels, channels, lanes, beats, shift, low, high, **more):
    """Return parameters with widths that the tables and inputs need."""
    reach = sum(
        max(abs(int(x.min())), abs(int(x.max()))) * int(abs(f).max())
        for x, f in zip((a, b), factors, strict=True)
    ) + int(abs(offset).max())
    signed = bool((factors < 0).any())
    return AddParams(
        pixels=pixels,
        channels=channels,
        beats=(Beat(lanes, *beats[0]), Beat(lanes, *beats[1])),
        out=Beat(lanes, bits_for(low, high), is_signed(low)),
        entries=len(offset),
        multiplier_bits=tuple(
            bits_for(min(-1, int(row.min())), max(0, int(row.max()))) if signed
            else bits_for(0, int(row.max()))
            for row in factors
        ),
        multiplier_signed=signed,
        offset_bits=bits_for(min(-1, int(offset.min())), int(offset.max())),
        product_bits=bits_for(-reach - 1, reach),
        shift=shift,
        low=low,
        high=high,
        **more,
    )  # fmt: skip


def verify(a, b, factors, offset, *, frames, depth=8, seeds=(1,), **settings):
    params = make(a, b, factors, offset, **settings)
    y = expected(a, b, factors, offset, params.shift, params.ties, params.low, params.high)
    dut = Add(params, factors, offset, [fifo(params.out, depth)])
    inputs = [(a, params.beats[0]), (b, params.beats[1])]
    check(dut, schedule(params), [depth], inputs, [(y, params.out)], frames, seeds=seeds)
    return y


@pytest.mark.parametrize("style", ["dsp", "lut"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(
    ("pixels", "channels", "lanes", "entries"), [(5, 8, 2, 8), (1, 6, 6, 6), (7, 4, 1, 1)]
)
def test_two_multipliers(pixels, channels, lanes, entries, ties, style):
    draw = np.random.default_rng(11)
    frames = 3
    size = frames * pixels * channels
    y = verify(
        draw.integers(-128, 128, size=size),
        draw.integers(0, 256, size=size),
        np.stack([draw.integers(1, 1 << 14, entries), draw.integers(1, 1 << 20, entries)]),
        draw.integers(-(1 << 20), 1 << 20, entries),
        frames=frames,
        pixels=pixels,
        channels=channels,
        lanes=lanes,
        beats=((8, True), (8, False)),
        shift=19,
        low=-128,
        high=127,
        ties=ties,
        multiplier=style,
    )
    assert 127 in y and len(np.unique(y)) > 5


@pytest.mark.parametrize("factors", [(1, 1), (1, 5), (-3, 1), (4, -1), (0, 7)])
def test_shared_factors_with_ties(factors):
    """All pairs of small inputs: halves of either sign, both ends of the clamp."""
    a, b = np.meshgrid(np.arange(-8, 8), np.arange(-8, 8))
    verify(
        a.ravel(),
        b.ravel(),
        np.array(factors).reshape(2, 1),
        np.array([1]),
        frames=4,
        pixels=16,
        channels=4,
        lanes=4,
        beats=((4, True), (4, True)),
        shift=1,
        low=-7,
        high=6,
        ties=True,
    )


def test_a_plain_sum_does_not_clamp():
    a, b = np.arange(256), np.arange(256)[::-1] // 2
    y = verify(
        a,
        b,
        np.ones((2, 1), dtype=np.int64),
        np.array([0]),
        frames=2,
        pixels=32,
        channels=4,
        lanes=2,
        beats=((8, False), (7, False)),
        shift=0,
        low=0,
        high=382,
        ties=False,
        depth=1,
    )
    np.testing.assert_array_equal(y, a + b)


def test_wrong_tables_are_refused():
    a = np.arange(4)
    ones = np.ones((2, 1), dtype=np.int64)
    params = make(
        a,
        a,
        ones,
        np.array([0]),
        pixels=4,
        channels=1,
        lanes=1,
        beats=((2, False), (2, False)),
        shift=0,
        low=0,
        high=6,
        ties=False,
    )
    fifos = [fifo(params.out, 2)]
    with pytest.raises(ValueError, match=r"multipliers\[1\] must be within 0…1, not 2…2"):
        Add(params, np.array([[1], [2]]), np.array([0]), fifos)
    with pytest.raises(ValueError, match="offset must have 1 entries, not 3"):
        Add(params, ones, np.zeros(3, dtype=np.int64), fifos)

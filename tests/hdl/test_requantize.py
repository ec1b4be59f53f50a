# amaranth: UnusedElaboratable=no
"""The requantizer: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.requantize.circuit import Requantize
from sangi.hdl.requantize.params import RequantizeParams
from sangi.hdl.requantize.schedule import schedule
from sangi.runtime.numerics import bits_for, is_signed


def expected(x, multiplier, offset, shift, ties, low, high):
    """Python integers, one after the other; the definition in the docstring of the integer op."""
    out = []
    for index, value in enumerate(x):
        total = int(value) * int(multiplier[index % len(multiplier)])
        total += int(offset[index % len(offset)])
        quotient = total // 2**shift
        if ties and total % 2**shift == 0 and quotient % 2:
            quotient -= 1
        out.append(min(max(quotient, low), high))
    return np.array(out)


def make(x, factors, offset, *, pixels, channels, lanes, beat, shift, low, high, **more):
    """Return parameters with exactly the widths that the tables and inputs need."""
    signed = is_signed(int(factors.min()))
    products = [int(value) * int(factor) for value in (x.min(), x.max()) for factor in factors]
    sums = [product + int(value) for product in products for value in (offset.min(), offset.max())]
    return RequantizeParams(
        pixels=pixels,
        channels=channels,
        beat=Beat(lanes, *beat),
        out=Beat(lanes, bits_for(low, high), is_signed(low)),
        entries=len(factors),
        multiplier_bits=bits_for(int(factors.min()), int(factors.max())),
        multiplier_signed=signed,
        offset_bits=bits_for(min(-1, int(offset.min())), int(offset.max())),
        product_bits=bits_for(min(-1, *sums), max(sums)),
        shift=shift,
        low=low,
        high=high,
        **more,
    )


def verify(x, factors, offset, *, frames, seeds=(1,), depth=8, **settings):
    params = make(x, factors, offset, **settings)
    y = expected(x, factors, offset, params.shift, params.ties, params.low, params.high)
    dut = Requantize(params, factors, offset, [fifo(params.out, depth)])
    ends = [(x, params.beat)], [(y, params.out)]
    check(dut, schedule(params), [depth], *ends, frames, seeds=seeds)
    return y


# pixels, channels, lanes, (bits, signed) of x, bits of the multipliers, low, high
CASES = {
    "per channel": (6, 8, 2, (20, True), 17, -128, 127),
    "wide multipliers": (4, 4, 4, (24, True), 24, 0, 255),
    "unsigned": (5, 6, 3, (9, False), 8, 0, 15),
    "one pixel, one word": (1, 4, 4, (12, True), 12, -8, 7),
    "an odd range": (9, 3, 1, (16, True), 10, -100, 77),
    "tables in modules of their own": (2, 40, 2, (9, True), 6, -8, 7),
    "only above zero": (4, 2, 2, (10, True), 5, 3, 9),
    "only below zero": (4, 2, 1, (10, True), 5, -9, -3),
}


@pytest.mark.parametrize("style", ["dsp", "lut"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_tables_per_channel(case, ties, style):
    pixels, channels, lanes, beat, bits, low, high = CASES[case]
    draw = np.random.default_rng(7)
    frames = 3
    half = 1 << (beat[0] - 1)
    ends = (-half, half - 1) if beat[1] else (0, 2 * half - 1)
    x = draw.integers(*ends, size=frames * pixels * channels, endpoint=True)
    x[:2] = ends
    multiplier = draw.integers(1, 1 << bits, size=channels)
    # Small enough that results at both ends are clamped.
    shift = beat[0] + bits - bits_for(low, high) - 2
    offset = draw.integers(-(1 << shift), 1 << shift, size=channels)
    y = verify(
        x,
        multiplier,
        offset,
        frames=frames,
        pixels=pixels,
        channels=channels,
        lanes=lanes,
        beat=beat,
        shift=shift,
        low=low,
        high=high,
        ties=ties,
        multiplier=style,
    )
    assert high in y and len(np.unique(y)) > 2


@pytest.mark.parametrize("style", ["dsp", "lut"])
@pytest.mark.parametrize("factor", [1, -1, 0, 2, -8, 3, -5, 100])
def test_one_entry_for_all_channels(factor, style):
    """A factor that all channels share; every tie of a quarter is met on both sides of zero."""
    x = np.arange(-64, 64)
    verify(
        x,
        np.array([factor]),
        np.array([2]),
        frames=2,
        pixels=16,
        channels=4,
        lanes=2,
        beat=(7, True),
        shift=2,
        low=-20,
        high=20,
        ties=True,
        multiplier=style,
    )


def test_ties_go_to_even():
    x = np.arange(-8, 8)
    y = verify(
        x,
        np.array([1]),
        np.array([1]),
        frames=1,
        pixels=16,
        channels=1,
        lanes=1,
        beat=(4, True),
        shift=1,
        low=-8,
        high=7,
        ties=True,
    )
    np.testing.assert_array_equal(y, np.round(x / 2))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("shift", [0, 3, 4, 5, 9])
def test_shifts_from_none_to_all(shift, ties):
    """From no bit shifted out to more bits than the sum has."""
    verify(
        np.arange(-8, 8),
        np.array([1]),
        np.array([0]),
        frames=1,
        pixels=16,
        channels=1,
        lanes=1,
        beat=(4, True),
        shift=shift,
        low=-8,
        high=7,
        ties=ties,
    )


@pytest.mark.parametrize("style", ["dsp", "lut"])
def test_negative_multipliers(style):
    draw = np.random.default_rng(3)
    multiplier = draw.integers(-(1 << 18), 1 << 18, size=6)
    verify(
        draw.integers(-512, 512, size=2 * 5 * 6),
        multiplier,
        draw.integers(-1000, 1000, size=6),
        frames=2,
        pixels=5,
        channels=6,
        lanes=2,
        beat=(10, True),
        shift=20,
        low=-100,
        high=100,
        ties=True,
        multiplier=style,
    )


def test_zeros_and_ones():
    """One-bit multipliers switch channels off without a multiplier."""
    draw = np.random.default_rng(4)
    verify(
        draw.integers(-128, 128, size=2 * 4 * 6),
        np.array([1, 0, 0, 1, 1, 0]),
        draw.integers(-9, 9, size=6),
        frames=2,
        pixels=4,
        channels=6,
        lanes=3,
        beat=(8, True),
        shift=1,
        low=-60,
        high=60,
        ties=False,
    )


def test_many_channel_words_in_block_memory():
    draw = np.random.default_rng(5)
    verify(
        draw.integers(-2048, 2048, size=3 * 130),
        draw.integers(1, 1 << 12, size=130),
        draw.integers(-(1 << 14), 1 << 14, size=130),
        frames=3,
        pixels=1,
        channels=130,
        lanes=1,
        beat=(12, True),
        shift=15,
        low=-128,
        high=127,
        ties=True,
        depth=2,
    )


def test_wrong_tables_are_refused():
    x, ones = np.arange(-8, 8), np.array([1])
    params = make(
        x,
        ones,
        ones,
        pixels=16,
        channels=1,
        lanes=1,
        beat=(4, True),
        shift=0,
        low=-8,
        high=8,
        ties=False,
    )
    fifos = [fifo(params.out, 2)]
    with pytest.raises(ValueError, match="multiplier must have 1 entries, not 2"):
        Requantize(params, np.array([1, 1]), ones, fifos)
    with pytest.raises(ValueError, match="offset must be within -2…1, not 2…2"):
        Requantize(params, ones, np.array([2]), fifos)

# amaranth: UnusedElaboratable=no
"""The threshold unit: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.threshold.circuit import Threshold
from sangi.hdl.threshold.params import ThresholdParams
from sangi.hdl.threshold.schedule import schedule
from sangi.runtime.numerics import bits_for, is_signed


def make(thresholds, values, *, pixels, channels, lanes, beat, affine):
    low, high = int(values.min()), int(values.max())
    return ThresholdParams(
        pixels=pixels,
        channels=channels,
        beat=Beat(lanes, *beat),
        out=Beat(lanes, bits_for(low, high), is_signed(low)),
        entries=len(thresholds),
        steps=thresholds.shape[1],
        threshold_bits=bits_for(min(-1, int(thresholds.min())), int(thresholds.max())),
        affine=affine,
    )


def verify(x, thresholds, values, *, frames, depth=8, seeds=(1,), **settings):
    params = make(thresholds, values, **settings)
    rows = np.arange(x.size) % params.channels % len(thresholds)
    count = (x[:, None] >= thresholds[rows]).sum(axis=1)
    y = values[rows, count]
    dut = Threshold(params, thresholds, values, [fifo(params.out, depth)])
    ends = [(x, params.beat)], [(y, params.out)]
    check(dut, schedule(params), [depth], *ends, frames, seeds=seeds)
    return count


@pytest.mark.parametrize("steps", [1, 2, 3, 6, 7, 15])
@pytest.mark.parametrize(
    ("pixels", "channels", "lanes", "shared"),
    [(5, 6, 2, False), (1, 4, 4, False), (6, 3, 1, True), (4, 4, 2, True)],
)
@pytest.mark.parametrize("affine", [False, True])
def test_random_thresholds(pixels, channels, lanes, shared, steps, affine):
    draw = np.random.default_rng(steps)
    frames = 3
    entries = 1 if shared else channels
    x = draw.integers(-512, 512, size=frames * pixels * channels)
    x[:2] = -512, 511
    thresholds = np.sort(draw.integers(-400, 400, size=(entries, steps)), axis=1)
    if affine:
        values = np.tile(np.arange(steps + 1) - 3, (entries, 1))
    else:
        values = draw.integers(-8, 8, size=(entries, steps + 1))
    count = verify(
        x,
        thresholds,
        values,
        frames=frames,
        pixels=pixels,
        channels=channels,
        lanes=lanes,
        beat=(10, True),
        affine=affine,
    )
    assert {0, steps} <= set(count)


@pytest.mark.parametrize("affine", [False, True])
def test_every_input_of_equal_and_unreachable_thresholds(affine):
    """Equal thresholds, thresholds at both ends of the input's range and beyond."""
    x = np.arange(-32, 32)
    thresholds = np.array([[-40, -32, -31, 0, 0, 0, 5, 31, 31, 32, 90]])
    values = np.arange(12)[None] + 100
    if not affine:
        values = values[:, ::-1] % 5
    verify(
        x,
        thresholds,
        values,
        frames=2,
        pixels=8,
        channels=4,
        lanes=2,
        beat=(6, True),
        affine=affine,
        depth=2,
    )


def test_unsigned_inputs_and_narrow_thresholds():
    x = np.arange(256)
    thresholds = np.array([[-1, 0, 1, 3, 3]])
    verify(
        x,
        thresholds,
        np.array([[5, 0, -3, 2, 1, 7]]),
        frames=4,
        pixels=16,
        channels=4,
        lanes=1,
        beat=(8, False),
        affine=False,
    )


def test_tables_in_block_memory():
    """Enough steps and channels that the last levels lie in block RAM."""
    draw = np.random.default_rng(2)
    thresholds = np.sort(draw.integers(-(1 << 15), 1 << 15, size=(12, 100)), axis=1)
    verify(
        draw.integers(-(1 << 15), 1 << 15, size=2 * 8 * 12),
        thresholds,
        draw.integers(0, 256, size=(12, 101)),
        frames=2,
        pixels=8,
        channels=12,
        lanes=2,
        beat=(16, True),
        affine=False,
    )


def test_wrong_tables_are_refused():
    thresholds, values = np.array([[1, 2, 3]]), np.array([[0, 1, 2, 3]])
    settings = {"pixels": 1, "channels": 1, "lanes": 1, "beat": (4, True), "affine": True}
    params = make(thresholds, values, **settings)
    fifos = [fifo(params.out, 2)]
    with pytest.raises(ValueError, match="thresholds must ascend"):
        Threshold(params, thresholds[:, ::-1], values, fifos)
    with pytest.raises(ValueError, match="values must be 0 … 3 where affine"):
        Threshold(params, thresholds, values[:, ::-1] * 0, fifos)
    with pytest.raises(ValueError, match="a row of values must have 4 entries, not 3"):
        Threshold(params, thresholds, values[:, :3], fifos)
    with pytest.raises(ValueError, match="thresholds must be within -4…3, not 1…9"):
        Threshold(params, np.array([[1, 2, 9]]), values, fifos)

"""Local pooling: every bit and every cycle."""

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.pool.circuit import Pool
from sangi.hdl.pool.params import PoolParams
from sangi.hdl.pool.schedule import schedule
from sangi.hdl.window.params import WindowParams
from sangi.runtime.numerics import bits_for


def expected(x, window, kind):
    """Window by window, on an array that is really padded."""
    top, left, bottom, right = window.padding
    borders = ((0, 0), (top, bottom), (left, right), (0, 0))
    padded = np.pad(x, borders, constant_values=window.pad_value)
    y = np.empty((len(x), window.out_height, window.out_width, window.channels), dtype=np.int64)
    for row in range(window.out_height):
        for column in range(window.out_width):
            rows = row * window.stride[0] + window.dilation[0] * np.arange(window.kernel[0])
            columns = column * window.stride[1] + window.dilation[1] * np.arange(window.kernel[1])
            patch = padded[:, rows[:, None], columns]
            y[:, row, column] = patch.max((1, 2)) if kind == "max" else patch.sum((1, 2))
    return y


# height, width, channels, kernel, stride, padding, dilation, lanes of a beat, lanes of a word
CASES = {
    "2x2": (4, 6, 4, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), 2, 2),
    "overlapping and padded": (5, 5, 2, (3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 1, 2),
    "stride 1": (4, 4, 3, (3, 2), (1, 1), (1, 0, 1, 1), (1, 1), 3, 3),
    "dilated": (5, 6, 2, (2, 2), (1, 2), (0, 0, 0, 0), (2, 1), 1, 1),
    "rest of the frame unused": (5, 5, 4, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1), 1, 2),
    "one pixel": (1, 1, 4, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 2, 4),
    "many words": (2, 2, 8, (2, 2), (1, 1), (0, 0, 0, 0), (1, 1), 1, 1),
}


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_pooling(case, signed, kind):
    height, width, channels, kernel, stride, padding, dilation, beat, lanes = CASES[case]
    low, high = (-8, 7) if signed else (0, 15)
    window = WindowParams(
        height=height,
        width=width,
        channels=channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        pad_value=low if kind == "max" else 3,
        beat=Beat(beat, 4, signed),
        lanes=lanes,
        groups=channels // lanes,
        blocks=channels // lanes,
    )
    places = kernel[0] * kernel[1] if kind == "sum" else 1
    out = Beat(lanes, bits_for(low * places, high * places), signed)
    params = PoolParams(window, kind, out)
    frames = 3
    draw = np.random.default_rng(height)
    x = draw.integers(low, high, size=(frames, height, width, channels), endpoint=True)
    x[0] = high
    y = expected(x, window, kind)
    dut = Pool(params, [fifo(out, 2)])
    ends = [(x, window.beat)], [(y, out)]
    check(dut, schedule(params), [2], *ends, frames, seeds=(1,))

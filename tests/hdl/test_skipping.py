"""The skipping engine against NumPy in every bit, and against its schedule in every cycle."""

import gc
from dataclasses import dataclass, replace

import numpy as np
import pytest
from harness import check, fifo, predict
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from synthesis import cells

from sangi.hdl.beat import Beat
from sangi.hdl.skipping.circuit import Skipping
from sangi.hdl.skipping.params import SkippingParams
from sangi.hdl.skipping.schedule import schedule
from sangi.hdl.skipping.weights import (
    bank_counts,
    check_weights,
    entries_of,
    field_bits,
    steps_of,
    stored_bits,
    utilization,
)

from .test_folded import Case as Layer
from .test_folded import convolve
from .test_window import cases


@dataclass(frozen=True)
class Case(Layer):
    """A layer with zeros among its weights; ``simd`` is the number of banks."""

    zeros: float = 0.7
    balanced: bool = False
    pixels: int = 1

    def weights(self, rng: np.random.Generator) -> np.ndarray:
        """Weights of which a share is zero, per filter and bank where they are balanced."""
        weights = super().weights(rng)
        weights[weights == 0] = 1
        shape = (self.filters, -1, self.simd)
        order = rng.random(weights.shape).reshape(shape).argsort(axis=1).argsort(axis=1)
        if self.balanced:
            kept = order >= round(self.zeros * order.shape[1])
        else:
            kept = rng.random(order.shape) >= self.zeros
        return weights * kept.reshape(weights.shape)

    def engine(self, weights: np.ndarray) -> SkippingParams:
        """The engine's parameters."""
        folded = self.params
        steps = steps_of(weights, folded.simd, folded.pe, self.pixels * folded.burst)
        window = replace(folded.window, pixels=self.pixels)
        entries = entries_of(window, folded.pe, steps, weights)
        bits = sum(field_bits(window)) + folded.weight_bits
        return SkippingParams(
            window=window,
            out_channels=folded.out_channels,
            pe=folded.pe,
            out=folded.out,
            steps=steps,
            index_bits=stored_bits(entries, bits),
            weight_bits=folded.weight_bits,
            multiplier=folded.multiplier,
            weight_style=folded.weight_style,
        )


TERNARY = {"multiplier": "ternary", "bits": 4}

CASES = {
    "3x3": Case(**TERNARY),
    "3x3 same": Case(**TERNARY, padding=(1, 1, 1, 1), pad_value=7),
    "3x3 same, signed": Case(**TERNARY, padding=(1, 1, 1, 1), pad_value=-8, signed=True),
    "balanced": Case(**TERNARY, balanced=True, channels=8, in_lanes=4, simd=4, filters=6, pe=1),
    "balanced, four filters at once": Case(
        **TERNARY, balanced=True, channels=8, simd=4, in_lanes=4, filters=8, pe=4, out_lanes=4
    ),
    "burst longer than the lists": Case(
        **TERNARY, zeros=0.95, pe=4, out_lanes=1, filters=8, padding=(1, 1, 1, 1)
    ),
    "no weight at all": Case(**TERNARY, zeros=1.0, pe=1),
    "no zero at all": Case(**TERNARY, zeros=0.0),
    "98 % zeros": Case(**TERNARY, zeros=0.98, channels=8, simd=4, pe=1, filters=12),
    "3x3 stride 2, asymmetric": Case(
        **TERNARY, stride=(2, 2), padding=(0, 0, 1, 1), pad_value=15, height=6
    ),
    "3x3 stride 3, last rows unused": Case(**TERNARY, stride=(3, 3), height=8, width=5),
    "1x1": Case(**TERNARY, kernel=(1, 1), simd=4, pe=4, out_lanes=4, in_lanes=4, depth=12),
    "1x1 padded": Case(**TERNARY, kernel=(1, 1), padding=(1, 0, 2, 1), pad_value=3),
    "5x5 same": Case(**TERNARY, kernel=(5, 5), padding=(2, 2, 2, 2), pad_value=1, width=5),
    "2x3": Case(**TERNARY, kernel=(2, 3), padding=(1, 0, 0, 2), pad_value=9),
    "dilation 2": Case(**TERNARY, dilation=(2, 2), padding=(2, 2, 2, 2), pad_value=5, height=6),
    "kernel of the whole frame": Case(**TERNARY, kernel=(5, 6), frames=4),
    "padding wider than the kernel": Case(
        **TERNARY, kernel=(2, 2), padding=(3, 3, 3, 3), pad_value=2
    ),
    "dense": Case(
        **TERNARY, height=1, width=1, channels=16, filters=8, kernel=(1, 1), simd=4, frames=5
    ),
    "dense, many groups": Case(
        **TERNARY, height=1, width=1, kernel=(1, 1), channels=4, filters=80, simd=2, pe=1
    ),
    "one bank": Case(**TERNARY, in_lanes=1, simd=1, pe=1, channels=3, filters=3),
    "shallow output": Case(**TERNARY, depth=2, pe=4, out_lanes=2, padding=(1, 1, 1, 1)),
    "8 bits, lut": Case(multiplier="lut", signed=True, padding=(1, 1, 1, 1), pad_value=-3),
    "8 bits, dsp": Case(padding=(1, 1, 1, 1), pad_value=9, simd=4),
    "4 bits, block memory": Case(
        multiplier="lut", weight_bits=4, bits=4, style="block", channels=8, simd=4, in_lanes=4
    ),
    "two pixels": Case(**TERNARY, pixels=2),
    "two pixels, same": Case(**TERNARY, pixels=2, padding=(1, 1, 1, 1), pad_value=7),
    "two pixels, all filters at once": Case(
        **TERNARY, pixels=2, padding=(1, 1, 1, 1), pad_value=7, pe=4, out_lanes=2, depth=12
    ),
    "two pixels, balanced": Case(
        **TERNARY, pixels=2, balanced=True, channels=8, in_lanes=4, simd=4, filters=6, pe=1
    ),
    "two pixels, stride 2": Case(
        **TERNARY, pixels=2, stride=(2, 2), padding=(0, 0, 1, 1), pad_value=15, height=6, width=8
    ),
    "three pixels, stride 2, before the padding": Case(
        **TERNARY, pixels=3, stride=(2, 2), padding=(1, 1, 1, 1), width=11, pe=1, out_lanes=1
    ),
    "three pixels, words of two beats": Case(
        **TERNARY, pixels=3, padding=(1, 1, 1, 1), filters=8, pe=4, out_lanes=2, zeros=0.4
    ),
    "four pixels, stride 3": Case(**TERNARY, pixels=4, stride=(1, 3), width=12, height=4),
    "a whole row": Case(**TERNARY, pixels=6, padding=(1, 1, 1, 1), pe=1, zeros=0.4),
    "two pixels, dilation 2": Case(
        **TERNARY, pixels=2, dilation=(2, 2), padding=(2, 2, 2, 2), pad_value=5, height=6
    ),
    "two pixels, padding wider than the kernel": Case(
        **TERNARY, pixels=2, kernel=(2, 2), padding=(3, 3, 3, 4), pad_value=2
    ),
    "two pixels, no weight at all": Case(**TERNARY, pixels=2, zeros=1.0),
    "two pixels, two filters": Case(
        **TERNARY, pixels=2, kernel=(1, 1), filters=2, pe=1, zeros=0.9, depth=3, out_lanes=1
    ),
    "two pixels, small frame": Case(
        **TERNARY, pixels=2, height=1, width=2, kernel=(1, 1), frames=6
    ),
    "two pixels, shallow output": Case(**TERNARY, pixels=2, depth=1, padding=(1, 1, 1, 1)),
    "two pixels, signed 8 bits, lut": Case(
        multiplier="lut", pixels=2, signed=True, padding=(1, 1, 1, 1), pad_value=-3
    ),
    "two pixels, 8 bits, dsp": Case(pixels=2, padding=(1, 1, 1, 1), pad_value=9, simd=4),
    "two pixels, 4 bits, block memory": Case(
        multiplier="lut",
        weight_bits=4,
        bits=4,
        style="block",
        channels=8,
        simd=4,
        in_lanes=4,
        pixels=2,
        padding=(1, 1, 1, 1),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bits_and_cycles(case):
    rng = np.random.default_rng(7)
    weights, images = case.weights(rng), case.images(rng)
    params = case.engine(weights)
    check(
        Skipping(params, weights, [fifo(params.out, case.depth, params.burst)]),
        schedule(params),
        [case.depth],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
    )


@given(cases(), st.integers(2, 8), st.sampled_from([0.0, 0.5, 0.9]))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_pixels_of_any_geometry(layer, pixels, zeros):
    """Bits and cycles of windows side by side, over all borders and between frames."""
    width = layer.params.window.out_width
    assume(width > 1)
    case = Case(
        **{**vars(layer), "multiplier": "ternary", "bits": 4},
        zeros=zeros,
        pixels=next(count for count in range(min(pixels, width), 0, -1) if width % count == 0),
    )
    rng = np.random.default_rng(3)
    weights, images = case.weights(rng), case.images(rng)
    params = case.engine(weights)
    depth = max(case.depth, params.burst)
    check(
        Skipping(params, weights, [fifo(params.out, depth, params.burst)]),
        schedule(params),
        [depth],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
        seeds=[5],
    )


@pytest.mark.parametrize("pixels", [2, 3, 12])
@pytest.mark.parametrize(("filters", "pe"), [(2, 1), (4, 2), (8, 1), (32, 8)])
def test_results_that_wait_never_slow_it_down(filters, pe, pixels):
    """The shortest steps that there are: results leave in every cycle."""
    case = Case(
        **TERNARY,
        zeros=1.0,
        pixels=pixels,
        filters=filters,
        pe=pe,
        out_lanes=1,
        kernel=(1, 1),
        height=2,
        width=12,
        channels=1,
        simd=1,
        in_lanes=1,
    )
    params = case.engine(case.weights(np.random.default_rng(0)))
    assert params.waits
    left = predict(schedule(params), [8], 4).popped[0]
    frame = len(left) // 4
    assert left[-1] - left[-1 - frame] == params.cycles == 24 * filters


def test_the_windows_of_a_row_stay_in_order():
    """What is handed on: of one filter all windows, or of one window all filters."""
    case = Case(**TERNARY, pixels=2)
    params = case.engine(case.weights(np.random.default_rng(0)))
    assert (params.waits, params.beats, params.pushes, params.burst) == (True, 4, 2, 1)
    whole = replace(case, pe=4, out_lanes=2, depth=12)
    params = whole.engine(whole.weights(np.random.default_rng(0)))
    assert (params.waits, params.beats, params.pushes, params.burst) == (False, 4, 4, 4)


def test_lists_of_a_small_kernel():
    """Place in the ring, row, column, weight; lanes whose list has ended do nothing."""
    case = Case(**TERNARY, channels=4, simd=2, pe=2, filters=2, padding=(1, 1, 1, 1))
    window = case.params.window
    weights = np.zeros((2, 3, 3, 4), np.int64)
    weights[0, 0, 0, 0] = 1  # bank 0, word 0
    weights[0, 2, 1, 2] = -1  # bank 0, word 1
    weights[1, 1, 1, 1] = 1  # bank 1, word 0
    assert bank_counts(weights, 2).tolist() == [[2, 0], [0, 1]]
    assert steps_of(weights, 2, 2, 1) == (2,)
    place, rows, columns = field_bits(window)
    assert 1 << place == window.capacity
    assert (rows, columns) == (2, 2)
    entries = entries_of(window, 2, (2,), weights)
    row_at, column_at, weight_at = place, place + rows, place + rows + columns
    last = (2 * window.width + 1) * 2 + 1 | 2 << row_at | 1 << column_at | -1 << weight_at
    middle = (window.width + 1) * 2 | 1 << row_at | 1 << column_at | 1 << weight_at
    assert entries.tolist() == [[1 << weight_at, 0, 0, middle], [last, 0, 0, 0]]


def test_constant_bits_are_not_stored():
    """Balanced ternary weights: every entry has a weight, whose lowest bit is always 1."""
    case = CASES["balanced"]
    weights = case.weights(np.random.default_rng(0))
    params = case.engine(weights)
    assert params.index_bits <= params.banks * (params.entry_bits - 1)
    one = np.array([[5, 6], [5, 7]])
    assert stored_bits(one, 3) == 1


def test_balanced_lists_keep_all_lanes_busy():
    case = CASES["balanced"]
    weights = case.weights(np.random.default_rng(0))
    assert utilization(case.engine(weights), weights) == 1


def test_refused_weights():
    case = CASES["3x3"]
    weights = case.weights(np.random.default_rng(0))
    params = case.engine(weights)
    with pytest.raises(ValueError, match=r"shape \(4, 3, 3, 4\), not \(4, 3, 3, 3\)"):
        check_weights(params, weights[..., :3])
    with pytest.raises(ValueError, match=r"weights must be in -1…1, not -2…2"):
        check_weights(params, 2 * weights)
    longer = replace(params, steps=tuple(step + 1 for step in params.steps))
    with pytest.raises(ValueError, match="steps must be"):
        check_weights(longer, weights)
    with pytest.raises(ValueError, match="index_bits must be"):
        check_weights(replace(params, index_bits=1), weights)


def test_refused_parameters():
    params = CASES["3x3"].engine(np.ones((4, 3, 3, 4), np.int64))
    for changes, message in (
        ({"pe": 3}, "pe must divide the filters"),
        ({"pe": 4}, "groups must be filters / pe"),
        ({"out": Beat(4, 22, True)}, "lanes of the output must divide pe"),
        ({"steps": (3,)}, "steps must be 2 numbers of at least 2"),
        ({"steps": (3, 1)}, "steps must be 2 numbers of at least 2"),
        (
            {"window": replace(params.window, pixels=2), "steps": (4, 3)},
            "steps must be 2 numbers of at least 4",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            replace(params, **changes)


def test_refused_fifo(monkeypatch):
    monkeypatch.setattr(Skipping, "_MustUse__silence", True)
    case = CASES["3x3"]
    weights = case.weights(np.random.default_rng(0))
    params = case.engine(weights)
    with pytest.raises(ValueError, match="must have width 22 and burst 2, not 22 and 1"):
        Skipping(params, weights, [fifo(params.out, 4)])
    gc.collect()


@pytest.mark.parametrize("case", [CASES["3x3 same"], CASES["balanced"]], ids=["unbalanced", "even"])
def test_no_multiplier_for_ternary_weights(case):
    weights = case.weights(np.random.default_rng(1))
    params = case.engine(weights)
    circuit = Skipping(params, weights, [fifo(params.out, case.depth, params.burst)])
    found = cells(circuit, "synth_ecp5")
    assert found["LUT4"]
    assert not [cell for cell in found if "mul" in cell.lower()]

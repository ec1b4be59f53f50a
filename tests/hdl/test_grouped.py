"""The grouped engine against NumPy in every bit, and against its schedule in every cycle."""

import gc
from dataclasses import dataclass, replace

import numpy as np
import pytest
from harness import check, fifo, predict, unpack
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from synthesis import cells

from sangi.hdl.beat import Beat
from sangi.hdl.grouped.circuit import Grouped
from sangi.hdl.grouped.params import GroupedParams
from sangi.hdl.grouped.schedule import schedule
from sangi.hdl.grouped.weights import check_weights, weight_words
from sangi.hdl.window.params import WindowParams


@dataclass(frozen=True)
class Case:
    """A layer and its folding; ``depth`` and ``each`` are channels and filters of a group."""

    height: int = 5
    width: int = 6
    groups: int = 4
    depth: int = 1
    each: int = 1
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    pad_value: int = 0
    signed: bool = False
    multiplier: str = "dsp"
    in_lanes: int = 1
    simd: int = 1
    pe: int = 2
    out_lanes: int = 1
    places: int = 8
    frames: int = 3
    bits: int = 8
    weight_bits: int = 8
    style: str = "distributed"

    @property
    def filters(self) -> int:
        """All of them."""
        return self.groups * self.each

    @property
    def params(self) -> GroupedParams:
        """The engine's parameters."""
        side = max(1, self.pe // self.each)
        window = WindowParams(
            height=self.height,
            width=self.width,
            channels=self.groups * self.depth,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            pad_value=self.pad_value,
            beat=Beat(self.in_lanes, self.bits, self.signed),
            lanes=side * self.simd,
            groups=self.filters // self.pe,
            blocks=self.groups // side,
        )
        return GroupedParams(
            window=window,
            channel_groups=self.groups,
            out_channels=self.filters,
            pe=self.pe,
            out=Beat(self.out_lanes, 22, True),
            weight_bits=2 if self.multiplier == "ternary" else self.weight_bits,
            multiplier=self.multiplier,  # type: ignore[arg-type]
            weight_style=self.style,  # type: ignore[arg-type]
        )

    def weights(self, rng: np.random.Generator) -> np.ndarray:
        """Weights with the extremes among them."""
        shape = (self.filters, *self.kernel, self.depth)
        if self.multiplier == "ternary":
            return rng.integers(-1, 2, shape)
        half = 1 << (self.weight_bits - 1)
        weights = rng.integers(-half, half, shape)
        weights.flat[0], weights.flat[-1] = -half, half - 1
        return weights

    def images(self, rng: np.random.Generator) -> np.ndarray:
        """Random frames with the extremes among them."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        shape = (self.frames, self.height, self.width, self.groups * self.depth)
        images = rng.integers(low, low + (1 << self.bits), shape)
        images[0].flat[:2] = low, low + (1 << self.bits) - 1
        return images


def convolve(images: np.ndarray, weights: np.ndarray, case: Case) -> np.ndarray:
    """Convolve by the definition, window by window and filter by filter."""
    top, left, bottom, right = case.padding
    padded = np.pad(
        images,
        ((0, 0), (top, bottom), (left, right), (0, 0)),
        constant_values=case.pad_value,
    )
    reach = [d * (k - 1) + 1 for d, k in zip(case.dilation, case.kernel, strict=True)]
    rows = range(0, padded.shape[1] - reach[0] + 1, case.stride[0])
    columns = range(0, padded.shape[2] - reach[1] + 1, case.stride[1])
    out = np.zeros((len(images), len(rows), len(columns), case.filters), np.int64)
    for oy, y in enumerate(rows):
        for ox, x in enumerate(columns):
            window = padded[
                :, y : y + reach[0] : case.dilation[0], x : x + reach[1] : case.dilation[1]
            ]
            for f, kernel in enumerate(weights):
                first = f // case.each * case.depth
                part = window[..., first : first + case.depth]
                out[:, oy, ox, f] = (part * kernel).sum(axis=(1, 2, 3))
    return out


SAME = {"padding": (1, 1, 1, 1), "pad_value": 7}
TINY = {**SAME, "height": 3, "width": 4}
CASES = {
    "one channel at a time": Case(pe=1, groups=3),
    "two at a time": Case(**SAME),
    "all at once": Case(pe=4, in_lanes=4, out_lanes=4, **SAME),
    "all at once, narrow streams": Case(pe=4, in_lanes=2, out_lanes=2, **SAME),
    "more beats than steps": Case(kernel=(1, 2), pe=4, in_lanes=1, out_lanes=1),
    "signed, negative zero point": Case(signed=True, padding=(1, 1, 1, 1), pad_value=-128),
    "stride 2, asymmetric": Case(stride=(2, 2), padding=(0, 0, 1, 1), pad_value=255, height=6),
    "stride 2, unused row": Case(stride=(2, 2), height=6, pe=4, in_lanes=2),
    "stride 3, last rows unused": Case(stride=(3, 3), height=8, width=5),
    "5x5": Case(kernel=(5, 5), padding=(2, 2, 2, 2), pad_value=1, width=5),
    "1x4": Case(kernel=(1, 4), padding=(0, 2, 0, 1), pad_value=3),
    "4x1, stride (2, 1)": Case(kernel=(4, 1), stride=(2, 1), padding=(1, 0, 2, 0), pad_value=3),
    "1x1": Case(kernel=(1, 1), pe=2, in_lanes=2, out_lanes=2, places=16),
    "dilation 2": Case(dilation=(2, 2), padding=(2, 2, 2, 2), pad_value=5, height=6),
    "dilation 2, stride 2": Case(dilation=(2, 2), stride=(2, 2), padding=(1, 1, 1, 1), height=7),
    "kernel of the whole frame": Case(kernel=(5, 6), frames=4, pe=1),
    "shallow output": Case(places=2, pe=4, out_lanes=2, **SAME),
    "int4": Case(bits=4, weight_bits=4, padding=(1, 1, 1, 1), pad_value=15),
    "int4, lut, block": Case(bits=4, weight_bits=4, multiplier="lut", style="block"),
    "int8, lut": Case(multiplier="lut", signed=True, padding=(1, 1, 1, 1), pad_value=-3),
    "ternary": Case(multiplier="ternary", groups=6, pe=3, **SAME),
    "ternary, signed": Case(
        multiplier="ternary", signed=True, stride=(2, 2), padding=(0, 1, 1, 0), pad_value=-9
    ),
    "ternary 1x1, every cycle another channel": Case(
        multiplier="ternary", kernel=(1, 1), groups=12, pe=2, in_lanes=2, out_lanes=2, places=16
    ),
    "ternary, deep table of constants": Case(
        multiplier="ternary", height=2, width=3, kernel=(2, 2), groups=80, pe=1, frames=2
    ),
    "three filters a channel": Case(each=3, pe=3, **TINY),
    "three filters a channel, one at a time": Case(each=3, pe=1, groups=3, **TINY),
    "three filters a channel, two channels": Case(each=3, pe=6, in_lanes=2, out_lanes=3, **TINY),
    "two filters a channel, ternary": Case(each=2, pe=4, multiplier="ternary", **TINY),
    "groups of three": Case(depth=3, each=2, groups=2, simd=3, pe=2, in_lanes=3, **TINY),
    "groups of four, a part": Case(depth=4, each=4, groups=2, simd=2, pe=2, in_lanes=2, **TINY),
    "groups of four, one lane": Case(depth=4, each=2, groups=3, pe=1, kernel=(1, 1)),
    "groups of two, two side by side": Case(
        depth=2, each=2, groups=6, simd=2, pe=4, in_lanes=4, out_lanes=2, **TINY
    ),
    "groups of four, ternary": Case(
        depth=4, each=2, groups=2, simd=2, pe=1, multiplier="ternary", **TINY
    ),
}


def run(case: Case, seeds: tuple[int, ...]) -> None:
    """Check bits under stalls, and cycles."""
    rng = np.random.default_rng(7)
    weights, images = case.weights(rng), case.images(rng)
    params = case.params
    check(
        Grouped(params, weights, [fifo(params.out, case.places, params.burst)]),
        schedule(params),
        [case.places],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
        seeds=seeds,
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bits_and_cycles(case):
    run(case, (1,))


small = st.integers(1, 3)
border = st.integers(0, 2)


@st.composite
def cases(draw):
    """Layers of any geometry and any folding."""
    groups, depth, each = draw(small), draw(small), draw(small)
    side = draw(st.sampled_from([d for d in (1, 2, 3) if groups % d == 0]))
    part = st.sampled_from([d for d in (1, 2, 3) if depth % d == 0])
    simd = draw(part) if side == 1 else depth
    own = st.sampled_from([d for d in (1, 2, 3) if each % d == 0])
    pe = draw(own) if side == 1 else side * each
    case = Case(
        height=draw(st.integers(1, 6)),
        width=draw(st.integers(1, 6)),
        groups=groups,
        depth=depth,
        each=each,
        simd=simd,
        pe=pe,
        in_lanes=draw(st.sampled_from([1, side * simd])),
        out_lanes=draw(st.sampled_from([1, pe])),
        kernel=(draw(small), draw(small)),
        stride=(draw(small), draw(small)),
        dilation=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
        padding=(draw(border), draw(border), draw(border), draw(border)),
        pad_value=3,
        bits=4,
        multiplier=draw(st.sampled_from(["lut", "ternary"])),
        weight_bits=4,
        places=draw(st.integers(2, 5)),
    )
    for size, kernel, dilation, low, high in zip(
        (case.height, case.width),
        case.kernel,
        case.dilation,
        case.padding[:2],
        case.padding[2:],
        strict=True,
    ):
        assume(size + low + high >= dilation * (kernel - 1) + 1)
    return replace(case, places=max(case.places, case.params.burst))


@given(cases())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_any_geometry(case):
    run(case, (5,))


@pytest.mark.parametrize("stride", [(1, 1), (2, 2)])
def test_full_rate(stride):
    """Frames follow each other without a gap."""
    case = Case(height=8, width=8, pe=4, in_lanes=4, padding=(1, 1, 1, 1), stride=stride)
    params = case.params
    found = predict(schedule(params), [16], 8)
    beats = len(found.popped[0]) // 8
    assert found.popped[0][7 * beats - 1] - found.popped[0][6 * beats - 1] == params.cycles


@pytest.mark.parametrize(("multiplier", "blocks"), [("dsp", 4), ("lut", 0), ("ternary", 0)])
def test_one_multiplier_a_lane(multiplier, blocks):
    """Channels are computed side by side, each on one block, or by logic."""
    case = Case(pe=4, in_lanes=4, multiplier=multiplier, **SAME)
    weights = case.weights(np.random.default_rng(1))
    circuit = Grouped(case.params, weights, [fifo(case.params.out, case.places, 4)])
    found = cells(circuit, "proc; opt -full; wreduce; opt_clean")
    assert found.get("$mul", 0) == blocks


def test_weights_can_be_found_in_the_memory():
    """Word = firing * steps + step; lane (filter, input) from the lowest bits."""
    params = Case(kernel=(1, 2), groups=2, depth=2, each=2, simd=2, pe=2).params
    weights = np.arange(-8, 8).reshape(4, 1, 2, 2)
    words = [unpack([word], Beat(4, 8, True)).tolist() for word in weight_words(params, weights)]
    assert words[0] == [-8, -7, -4, -3]  # filters 0 and 1, left place
    assert words[1] == [-6, -5, -2, -1]  # right place
    assert words[2:] == [[0, 1, 4, 5], [2, 3, 6, 7]]  # filters 2 and 3, of the other group


@pytest.mark.parametrize(
    ("case", "weights", "message"),
    [
        (Case(), np.zeros((4, 3, 3, 4), np.int64), r"shape \(4, 3, 3, 1\), not \(4, 3, 3, 4\)"),
        (Case(), np.full((4, 3, 3, 1), 128), r"weights must be in -128…127, not 128…128"),
    ],
)
def test_refused_weights(case, weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(case.params, weights)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel_groups": 3}, r"groups of channels must divide the channels \(8\), not 3"),
        ({"out_channels": 6}, r"groups of channels must divide the filters \(6\), not 4"),
        ({"pe": 5}, r"pe must divide the filters \(12\), not 5"),
        ({"pe": 6}, r"groups must be filters / pe \(2\), not 4"),
        ({"channel_groups": 2}, r"blocks must be groups / side \(2\), not 4"),
        ({"out": Beat(2, 22, True)}, r"lanes of the output must divide pe \(3\), not 2"),
    ],
)
def test_refused_parameters(changes, message):
    params = Case(depth=2, each=3, simd=2, pe=3).params
    with pytest.raises(ValueError, match=message):
        replace(params, **changes)


def test_parts_of_several_groups_are_refused():
    """Their filters would come out of order."""
    params = Case(depth=2, each=2, simd=2, pe=4).params
    halves = replace(params.window, lanes=2)
    with pytest.raises(ValueError, match=r"words must hold 2 whole groups \(4 channels\), not 2"):
        replace(params, window=halves)
    thirds = Case(depth=1, each=4, groups=6, pe=4).params
    with pytest.raises(ValueError, match=r"pe must divide the filters of a group \(4\), or be a"):
        replace(thirds, pe=6, window=replace(thirds.window, groups=4, blocks=2), out=thirds.out)


def test_refused_fifo(monkeypatch):
    monkeypatch.setattr(Grouped, "_MustUse__silence", True)
    params = Case().params
    with pytest.raises(ValueError, match="must have width 22 and burst 2, not 22 and 1"):
        Grouped(params, np.zeros((4, 3, 3, 1), np.int64), [fifo(params.out, 4)])
    gc.collect()

"""The folded engine against NumPy in every bit, and against its schedule in every cycle."""

import gc
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from harness import check, fifo, unpack
from synthesis import cells

from sangi.hdl.beat import Beat
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.folded.schedule import schedule
from sangi.hdl.folded.weights import check_weights, weight_words
from sangi.hdl.packing import Packing, packing_of
from sangi.hdl.window.params import WindowParams


@dataclass(frozen=True)
class Case:
    """A layer and its folding."""

    height: int = 5
    width: int = 6
    channels: int = 4
    filters: int = 4
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    pad_value: int = 0
    signed: bool = False
    multiplier: str = "dsp"
    in_lanes: int = 2
    simd: int = 2
    pe: int = 2
    out_lanes: int = 1
    depth: int = 8
    frames: int = 3
    bits: int = 8
    weight_bits: int = 8
    style: str = "distributed"
    family: str = "xc7"
    symmetric: bool = False

    @property
    def params(self) -> FoldedParams:
        """The engine's parameters."""
        window = WindowParams(
            height=self.height,
            width=self.width,
            channels=self.channels,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            pad_value=self.pad_value,
            beat=Beat(self.in_lanes, self.bits, self.signed),
            lanes=self.simd,
            groups=self.filters // self.pe,
        )
        return FoldedParams(
            window=window,
            out_channels=self.filters,
            pe=self.pe,
            out=Beat(self.out_lanes, 22, True),
            weight_bits=2 if self.multiplier == "ternary" else self.weight_bits,
            multiplier=self.multiplier,  # type: ignore[arg-type]
            weight_style=self.style,  # type: ignore[arg-type]
            packing=self.packing if self.multiplier == "packed" else None,
        )

    @property
    def packing(self) -> Packing | None:
        """What the family's blocks hold of the weights."""
        half = 1 << (self.weight_bits - 1)
        low = self.symmetric - half
        return packing_of(low, half - 1, self.bits, self.signed, self.pe, self.simd, self.family)

    def weights(self, rng: np.random.Generator) -> np.ndarray:
        """Weights with the extremes among them."""
        shape = (self.filters, *self.kernel, self.channels)
        if self.multiplier == "ternary":
            return rng.integers(-1, 2, shape)
        half = 1 << (self.weight_bits - 1)
        low = self.symmetric - half
        weights = rng.integers(low, half, shape)
        weights.flat[:2] = low, half - 1
        if self.multiplier == "packed":
            # Ends beside ends: in every other operand nothing else.
            ends = rng.choice([low, half - 1, -1, 0], shape)
            weights = np.where(rng.random(shape) < 0.5, ends, weights)
        return weights

    def images(self, rng: np.random.Generator) -> np.ndarray:
        """Random frames with the extremes among them."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        shape = (self.frames, self.height, self.width, self.channels)
        images = rng.integers(low, low + (1 << self.bits), shape)
        images[0].flat[:2] = low, low + (1 << self.bits) - 1
        if self.multiplier == "packed":
            images[-1] = np.where(images[-1] % 2, low, low + (1 << self.bits) - 1)
        return images


def convolve(images: np.ndarray, weights: np.ndarray, case: Case) -> np.ndarray:
    """Convolve by the definition, window by window."""
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
            out[:, oy, ox] = np.einsum("nykc,fykc->nf", window, weights)
    return out


CASES = {
    "3x3": Case(),
    "3x3 same": Case(padding=(1, 1, 1, 1), pad_value=7),
    "3x3 same, negative zero point": Case(padding=(1, 1, 1, 1), pad_value=-128, signed=True),
    "3x3 stride 2, asymmetric": Case(stride=(2, 2), padding=(0, 0, 1, 1), pad_value=255, height=6),
    "3x3 stride 2, unused row and column": Case(stride=(2, 2), height=6),
    "3x3 stride 3, last rows unused": Case(stride=(3, 3), height=8, width=5),
    "1x1": Case(kernel=(1, 1), simd=4, pe=4, out_lanes=4, in_lanes=4, depth=12),
    "1x1 stride 2": Case(kernel=(1, 1), stride=(2, 2), pe=4, out_lanes=2),
    "1x1 stride 3": Case(kernel=(1, 1), stride=(3, 3), height=9, width=8),
    "1x1 padded": Case(kernel=(1, 1), padding=(1, 0, 2, 1), pad_value=3),
    "1x1 slow output": Case(kernel=(1, 1), simd=4, pe=4, out_lanes=1, in_lanes=1),
    "5x5 same": Case(kernel=(5, 5), padding=(2, 2, 2, 2), pad_value=1, width=5),
    "2x3": Case(kernel=(2, 3), padding=(1, 0, 0, 2), pad_value=9),
    "stride (1, 2)": Case(stride=(1, 2), padding=(1, 1, 1, 1)),
    "dilation 2": Case(dilation=(2, 2), padding=(2, 2, 2, 2), pad_value=5, height=6),
    "dilation 2, stride 2": Case(dilation=(2, 2), stride=(2, 2), padding=(1, 1, 1, 1), height=7),
    "kernel of the whole frame": Case(kernel=(5, 6), frames=4),
    "padding wider than the kernel": Case(kernel=(2, 2), padding=(3, 3, 3, 3), pad_value=2),
    "dense": Case(height=1, width=1, channels=16, filters=8, kernel=(1, 1), simd=4, frames=5),
    "dense, all at once": Case(
        height=1, width=1, kernel=(1, 1), simd=4, pe=4, out_lanes=4, frames=6
    ),
    "one lane": Case(in_lanes=1, simd=1, pe=1, channels=3, filters=3, padding=(1, 1, 1, 1)),
    "wide lanes": Case(channels=6, in_lanes=3, simd=6, pe=4, out_lanes=2, padding=(1, 1, 1, 1)),
    "one group": Case(pe=4, out_lanes=4),
    "shallow output": Case(depth=2, pe=4, out_lanes=2, padding=(1, 1, 1, 1)),
    "signed, lut": Case(signed=True, multiplier="lut", padding=(1, 1, 1, 1), pad_value=-3),
    "unsigned, lut": Case(multiplier="lut", simd=4, pe=4, style="block"),
    "narrow weights, lut": Case(multiplier="lut", weight_bits=3, bits=5),
    "ternary": Case(multiplier="ternary", padding=(1, 1, 1, 1), pad_value=11),
    "ternary, signed": Case(
        multiplier="ternary", signed=True, simd=4, filters=12, padding=(0, 1, 1, 0), pad_value=-9
    ),
    "ternary 1x1, every cycle another group": Case(
        multiplier="ternary", kernel=(1, 1), simd=4, filters=12, pe=2, out_lanes=2, depth=16
    ),
    "ternary, one lane": Case(multiplier="ternary", in_lanes=1, simd=1, pe=1, channels=1),
    "packed": Case(
        multiplier="packed", padding=(1, 1, 1, 1), pad_value=7, in_lanes=1, simd=1, pe=4
    ),
    "packed, fields that overlap": Case(multiplier="packed", simd=4, pe=4),
    "packed, fields that overlap, an odd number": Case(
        multiplier="packed", signed=True, channels=3, in_lanes=1, simd=3, filters=6
    ),
    "packed, summed in pairs": Case(multiplier="packed", symmetric=True, simd=4, pe=4, out_lanes=2),
    "packed, summed in pairs, an odd number": Case(
        multiplier="packed", symmetric=True, channels=3, in_lanes=1, simd=3, filters=6
    ),
    "packed, signed": Case(multiplier="packed", signed=True, pad_value=-128, padding=(1, 1, 1, 1)),
    "packed, 27 x 18": Case(multiplier="packed", family="xcup", simd=4, style="block"),
    "packed, one lane": Case(multiplier="packed", in_lanes=1, simd=1, channels=3),
    "packed, 4 bits in 18 x 18": Case(
        multiplier="packed", family="ecp5", weight_bits=4, bits=4, simd=4, pe=4, out_lanes=4
    ),
    "packed, three weights": Case(
        multiplier="packed", family="ecp5", weight_bits=3, bits=3, filters=6, pe=3, simd=4
    ),
    "packed, three weights, signed, one lane": Case(
        **{"multiplier": "packed", "family": "ecp5", "weight_bits": 3, "bits": 3, "signed": True},
        **{"filters": 6, "pe": 3, "simd": 1, "in_lanes": 1},
    ),
    "packed, four weights": Case(
        multiplier="packed", weight_bits=3, bits=3, filters=4, pe=4, simd=2, out_lanes=4
    ),
    "packed, elements of one bit": Case(multiplier="packed", weight_bits=5, bits=1, simd=4),
    "packed, a burst": Case(multiplier="packed", pe=4, kernel=(1, 1), simd=4, depth=12),
    "packed dense": Case(
        multiplier="packed", height=1, width=1, channels=16, filters=8, kernel=(1, 1), simd=8, pe=4
    ),
    "ternary dense, many groups": Case(
        multiplier="ternary",
        height=1,
        width=1,
        kernel=(1, 1),
        channels=2,
        filters=80,
        simd=2,
        pe=1,
        style="block",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bits_and_cycles(case):
    rng = np.random.default_rng(7)
    weights, images = case.weights(rng), case.images(rng)
    params = case.params
    check(
        Folded(params, weights, [fifo(params.out, case.depth, params.burst)]),
        schedule(params),
        [case.depth],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
    )


def test_ternary_lanes_have_no_multiplier():
    """Yosys finds no product in the engine, before and after the choice of cells."""
    case = Case(multiplier="ternary", simd=4, pe=2)
    for command in ("proc; opt", "synth_xilinx -noiopad", "synth_ecp5"):
        found = cells_of(case, command)
        assert found
        assert not [cell for cell in found if "mul" in cell.lower() or "DSP" in cell], command


def test_dsp_lanes_have_one_multiplier_each():
    case = Case(simd=4, pe=2, padding=(1, 1, 1, 1))
    assert cells_of(case, "synth_xilinx -noiopad")["DSP48E1"] == 8


@pytest.mark.parametrize("symmetric", [False, True])
def test_two_filters_share_a_multiplier(symmetric):
    case = Case(multiplier="packed", simd=4, pe=2, symmetric=symmetric)
    assert cells_of(case, "synth_xilinx -noiopad")["DSP48E1"] == 4


def test_three_filters_of_3_bits_share_a_multiplier():
    case = Case(multiplier="packed", family="ecp5", weight_bits=3, bits=3, filters=6, pe=3, simd=4)
    assert cells_of(case, "synth_ecp5")["MULT18X18D"] == 4


def test_lut_lanes_have_no_dsp():
    found = cells_of(Case(multiplier="lut", simd=4, pe=2), "synth_ecp5")
    assert found["LUT4"] and not [cell for cell in found if "MULT" in cell]


def cells_of(case: Case, command: str) -> dict[str, int]:
    """Return how many cells of each type Yosys counts in the engine."""
    params = case.params
    weights = case.weights(np.random.default_rng(1))
    circuit = Folded(params, weights, [fifo(params.out, case.depth, params.burst)])
    return cells(circuit, command)


def test_weights_can_be_found_in_the_memory():
    """Word = group * steps + step; lane (filter, input) from the lowest bits."""
    params = Case(kernel=(1, 1), channels=4, filters=4, simd=2, pe=2).params
    weights = np.arange(-8, 8).reshape(4, 1, 1, 4)
    words = weight_words(params, weights)
    assert len(words) == 4
    lanes = [unpack([word], Beat(4, 8, True)).tolist() for word in words]
    assert lanes[0] == [-8, -7, -4, -3]  # filters 0 and 1, channels 0 and 1
    assert lanes[1] == [-6, -5, -2, -1]  # channels 2 and 3
    assert lanes[2] == [0, 1, 4, 5]  # filters 2 and 3


def test_packed_weights_can_be_found_in_the_memory():
    """Lane (pair of filters, input): the lower filter's weight, the other's less its borrow."""
    case = Case(kernel=(1, 1), channels=2, filters=4, simd=2, pe=4, multiplier="packed")
    weights = np.array([[-5, 7], [3, -128], [4, -1], [-6, 127]]).reshape(4, 1, 1, 2)
    (word,) = weight_words(case.params, weights)
    assert case.params.word_bits == 4 * 17
    fields = [(word >> lane * 17 & 0xFF, word >> lane * 17 + 8 & 0x1FF) for lane in range(4)]
    # Filters 0 and 1, inputs 0 and 1; filters 2 and 3 likewise.
    expected = [(-5, 3 - 1), (7, -128), (4, -6), (-1, 127 - 1)]
    assert fields == [(low & 0xFF, high & 0x1FF) for low, high in expected]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"packing": None}, "packing must be given where the multiplier is packed, not None"),
        (
            {"multiplier": "dsp"},
            "multiplier must be packed where there is a packing, not dsp",
        ),
        (
            {"packing": Packing(3, 16, -128, 127, 1)},
            r"weights in an operand must divide pe \(2\), not 3",
        ),
        (
            {"packing": Packing(2, 15, -128, 127, 1)},
            "shift must leave room for products with unsigned elements of 8 bits, not be 15",
        ),
    ],
)
def test_refused_packings(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(Case(multiplier="packed").params, **changes)


@pytest.mark.parametrize(
    ("case", "weights", "message"),
    [
        (
            Case(multiplier="packed", symmetric=True),
            np.full((4, 3, 3, 4), -128),
            r"weights must be in -127…127, not -128…-128",
        ),
        (Case(), np.zeros((4, 3, 3, 3), np.int64), r"shape \(4, 3, 3, 4\), not \(4, 3, 3, 3\)"),
        (Case(), np.full((4, 3, 3, 4), 128), r"weights must be in -128…127, not 128…128"),
        (
            Case(multiplier="ternary"),
            np.full((4, 3, 3, 4), 2),
            r"weights must be in -1…1, not 2…2",
        ),
    ],
)
def test_refused_weights(case, weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(case.params, weights)


def test_refused_fifo(monkeypatch):
    monkeypatch.setattr(Folded, "_MustUse__silence", True)
    params = Case().params
    with pytest.raises(ValueError, match="must have width 22 and burst 2, not 22 and 1"):
        Folded(params, np.zeros((4, 3, 3, 4), np.int64), [fifo(params.out, 4)])
    gc.collect()


def test_schedule_is_fast_for_large_frames():
    """16,384 firings a frame take milliseconds, as the mapping weighs thousands of candidates."""
    params = Case(height=128, width=128, padding=(1, 1, 1, 1), pe=4, out_lanes=4).params
    start = time.process_time()
    plan = schedule(params)
    assert time.process_time() - start < 0.5
    assert len(plan.actors[1].durations) == 128 * 128

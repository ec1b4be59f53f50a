"""The folded engine against NumPy in every bit, and against its schedule in every cycle."""

from dataclasses import dataclass

import numpy as np
import pytest
from harness import check, fifo

from sangi.hdl.beat import Beat
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.folded.schedule import schedule
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
        )

    def weights(self, rng: np.random.Generator) -> np.ndarray:
        """Weights with the extremes among them."""
        shape = (self.filters, *self.kernel, self.channels)
        if self.multiplier == "ternary":
            return rng.integers(-1, 2, shape)
        half = 1 << (self.weight_bits - 1)
        weights = rng.integers(-half, half, shape)
        weights.flat[:2] = -half, half - 1
        return weights

    def images(self, rng: np.random.Generator) -> np.ndarray:
        """Random frames with the extremes among them."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        shape = (self.frames, self.height, self.width, self.channels)
        images = rng.integers(low, low + (1 << self.bits), shape)
        images[0].flat[:2] = low, low + (1 << self.bits) - 1
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

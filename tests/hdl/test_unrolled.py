"""The unrolled engine against NumPy in every bit, and against its schedule in every cycle."""

import gc
from dataclasses import dataclass, replace

import numpy as np
import pytest
from harness import check, fifo, predict

from sangi.hdl.beat import Beat
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.hdl.unrolled.params import UnrolledParams
from sangi.hdl.unrolled.schedule import schedule
from sangi.hdl.unrolled.size import network_of, pipeline_of, size_of

from .test_folded import Case as Layer
from .test_folded import convolve


@dataclass(frozen=True)
class Case(Layer):
    """A layer with zeros among its weights."""

    filters: int = 6
    bits: int = 4
    weight_bits: int = 2
    zeros: float = 0.5
    digit: int = 0
    operands: int = 2
    places: int = 0
    levels: int = 1
    out_lanes: int = 6

    def weights(self, rng: np.random.Generator) -> np.ndarray:
        """Weights of which a share is zero; 2 bits mean ternary ones."""
        shape = (self.filters, *self.kernel, self.channels)
        half = 1 << (self.weight_bits - 1)
        weights = rng.integers(-half + (self.weight_bits == 2), half, shape)
        weights[weights == 0] = 1
        return weights * (rng.random(shape) >= self.zeros)

    def engine(self, weights: np.ndarray) -> UnrolledParams:
        """The engine's parameters."""
        window = replace(self, simd=self.channels, pe=self.filters).params.window
        network = network_of(weights, self.bits, self.signed)
        plan = pipeline_of(network, self.bits, self.signed, self.levels)
        return UnrolledParams(
            window=window,
            out_channels=self.filters,
            out=Beat(self.out_lanes, 14, True),
            digit=self.digit,
            operands=self.operands,
            places=self.places,
            levels=self.levels,
            weight_bits=self.weight_bits,
            nonzeros=int(np.count_nonzero(weights)),
            size=size_of(plan),
        )


SAME = {"padding": (1, 1, 1, 1), "pad_value": 7}
DENSE = {"height": 1, "width": 1, "kernel": (1, 1), "channels": 16, "in_lanes": 2, "frames": 6}
WIDE = {**DENSE, "channels": 64, "in_lanes": 64}

CASES = {
    "3x3": Case(),
    "3x3 same": Case(**SAME),
    "3x3 same, whole pixels": Case(**SAME, in_lanes=4),
    "3x3 same, signed": Case(padding=(1, 1, 1, 1), pad_value=-8, signed=True),
    "3x3 same, FIFO": Case(**SAME, in_lanes=4, places=10),
    "3x3 same, FIFO, narrow beats": Case(**SAME, in_lanes=1, places=5),
    "no weight at all": Case(**SAME, zeros=1.0),
    "no zero at all": Case(**SAME, zeros=0.0),
    "98 % zeros": Case(**SAME, zeros=0.98, channels=8, in_lanes=4, filters=12),
    "4-bit weights": Case(**SAME, weight_bits=4, filters=4, out_lanes=4),
    "4-bit weights, two adders a stage": Case(**SAME, weight_bits=4, levels=2, out_lanes=3),
    "bursts": Case(**SAME, out_lanes=1),
    "bursts, FIFO": Case(**SAME, out_lanes=2, places=9, in_lanes=4, depth=6),
    "bursts of two": Case(**SAME, out_lanes=3),
    "stride 2, asymmetric": Case(stride=(2, 2), padding=(0, 0, 1, 1), pad_value=15, height=6),
    "stride 3, last rows unused": Case(stride=(3, 3), height=8, width=5),
    "stride 2, FIFO": Case(stride=(2, 2), **SAME, height=7, places=4, out_lanes=2),
    "1x1": Case(kernel=(1, 1), in_lanes=4),
    "1x1 stride 2, narrow beats": Case(kernel=(1, 1), stride=(2, 2), in_lanes=1, out_lanes=3),
    "5x5 same": Case(kernel=(5, 5), padding=(2, 2, 2, 2), pad_value=1, width=5, channels=2),
    "2x3": Case(kernel=(2, 3), padding=(1, 0, 0, 2), pad_value=9),
    "dilation 2": Case(dilation=(2, 2), padding=(2, 2, 2, 2), pad_value=5, height=6),
    "one column": Case(width=1, kernel=(3, 1), padding=(1, 0, 1, 0), pad_value=3),
    "two columns": Case(width=2, kernel=(3, 2), padding=(1, 1, 1, 0), pad_value=3),
    "kernel of the whole frame": Case(kernel=(5, 6), channels=2, frames=4),
    "dense": Case(**DENSE),
    "dense, burst, FIFO": Case(**DENSE, out_lanes=1, places=2),
    "shallow output": Case(**SAME, depth=2, in_lanes=4),
    "serial": Case(**SAME, digit=1),
    "serial, no FIFO, whole pixels": Case(**SAME, digit=1, in_lanes=4),
    "serial, FIFO": Case(**SAME, digit=1, places=8, in_lanes=4),
    "serial, signed": Case(padding=(1, 1, 1, 1), pad_value=-8, signed=True, digit=1),
    "serial, signed, 3 bits": Case(padding=(1, 1, 1, 1), pad_value=-8, signed=True, digit=3),
    "serial, 2 bits, 4-bit weights": Case(**SAME, digit=2, weight_bits=4, out_lanes=3),
    "serial, 1 bit, 4-bit weights": Case(**SAME, digit=1, weight_bits=4, levels=2),
    "serial, 4 bits, long bursts": Case(**SAME, digit=4, out_lanes=1, signed=True),
    "serial, 4 bits, 4-bit weights": Case(**SAME, digit=4, weight_bits=4, signed=True),
    "serial, two digits": Case(**SAME, digit=6, in_lanes=4),
    "serial, one digit": Case(**SAME, digit=14, in_lanes=4),
    "serial, dense": Case(**DENSE, digit=1),
    "serial, dense, burst": Case(**DENSE, digit=2, out_lanes=1),
    "serial, four operands": Case(**SAME, digit=1, operands=4),
    "serial, four operands, 4-bit weights": Case(**SAME, digit=1, weight_bits=4, operands=4),
    "serial, four operands, levels": Case(**SAME, digit=1, operands=4, levels=2, signed=True),
    "serial, dense, four operands": Case(**DENSE, digit=1, operands=4, signed=True, bits=5),
    "serial, dense, signed, burst": Case(**DENSE, digit=1, out_lanes=2, bits=5, signed=True),
    "serial, dense, signed, 3 bits": Case(**DENSE, digit=3, out_lanes=3, signed=True),
    "serial, dense, one digit": Case(**DENSE, digit=14, out_lanes=2),
    "serial, dense, long burst": Case(**DENSE, digit=2, out_lanes=1, filters=20, depth=24),
    "serial, dense, burst of sixteen": Case(**DENSE, digit=1, filters=32, out_lanes=2, depth=64),
    "serial, burst of eight": Case(
        **SAME, digit=2, weight_bits=4, filters=8, out_lanes=1, signed=True, depth=8
    ),
    "serial, burst of twelve, as many digits": Case(
        **WIDE, bits=6, digit=1, filters=12, out_lanes=1, depth=64
    ),
    "serial, burst of twelve, more digits": Case(
        **WIDE, bits=8, digit=1, filters=24, out_lanes=2, signed=True, depth=64
    ),
    "serial, burst of eight, digits beyond the output": Case(
        **WIDE, bits=8, digit=3, filters=8, out_lanes=1, depth=32
    ),
    "serial, burst of eight, 1x1 stride 2": Case(
        kernel=(1, 1), stride=(2, 2), in_lanes=4, bits=8, digit=2, filters=8, out_lanes=1, depth=40
    ),
    "serial, burst of 36": Case(**DENSE, digit=1, filters=36, out_lanes=1, depth=120),
    "serial, burst of 64": Case(**DENSE, digit=1, filters=64, out_lanes=1, depth=64),
    "serial, dense, no weight at all": Case(**DENSE, digit=1, zeros=1.0, out_lanes=3),
    "serial, dense, 12 bits": Case(**DENSE, digit=1, bits=12, filters=2, out_lanes=1, signed=True),
    "serial, dense, digits wider than inputs": Case(**{**DENSE, "bits": 2}, digit=4, out_lanes=2),
    "serial, dense, digits wider than signed inputs": Case(
        **{**DENSE, "bits": 2}, digit=4, out_lanes=2, signed=True
    ),
    "serial, dense, FIFO": Case(**DENSE, digit=2, out_lanes=2, places=2),
    "serial, dense, blocks": Case(**{**DENSE, "channels": 32}, digit=1, bits=8),
    "serial, dense, blocks of a third": Case(
        **{**DENSE, "channels": 24, "in_lanes": 1}, digit=1, bits=8, signed=True, out_lanes=2
    ),
    "serial, dense, one block": Case(**{**DENSE, "channels": 12, "in_lanes": 4}, digit=1, bits=8),
    "serial, dense, blocks of six, signed": Case(
        **{**DENSE, "channels": 18, "in_lanes": 1}, digit=1, bits=6, signed=True, out_lanes=2
    ),
    "serial, dense, planes of 3 bits": Case(
        **{**DENSE, "channels": 24}, digit=3, bits=8, signed=True, weight_bits=4, out_lanes=3
    ),
    "serial, 1x1 stride 2, blocks": Case(
        kernel=(1, 1), stride=(2, 2), digit=1, channels=16, in_lanes=1, bits=7, out_lanes=1
    ),
    "serial, 1x1": Case(kernel=(1, 1), digit=2, in_lanes=4, out_lanes=3, bits=8),
    "serial, 1x1 stride 2": Case(
        kernel=(1, 1), stride=(2, 2), digit=4, in_lanes=1, out_lanes=1, signed=True, weight_bits=4
    ),
    "serial, 1x1 stride 2, whole pixels": Case(
        kernel=(1, 1), stride=(2, 2), digit=1, in_lanes=4, bits=6, signed=True
    ),
    "serial, no weight at all": Case(digit=1, zeros=1.0),
    "serial, 8 bits, stride 2": Case(digit=2, bits=8, stride=(2, 2), **SAME, height=7),
}


QUICK = (
    "3x3 same",
    "3x3 same, signed",
    "3x3 same, FIFO",
    "4-bit weights, two adders a stage",
    "bursts, FIFO",
    "stride 2, asymmetric",
    "one column",
    "dense",
    "serial, FIFO",
    "serial, 1 bit, 4-bit weights",
    "serial, 4 bits, long bursts",
    "serial, dense",
    "serial, dense, blocks",
    "serial, dense, four operands",
    "serial, dense, signed, burst",
    "serial, dense, burst of sixteen",
    "serial, 1x1 stride 2, blocks",
    "serial, 1x1 stride 2, whole pixels",
    "serial, four operands, 4-bit weights",
    "serial, 1x1 stride 2",
)
LONGER = (pytest.mark.slow, pytest.mark.ci)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=() if name in QUICK else LONGER)
        for name, case in CASES.items()
    ],
)
def test_bits_and_cycles(case):
    rng = np.random.default_rng(7)
    weights, images = case.weights(rng), case.images(rng)
    params = case.engine(weights)
    check(
        Unrolled(params, weights, [fifo(params.out, case.depth, params.burst)]),
        schedule(params),
        [case.depth],
        [(images, params.window.beat)],
        [(convolve(images, weights, case), params.out)],
        case.frames,
        seeds=(1,),
    )


def test_refused_fifo(monkeypatch):
    monkeypatch.setattr(Unrolled, "_MustUse__silence", True)
    weights = CASES["3x3"].weights(np.random.default_rng(0))
    params = CASES["3x3"].engine(weights)
    with pytest.raises(ValueError, match="must have width 84 and burst 1, not 84 and 2"):
        Unrolled(params, weights, [fifo(params.out, 4, 2)])
    gc.collect()


def test_digits_take_fewer_cycles_the_wider_they_are():
    weights = CASES["serial"].weights(np.random.default_rng(0))
    params = CASES["serial"].engine(weights)
    bits = params.size.sum_bits
    assert [replace(params, digit=n).digits for n in (0, 1, 2, 4)] == [
        1,
        bits,
        -(-bits // 2),
        -(-bits // 4),
    ]


@pytest.mark.parametrize(
    ("name", "planes", "blocks"),
    [
        ("serial, dense, one digit", 1, (8,)),
        ("serial, dense", 4, (4, 8)),
        ("serial, dense, blocks", 8, (4, 8, 16)),
        # A block no shorter than its digits are many, or else the pixel.
        ("serial, dense, blocks of six, signed", 6, (6, 6, 18)),
        ("serial, dense, one block", 8, (3, 3, 3)),
        # A digit of 3 bits more for the sign: of 8 bits the third one holds two.
        ("serial, dense, planes of 3 bits", 4, (4, 12)),
        ("serial, dense, 12 bits", 12, (4, 8, 8)),
        ("serial, dense, no weight at all", 1, (8,)),
    ],
)
def test_blocks_are_no_shorter_than_their_digits_are_many(name, planes, blocks):
    params = CASES[name].engine(CASES[name].weights(np.random.default_rng(7)))
    assert (params.planes, params.blocks) == (planes, blocks)


@pytest.mark.parametrize(
    ("name", "regrouped"),
    [
        ("serial, dense, burst of sixteen", True),
        ("serial, burst of eight", True),
        ("serial, burst of twelve, more digits", True),
        ("serial, burst of 36", True),
        ("serial, burst of 64", False),
        ("serial, dense, signed, burst", False),
        ("serial, 4 bits, long bursts", False),
        ("dense, burst, FIFO", False),
    ],
)
def test_sums_of_many_beats_are_regrouped(name, regrouped):
    params = CASES[name].engine(CASES[name].weights(np.random.default_rng(7)))
    assert params.regrouped is regrouped


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("serial, dense, burst of sixteen", 9),
        ("serial, burst of twelve, as many digits", 12),
        ("serial, burst of twelve, more digits", 14),
        ("serial, burst of eight, digits beyond the output", 5),
        ("serial, burst of 36", 9),
    ],
)
def test_regrouped_bursts_follow_each_other_at_once(name, digits):
    """In the cases above, where the output's FIFO is deep enough."""
    case = CASES[name]
    params = case.engine(case.weights(np.random.default_rng(7)))
    assert (params.digits, params.regrouped) == (digits, True)
    popped = np.array(predict(schedule(params), [case.depth], case.frames).popped[0])
    assert np.diff(popped[:: params.burst]).min() == params.duration == max(digits, params.burst)


@pytest.mark.parametrize(
    "name",
    ["3x3 same", "3x3 same, FIFO", "bursts", "serial", "serial, FIFO", "dense", "stride 2, FIFO"],
)
def test_cycles_of_a_frame_are_those_of_the_schedule(name):
    """Behind a source that never waits, with a FIFO deep enough for what comes meanwhile."""
    case = CASES[name]
    params = case.engine(case.weights(np.random.default_rng(0)))
    if params.places:
        params = replace(params, places=64)
    frames, beats = 6, params.window.out_height * params.window.out_width * params.burst
    popped = predict(schedule(params), [64], frames).popped[0]
    assert popped[-1 - beats] - popped[-1 - 2 * beats] == params.cycles


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"digit": 15}, "digit must be 0…14 bits, not 15"),
        ({"operands": 4}, "operands must be 2, or 4 with digits of 1 bit, not 4 with 0 bits"),
        ({"digit": 1, "operands": 3}, "operands must be 2, or 4 .*, not 3 with 1 bits"),
        ({"levels": 0}, "levels must be at least 1, not 0"),
        ({"places": -1}, "places must be at least 0, not -1"),
        ({"out": Beat(4, 14, True)}, r"lanes of the output must divide the filters \(6\), not 4"),
    ],
)
def test_refused_parameters(changes, message):
    params = CASES["3x3"].engine(CASES["3x3"].weights(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=message):
        replace(params, **changes)


def test_refused_windows():
    rng = np.random.default_rng(0)
    for padding, message in (
        ((3, 3, 3, 3), "no window may lie in the padding alone"),
        ((2, 2, 2, 2), "the windows of a row must not reach into the next one"),
    ):
        case = Case(padding=padding)
        with pytest.raises(ValueError, match=message):
            case.engine(case.weights(rng))
    params = CASES["3x3"].engine(CASES["3x3"].weights(rng))
    with pytest.raises(ValueError, match=r"words must be whole pixels \(4 lanes, 1 group\)"):
        replace(params, window=replace(params.window, lanes=2))


def test_refused_weights(monkeypatch):
    monkeypatch.setattr(Unrolled, "_MustUse__silence", True)
    weights = CASES["3x3"].weights(np.random.default_rng(0))
    params = CASES["3x3"].engine(weights)
    with pytest.raises(ValueError, match=r"shape \(6, 3, 3, 4\), not \(6, 3, 3, 3\)"):
        Unrolled(params, weights[..., :3], [fifo(params.out, 4)])
    with pytest.raises(ValueError, match="size must be that of the weights' network"):
        Unrolled(params, 0 * weights, [fifo(params.out, 4)])
    gc.collect()

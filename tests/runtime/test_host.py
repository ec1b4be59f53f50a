"""What the host does before and after the circuit."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sangi.runtime.errors import BuildError, DataError
from sangi.runtime.host import apply, execute, finish, prepare
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.base import TensorType
from sangi.runtime.program import Input, Output, Program, Step

from ..oracle.numbers import ROUNDINGS


def entrance(shape: tuple[int, ...], layout: str, model: tuple[int, ...], *before: Step) -> Program:
    """A program that hands its input through; of codes -128…127 if it has steps."""
    low, high = (-128, 127) if before else (0, 255)
    entry = Input("x", "image", model, layout, "codes" if before else "bytes", before)
    out = Output("x", "y", np.ones(1), np.zeros(1))
    return Program("p", (entry,), (), (out,), {"x": TensorType(shape, low, high)}, 0)


QUANTIZE = Step("quantize", {"scale": [0.5], "zero_point": [3], "low": -128, "high": 127})


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_layouts_of_images(dtype: type) -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(dtype)
    nchw = entrance((4, 5, 3), "NCHW", (3, 4, 5))
    for images in (x, x.transpose(0, 3, 1, 2)):
        (codes,) = prepare(nchw, images)
        assert codes.dtype == np.uint8
        assert np.array_equal(codes, x)
    gray = entrance((4, 5, 1), "NHWC", (4, 5, 1))
    assert np.array_equal(prepare(gray, x[..., 0])[0], x[..., :1])
    flat = entrance((60,), "N", (60,))
    assert np.array_equal(prepare(flat, x)[0], x.reshape(2, 60))
    assert np.array_equal(prepare(flat, x.reshape(2, 60))[0], x.reshape(2, 60))


def test_a_square_of_three_channels_is_taken_channels_last() -> None:
    x = np.arange(27).reshape(1, 3, 3, 3).astype(np.uint8)
    assert np.array_equal(prepare(entrance((3, 3, 3), "NCHW", (3, 3, 3)), x)[0], x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 5, 5, 3), np.uint8), r"shape \(N, 4, 5, 3\), not \(1, 5, 5, 3\)"),
        (np.zeros((1, 60), np.uint8), r"shape \(N, 4, 5, 3\), not \(1, 60\)"),
        (np.zeros((4, 5, 3), np.uint8), r"shape \(N, 4, 5, 3\), not \(4, 5, 3\)"),
        (np.zeros((1, 4, 5, 3), bool), "dtype uint8 or float32, not bool"),
        (np.array([["a"]]), "dtype uint8 or float32, not <U1"),
        (np.full((1, 4, 5, 3), 0.5, np.float32), "whole numbers 0…255"),
        (np.full((1, 4, 5, 3), 256, np.float32), "whole numbers 0…255"),
        (np.full((1, 4, 5, 3), -1, np.float32), "not float32 in -1.0…-1.0; give raw pixels"),
        (np.full((1, 4, 5, 3), np.nan, np.float32), "whole numbers 0…255"),
        (np.full((1, 4, 5, 3), np.inf, np.float32), "whole numbers 0…255"),
    ],
)
def test_refuses_other_images(x: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"^images must (have|be) .*{message}"):
        prepare(entrance((4, 5, 3), "NHWC", (4, 5, 3)), x)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_images_that_are_not_finite(bad: float) -> None:
    x = np.zeros((2, 3), np.float32)
    x[1, 2] = bad
    with pytest.raises(DataError, match="images must be finite"):
        prepare(entrance((3,), "N", (3,), QUANTIZE), x)


def test_refuses_programs_of_two_inputs() -> None:
    one = entrance((3,), "N", (3,))
    with pytest.raises(DataError, match="must have 1 input"):
        prepare(replace(one, inputs=one.inputs * 2), np.zeros((1, 3), np.uint8))


@given(
    st.lists(st.floats(-300, 300, width=32), min_size=1, max_size=8),
    st.floats(2**-10, 4, width=32),
    st.integers(-128, 127),
)
def test_quantize_is_exact(values: list[float], scale: float, zero: int) -> None:
    x = np.array([values], np.float32)
    # The middle between two codes, as near as float32 comes to it.
    middle = np.float32(scale) * np.float32(2.5)
    x = np.concatenate([x, [[middle]]], axis=1).astype(np.float32)
    step = Step("quantize", {"scale": [scale], "zero_point": [zero], "low": -128, "high": 127})
    program = entrance((x.shape[1],), "N", (x.shape[1],), step)
    expected = [
        min(max(round(Fraction(float(v)) / Fraction(scale)) + zero, -128), 127) for v in x[0]
    ]
    assert prepare(program, x)[0][0].tolist() == expected


@pytest.mark.parametrize("rounding", list(Rounding))
@settings(max_examples=60)
@given(
    values=st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=20),
    scale=st.sampled_from([0.25, 2.0, float(np.float32(0.1))]),
    zero=st.sampled_from([0.0, 3.0, 0.5, -0.25]),
)
@example(values=[-1e-20, 1e-20, -0.0, 0.24999999], scale=2.0, zero=0.5)
def test_quantize_adds_its_zero_point_exactly(
    rounding: Rounding, values: list[float], scale: float, zero: float
) -> None:
    options = {"rounding": rounding.value, "zero_first": True, "low": -100, "high": 100}
    x = np.array(values, np.float32)
    codes = apply(Step("quantize", {"scale": [scale], "zero_point": [zero], **options}), x)
    exact = [Fraction(float(v)) / Fraction(scale) + Fraction(zero) for v in x]
    whole, _ = ROUNDINGS[rounding.name]
    assert codes.tolist() == [min(max(whole(value), -100), 100) for value in exact]


def test_axes_of_one_may_be_anywhere() -> None:
    x = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    (codes,) = prepare(entrance((1, 4, 3), "NHWC", (1, 4, 3)), x)
    assert np.array_equal(codes, x[:, None])


def test_normalize_then_quantize_per_channel() -> None:
    affine = Step("affine", {"scale": [0.5, 2.0], "shift": [1.0, -3.0]})
    program = entrance((1, 1, 2), "NHWC", (1, 1, 2), affine, QUANTIZE)
    (codes,) = prepare(program, np.array([[[[10, 20]]]], np.uint8))
    assert codes.reshape(-1).tolist() == [15, 77]
    assert codes.dtype == np.int8


def test_finish_gives_reals_per_channel() -> None:
    program = entrance((2,), "N", (2,))
    out = Output("x", "y", np.array([0.5, 2.0]), np.array([1.0, -1.0]))
    result = finish(replace(program, outputs=(out,)), {"x": np.array([[3, 4]])})
    assert result["y"].dtype == np.float32
    assert result["y"].tolist() == [[2.5, 7.0]]


def test_ends_of_classifiers() -> None:
    x = np.array([[1.0, 3.0, 3.0], [-1000.0, 0.0, 1000.0]])
    soft = apply(Step("softmax", {"axis": 0}), x)
    assert np.allclose(soft[0], np.exp(x[0]) / np.exp(x[0]).sum())
    assert soft[1].tolist() == [0, 0, 1]
    assert apply(Step("sigmoid"), x)[1].tolist() == [0, 0.5, 1]
    assert np.allclose(apply(Step("sigmoid"), x)[0], 1 / (1 + np.exp(-x[0])))
    assert apply(Step("argmax", {"axis": 0, "keepdims": False}), x).tolist() == [1, 2]
    assert apply(Step("argmax", {"axis": 0, "keepdims": True}), x).shape == (2, 1)
    frames = np.arange(12).reshape(2, 2, 3)
    assert np.array_equal(apply(Step("transpose", {"perm": [1, 0]}), frames), frames.swapaxes(1, 2))
    assert apply(Step("reshape", {"shape": [6]}), frames).shape == (2, 6)
    assert apply(Step("clip", {"low": [0.0], "high": None}), x).min() == 0


def test_argmax_gives_integers() -> None:
    program = entrance((3,), "N", (3,))
    after = (Step("argmax", {"axis": 0, "keepdims": False}),)
    out = replace(program.outputs[0], after=after)
    result = execute(replace(program, outputs=(out,)), np.array([[1, 9, 2]], np.uint8))
    assert result["y"].dtype == np.int64
    assert result["y"].tolist() == [1]


def test_unknown_step() -> None:
    with pytest.raises(BuildError, match=r"must be one of affine, .*, not bend"):
        apply(Step("bend"), np.zeros(1))


@pytest.mark.parametrize("frames", [1, 64, 130])
def test_execute_runs_the_whole(program: Program, frames: int) -> None:
    x = np.random.default_rng(4).integers(0, 256, (frames, 6, 6, 2)).astype(np.uint8)
    dense = program.run(x)["dense"]
    result = execute(program, x)
    assert np.array_equal(result["scores"], (dense * 0.5 + [1, 0, -1]).astype(np.float32))
    assert result["chances"].shape == (frames, 1, 3)
    assert np.allclose(result["chances"].sum(axis=2), 1)

"""Concat along every axis, of reals, codes and constants, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.ir.ops.concat import Concat

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs

SHAPE = (3, 6, 7)


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(5, *shape)).astype(np.float32)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -3])
def test_every_axis(tmp_path: Path, axis: int) -> None:
    model = Model(("N", *SHAPE))
    first, second = model.node("Relu", "x"), model.node("Neg", "x")
    joined = model.node("Concat", first, "x", second, first, axis=axis)
    same_outputs(model.save(tmp_path, joined), frames(*SHAPE))


def test_channels_come_last(tmp_path: Path) -> None:
    """Between layers nothing is transposed: one Concat of the last axis."""
    model = Model(("N", *SHAPE))
    first = model.node("Relu", model.conv("x", 4, 3, pads=[1] * 4))
    second = model.conv(first, 2, 4, pads=[1] * 4)
    joined = model.node("Concat", second, first, "x", axis=1)
    graph = same_outputs(model.save(tmp_path, model.conv(joined, 5, 9)), frames(*SHAPE))
    assert kinds(graph) == ["Input", "Conv", "Relu", "Conv", "Concat", "Conv", "Transpose"]
    (op,) = (graph.op(name) for name in graph.order() if isinstance(graph.op(name), Concat))
    assert isinstance(op, Concat) and op.axis == 2


def test_parts_of_the_input(tmp_path: Path) -> None:
    """A Concat in the input's own layout does not hide that it is NCHW."""
    model = Model(("N", *SHAPE))
    joined = model.node("Concat", "x", model.node("Relu", "x"), axis=2)
    graph = same_outputs(model.save(tmp_path, model.conv(joined, 5, 3)), frames(*SHAPE))
    assert kinds(graph) == ["Input", "Relu", "Concat", "Conv", "Transpose"]


def test_features(tmp_path: Path) -> None:
    model = Model(("N", 8))
    left = model.node("Gemm", "x", model.constant(model.normal(8, 3)))
    joined = model.node("Concat", left, "x", axis=1)
    graph = same_outputs(model.save(tmp_path, model.node("Relu", joined)), frames(8))
    assert kinds(graph) == ["Input", "Dense", "Concat", "Relu"]


def test_one_input_is_nothing(tmp_path: Path) -> None:
    model = Model(("N", 8))
    graph = same_outputs(
        model.save(tmp_path, model.node("Relu", model.node("Concat", "x", axis=1))), frames(8)
    )
    assert kinds(graph) == ["Input", "Relu"]


def test_codes_of_one_grid(tmp_path: Path) -> None:
    """Codes are joined as they are; a narrower Clip of codes does not narrow the others."""
    model = Model(("N", *SHAPE))
    grid = model.constant(np.float32(0.02)), model.constant(np.uint8(100))
    codes = model.node("QuantizeLinear", "x", *grid)
    limits = [model.constant(np.uint8(limit)) for limit in (90, 120)]
    narrow = model.node(
        "Clip", model.node("QuantizeLinear", model.node("Neg", "x"), *grid), *limits
    )
    joined = model.node("Concat", narrow, codes, axis=1)
    graph = same_outputs(
        model.save(tmp_path, model.node("DequantizeLinear", joined, *grid)), frames(*SHAPE)
    )
    assert kinds(graph).count("Concat") == 1


def test_constants_are_joined(tmp_path: Path) -> None:
    """Computed constants too: here a weight behind DequantizeLinear, in two parts."""
    model = Model(("N", 8), opset=13)
    parts = [model.constant(model.normal(8, n)) for n in (2, 3)]
    weight = model.node("Concat", *parts, axis=1)
    same_outputs(model.save(tmp_path, model.node("MatMul", "x", weight)), frames(8))


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        (0, "axis must be one of 1…3, not 0"),
        (2, "inputs must have one shape but for axis 1, not (3, 6, 7) and (4, 6, 7)"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, axis: int, words: str) -> None:
    model = Model(("N", *SHAPE))
    wide = model.conv("x", 4, 3, pads=[1] * 4)
    path = model.save(tmp_path, model.node("Concat", "x", wide, axis=axis))
    assert refused(path) == [f"Concat 'concat_1': {words}"]


def test_codes_of_two_grids(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE))
    zero = model.constant(np.uint8(100))
    codes = [
        model.node("QuantizeLinear", "x", model.constant(np.float32(scale)), zero)
        for scale in (0.02, 0.03)
    ]
    joined = model.node("Concat", *codes, axis=1)
    back = model.node("DequantizeLinear", joined, model.constant(np.float32(0.02)), zero)
    words = (
        "inputs must be integer codes of one scale and zero point, or real numbers all; "
        "put DequantizeLinear before every input"
    )
    assert refused(model.save(tmp_path, back)) == [f"Concat 'concat_2': {words}"]


def test_a_constant_beside_a_tensor(tmp_path: Path) -> None:
    model = Model(("N", 8))
    constant = model.constant(np.ones((1, 8), np.float32))
    path = model.save(tmp_path, model.node("Concat", "x", constant, axis=1))
    words = "input 1 must be computed from the model's input, not a constant"
    assert refused(path) == [f"Concat 'concat_0': {words}"]

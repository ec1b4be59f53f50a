"""Gemm, MatMul and Conv in every form, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(5, *shape)).astype(np.float32)


@pytest.mark.parametrize("transposed", [0, 1])
@pytest.mark.parametrize("bias", [None, (4,), (1, 4), (1,), (), (1, 1)])
def test_gemm(tmp_path: Path, transposed: int, bias: tuple[int, ...] | None) -> None:
    model = Model(("N", 6))
    weight = model.constant(model.normal(*((4, 6) if transposed else (6, 4))))
    names = [] if bias is None else [model.constant(np.asarray(model.normal(*bias), np.float32))]
    outputs = [
        model.node("Gemm", "x", weight, *names, transB=transposed),
        model.node("Gemm", "x", weight, *names, transB=transposed, alpha=0.5, beta=-3.0),
        model.node("Gemm", "x", weight, *names, transB=transposed, alpha=-1.5),
    ]
    graph = same_outputs(model.save(tmp_path, *outputs), frames(6))
    assert kinds(graph) == ["Input", "Dense", "Dense", "Dense"]


def test_gemm_of_a_quantized_weight_with_a_negative_alpha(tmp_path: Path) -> None:
    model = Model(("N", 6))
    weight = model.weight(4, 6, per_channel=True)
    x = model.node("Gemm", "x", weight, transB=1, alpha=-0.5)
    same_outputs(model.save(tmp_path, x), frames(6))


def test_matmul_with_two_additions(tmp_path: Path) -> None:
    model = Model(("N", 6))
    x = model.node("MatMul", "x", model.constant(model.normal(6, 4)))
    outputs = [
        model.node("Add", x, model.constant(model.normal(4))),
        model.node("Add", model.constant(model.normal(1, 4)), model.node("Identity", x)),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(6))


def test_matmul_and_one_add_are_one_layer(tmp_path: Path) -> None:
    model = Model(("N", 6))
    x = model.node("MatMul", "x", model.constant(model.normal(6, 4)))
    x = model.node("Add", x, model.constant(model.normal(4)))
    assert kinds(same_outputs(model.save(tmp_path, x), frames(6))) == ["Input", "Dense"]


@pytest.mark.parametrize("rows", [1, 3])
def test_matmul_of_rows(tmp_path: Path, rows: int) -> None:
    model = Model(("N", rows, 6))
    x = model.node("MatMul", "x", model.constant(model.normal(6, 4)))
    x = model.node("Relu", model.node("Add", x, model.constant(model.normal(4))))
    x = model.node("MatMul", x, model.weight(4, 2, per_channel=False))
    same_outputs(model.save(tmp_path, x), frames(rows, 6))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 1]},
        {"auto_pad": "VALID"},
        {"auto_pad": "NOTSET", "pads": [0, 1, 2, 3]},
        {"dilations": [2, 1], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 2], "group": 2},
    ],
)
def test_convolutions(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Model(("N", 4, 7, 8))
    channels = 4 // options.get("group", 1)
    weight = model.constant(model.normal(6, channels, 3, 2))
    outputs = [
        model.node("Conv", "x", weight, **options),
        model.node("Conv", "x", weight, "", **options),
        model.node("Conv", "x", weight, model.constant(model.normal(6)), **options),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(4, 7, 8))


def transposed_input(model: Model) -> str:
    weight = model.constant(model.normal(1, 4))
    return model.node("Gemm", model.node("Flatten", "x"), weight, transA=1)


def zero_alpha(model: Model) -> str:
    weight = model.constant(model.normal(24, 4))
    return model.node("Gemm", model.node("Flatten", "x"), weight, alpha=0.0)


def weight_first(model: Model) -> str:
    return model.node("MatMul", model.constant(model.normal(5, 3)), "x")


def bias_per_frame(model: Model) -> str:
    weight = model.constant(model.normal(24, 4))
    bias = model.constant(model.normal(4, 1))
    return model.node("Gemm", model.node("Flatten", "x"), weight, bias)


def bias_of_two_rows(model: Model) -> str:
    weight = model.constant(model.normal(24, 4))
    return model.node(
        "Gemm", model.node("Flatten", "x"), weight, model.constant(model.normal(2, 2))
    )


def one_bias(model: Model) -> str:
    return model.node(
        "Conv", "x", model.constant(model.normal(4, 2, 1, 1)), model.constant(model.normal(1))
    )


def not_a_number(model: Model) -> str:
    weight = model.constant(model.normal(24, 4))
    return model.node("Gemm", model.node("Flatten", "x"), weight, alpha=float("nan"))


def one_dimensional(model: Model) -> str:
    weight = model.constant(model.normal(4, 2, 3))
    return model.node("Conv", model.node("Squeeze", "x", model.constant([2])), weight)


def vector(model: Model) -> str:
    weight = model.constant(model.normal(24))
    return model.node("MatMul", model.node("Flatten", "x"), weight)


def number(model: Model) -> str:
    weight, bias = model.constant(np.float32(2)), model.constant(model.normal(4))
    return model.node("Gemm", model.node("Flatten", "x"), weight, bias)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (transposed_input, "Gemm 'gemm_1': transA must be 0, not 1"),
        (zero_alpha, "Gemm 'gemm_1': alpha must not be 0"),
        (
            weight_first,
            "MatMul 'matmul_0': the weight must be the second input, not the first; use Gemm",
        ),
        (bias_per_frame, "Gemm 'gemm_1': bias must have 4 entries, not shape (4, 1)"),
        (bias_of_two_rows, "Gemm 'gemm_1': bias must have 4 entries, not shape (2, 2)"),
        (one_bias, "Conv 'conv_0': bias must have 4 entries, not shape (1,)"),
        (not_a_number, "Gemm 'gemm_1': attribute alpha must be finite, not nan"),
        (
            one_dimensional,
            "Conv 'conv_1': weight must have 4 axes (two-dimensional Conv), not 3",
        ),
        (vector, "MatMul 'matmul_1': weight must have 2 axes, not 1"),
        (number, "Gemm 'gemm_1': weight must have 2 axes, not 0"),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Callable[[Model], str], said: str) -> None:
    model = Model(("N", 2, 1, 12) if build is one_dimensional else ("N", 2, 3, 4))
    assert refused(model.save(tmp_path, build(model))) == [said]

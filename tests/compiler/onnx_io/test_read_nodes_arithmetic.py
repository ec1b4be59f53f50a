"""Constants, sums and limits as exporters write them, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs

SHAPE = (3, 4, 5)


def frames(*shape: int) -> np.ndarray:
    """Quarters, so that float32 has no part in small sums and products."""
    numbers = np.random.default_rng(2).integers(-40, 41, (6, *shape))
    return (numbers / 4).astype(np.float32)


CONSTANTS = {
    "a scalar": np.float32(2.5),
    "one entry": np.array([2.5], np.float32),
    "ones in front": np.full((1, 1, 1, 1), -1.5, np.float32),
    "per channel, with a batch axis": np.array([1.5, -2.0, 4.0], np.float32).reshape(1, 3, 1, 1),
    "per channel": np.array([1.5, -2.0, 4.0], np.float32).reshape(3, 1, 1),
    "on the last axis": np.array([1.0, 2.0, -3.0, 4.0, 8.0], np.float32),
    "on the axis between": np.array([1.0, 2.0, -3.0, 4.0], np.float32).reshape(4, 1),
    "an image of equal channels": np.broadcast_to(
        np.array([1.5, -2.0, 4.0], np.float32).reshape(3, 1, 1), (1, 3, 4, 5)
    ),
    "in float64": np.array([0.5]),
}


@pytest.mark.parametrize("constant", CONSTANTS.values(), ids=CONSTANTS)
@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
def test_constants_of_every_shape(tmp_path: Path, kind: str, constant: np.ndarray) -> None:
    model = Model(("N", *SHAPE))
    name = model.constant(np.asarray(constant, np.float32))
    outputs = [model.node(kind, "x", name)]
    if kind != "Div":
        outputs.append(model.node(kind, name, "x"))
    graph = same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))
    assert kinds(graph).count("Affine") == len(outputs)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (2, 6)])
def test_constants_of_vectors(tmp_path: Path, shape: tuple[int, ...]) -> None:
    model = Model(("N", *shape))
    x = model.node("Mul", model.constant(np.arange(1, 7, dtype=np.float32)), "x")
    x = model.node("Sub", model.constant(np.float32(1)), x)
    same_outputs(model.save(tmp_path, x), frames(*shape))


def test_sums_and_differences_of_tensors(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE))
    y = model.node("Relu", "x")
    shift = model.constant(np.array([1, 2, 4], np.float32).reshape(3, 1, 1))
    one = model.constant(np.float32(0.5))
    outputs = [
        model.node("Add", "x", "x"),
        model.node("Sub", "x", y),
        model.node("Sub", "x", "x"),
        model.node("Neg", y),
        model.node("Sum", "x", y, "x"),
        model.node("Sum", one, "x", shift, y),
        model.node("Sum", y, one),
        model.node("Sum", y),
    ]
    graph = same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))
    assert kinds(graph).count("Add") == 6


def test_limits(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE))

    def number(value: float) -> str:
        return model.constant(np.float32(value))

    outputs = [
        model.node("Min", model.node("Max", "x", number(0)), number(6)),
        model.node("Max", number(-2), model.node("Min", number(3), "x", number(4))),
        model.node("Max", "x", model.constant(np.zeros((1, 1, 1, 1), np.float32))),
        model.node("Max", "x"),
        model.node("Clip", "x"),
        model.node("Clip", "x", "", number(2.5)),
        model.node("Clip", "x", number(-np.inf), number(2.5)),
        model.node("Clip", "x", number(float(np.finfo(np.float32).min))),
        model.node("Clip", "x", model.constant(np.array([1], np.float32)), number(-1)),
    ]
    graph = same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))
    assert kinds(graph).count("Relu") == 2
    assert kinds(graph).count("Clip") == 6


def test_limits_of_old_opsets(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE), opset=8)
    outputs = [
        model.node("Clip", "x", min=0.0, max=6.0),
        model.node("Clip", "x", max=1.5),
        model.node("Clip", "x"),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))


def product(model: Model) -> str:
    return model.node("Mul", "x", "x")


def quotient(model: Model) -> str:
    return model.node("Div", model.constant(np.float32(1)), "x")


def larger(model: Model) -> str:
    return model.node("Max", "x", model.node("Neg", "x"))


def limits_per_channel(model: Model) -> str:
    return model.node("Min", "x", model.constant(model.normal(3, 1, 1)))


def wider_limit(model: Model) -> str:
    return model.node("Max", "x", model.constant(np.zeros((1, 6, 1, 1), np.float32)))


def constants_that_do_not_fit(model: Model) -> str:
    return model.node("Sum", "x", *(model.constant(model.normal(size)) for size in (5, 4)))


def wider_sum(model: Model) -> str:
    pooled = model.node("GlobalAveragePool", "x")
    return model.node("Sum", "x", pooled)


def more_axes(model: Model) -> str:
    return model.node("Add", "x", model.constant(model.normal(1, 1, 3, 1, 1)))


def empty(model: Model) -> str:
    return model.node("Mul", "x", model.constant(np.zeros((0, 1, 1, 1), np.float32)))


def nothing_left(model: Model) -> str:
    return model.node("Clip", "x", model.constant(np.float32(np.inf)))


def leaky(model: Model) -> str:
    return model.node("LeakyRelu", "x")


def parametric(model: Model) -> str:
    return model.node("PRelu", "x", model.constant(np.float32([0.25])))


def hard(model: Model) -> str:
    return model.node("HardSigmoid", "x")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            product,
            "Mul 'mul_0': one of the inputs must be a constant; two tensors can only be added",
        ),
        (quotient, "Div 'div_0': divisor must be a constant, not computed at run time"),
        (
            larger,
            "Max 'max_1': all inputs but one must be constants; two tensors can only be added",
        ),
        (
            limits_per_channel,
            "Min 'min_0': the limit must be one number, not an array of shape (3, 1, 1)",
        ),
        (
            wider_limit,
            "Max 'max_0': the limit must broadcast to shape (1, 3, 4, 5), "
            "not have shape (1, 6, 1, 1)",
        ),
        (
            constants_that_do_not_fit,
            "Sum 'sum_0': constants must broadcast to each other, not have shapes (5,) and (4,)",
        ),
        (wider_sum, "Sum 'sum_1': both inputs must have one shape, not (3, 4, 5) and (3, 1, 1)"),
        (more_axes, "Add 'add_0': constant must have at most 4 axes, not 5"),
        (
            empty,
            "Mul 'mul_0': constant must broadcast to shape (1, 3, 4, 5), "
            "not have shape (0, 1, 1, 1)",
        ),
        (nothing_left, "Clip 'clip_0': min must be a limit that leaves values, not inf"),
        (leaky, "LeakyRelu 'leakyrelu_0': op type LeakyRelu is not supported; use Relu"),
        (parametric, "PRelu 'prelu_0': op type PRelu is not supported; use Relu"),
        (
            hard,
            "HardSigmoid 'hardsigmoid_0': op type HardSigmoid is not supported; "
            "use Relu, or Sigmoid at the end of the model",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Callable[[Model], Any], said: str) -> None:
    model = Model(("N", *SHAPE))
    assert refused(model.save(tmp_path, build(model))) == [said]

"""Shapes, identities and Constant nodes in every form, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs


def frames(*shape: int, count: int = 5) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(count, *shape)).astype(np.float32)


def of(model: Model, *numbers: int) -> str:
    return model.constant(np.array(numbers, np.int64))


@pytest.mark.parametrize("axis", [1, -2])
def test_flatten(tmp_path: Path, axis: int) -> None:
    model = Model(("N", 2, 3))
    same_outputs(model.save(tmp_path, model.node("Flatten", "x", axis=axis)), frames(2, 3))


def test_flatten_at_other_axes_that_keep_the_batch(tmp_path: Path) -> None:
    model = Model(("N", 1, 6, 1))
    image = model.node("Flatten", "x", axis=2)
    first = Model((1, 2, 3))
    same_outputs(model.save(tmp_path, image), frames(1, 6, 1))
    same_outputs(first.save(tmp_path, first.node("Flatten", "x", axis=0)), frames(2, 3, count=1))


@pytest.mark.parametrize(
    "target", [(-1, 24), (0, -1), (0, 0, 12), (0, 4, -1), (0, 3, 2, 4), (-1, 2, 3, 4, 1)]
)
def test_reshape_with_a_dynamic_batch(tmp_path: Path, target: tuple[int, ...]) -> None:
    model = Model(("N", 2, 3, 4))
    x = model.node("Reshape", "x", of(model, *target))
    same_outputs(model.save(tmp_path, x), frames(2, 3, 4))


@pytest.mark.parametrize("target", [(1, -1), (1, 24), (-1, 24)])
def test_reshape_with_a_batch_of_one(tmp_path: Path, target: tuple[int, ...]) -> None:
    model = Model((1, 2, 3, 4))
    x = model.node("Reshape", "x", of(model, *target))
    same_outputs(model.save(tmp_path, x), frames(2, 3, 4, count=1))


def test_squeeze_and_unsqueeze_with_attributes(tmp_path: Path) -> None:
    model = Model(("N", 2, 1, 3), opset=11)
    outputs = [
        model.node("Squeeze", "x", axes=[2]),
        model.node("Squeeze", "x", axes=[-2]),
        model.node("Unsqueeze", "x", axes=[1, -1]),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(2, 1, 3))


def test_squeeze_and_unsqueeze_with_inputs(tmp_path: Path) -> None:
    model = Model(("N", 2, 1, 3), opset=13)
    outputs = [
        model.node("Squeeze", "x", of(model, -2)),
        model.node("Squeeze", "x"),
        model.node("Unsqueeze", "x", of(model, -2, 1)),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(2, 1, 3))


@pytest.mark.parametrize("opset", [7, 10, 12, 13])
def test_nodes_that_change_nothing(tmp_path: Path, opset: int) -> None:
    model = Model(("N", 2, 3), opset)
    x = model.node("Dropout", model.node("Identity", "x"), **({} if opset > 11 else {"ratio": 0.5}))
    if opset > 11:
        no = model.constant(np.array(False))
        x = model.node("Dropout", x, model.constant(np.float32(0.5)), no)
    x = model.node("Cast", x, to=TensorProto.FLOAT)
    assert kinds(same_outputs(model.save(tmp_path, x), frames(2, 3))) == ["Input", "Reshape"]


def test_dropout_in_training(tmp_path: Path) -> None:
    model = Model(("N", 3))
    ratio, yes = model.constant(np.float32(0.5)), model.constant(np.array(True))
    assert refused(model.save(tmp_path, model.node("Dropout", "x", ratio, yes))) == [
        "Dropout 'dropout_0': training_mode must be false; export the model for inference"
    ]


def sparse() -> Any:
    values = helper.make_tensor("values", TensorProto.FLOAT, [1], [2.5])
    indices = helper.make_tensor("indices", TensorProto.INT64, [1], [1])
    return helper.make_sparse_tensor(values, indices, [3])


@pytest.mark.parametrize(
    "options",
    [
        {"value": helper.make_tensor("v", TensorProto.FLOAT, [1, 3], [0.1, -2.0, 3.0])},
        {"value": helper.make_tensor("v", TensorProto.DOUBLE, [3], [0.1, -2.0, 3.0])},
        {"value": helper.make_tensor("v", TensorProto.FLOAT16, [3], [0.5, -2.0, 3.0])},
        {"value_float": 0.1},
        {"value_floats": [0.1, -2.0, 3.0]},
        {"sparse_value": sparse()},
    ],
    ids=["tensor", "double", "half", "float", "floats", "sparse"],
)
def test_constants_as_nodes(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Model(("N", 3))
    constant = model.node("Constant", **options)
    if "value" in options and options["value"].data_type != TensorProto.FLOAT:
        constant = model.node("Cast", constant, to=TensorProto.FLOAT)
    same_outputs(model.save(tmp_path, model.node("Add", "x", constant)), frames(3))


@pytest.mark.parametrize("options", [{"value_ints": [0, 3, 2]}, {"value_int": -1}])
def test_whole_constants_as_nodes(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Model(("N", 2, 3))
    shape = model.node("Constant", **options)
    if "value_int" in options:
        shape = model.node("Unsqueeze", shape, of(model, 0))
        shape = model.node("Concat", of(model, 0), shape, axis=0)
    same_outputs(model.save(tmp_path, model.node("Reshape", "x", shape)), frames(2, 3))


def over_the_batch(model: Model) -> str:
    return model.node("Flatten", "x", axis=2)


def batch_in_the_shape(model: Model) -> str:
    return model.node("Reshape", "x", of(model, 2, 12))


def no_such_axis(model: Model) -> str:
    return model.node("Squeeze", "x", of(model, 1))


def integers(model: Model) -> str:
    return model.node("Relu", model.node("Cast", "x", to=TensorProto.INT32))


def a_mask(model: Model) -> str:
    model.node("Dropout", "x")
    model.nodes[-1].output.append("mask")
    return model.node("Cast", "mask", to=TensorProto.FLOAT)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (over_the_batch, "Flatten 'flatten_0': axis must be 1, not 2"),
        (
            batch_in_the_shape,
            "Reshape 'reshape_0': shape must keep the batch axis of 1, not be (2, 12)",
        ),
        (
            no_such_axis,
            "Squeeze 'squeeze_0': axes must have size 1 and leave at least one axis beside the "
            "batch",
        ),
        (
            integers,
            "Cast 'cast_0': to must be a float type where an activation is cast, not INT32; "
            "leave the Cast out",
        ),
        (
            a_mask,
            "Cast 'cast_1': input 0 must be the first output of a node, not a further one "
            "('mask'); export the model for inference",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Callable[[Model], str], said: str) -> None:
    model = Model(("N", 2, 3, 4))
    assert refused(model.save(tmp_path, build(model))) == [said]

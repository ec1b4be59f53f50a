"""Slice and Pad of every opset, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs

SHAPE = (3, 6, 7)
LARGEST = np.iinfo(np.int64).max
PARTS: list[dict[str, list[int]]] = [
    {"starts": [1], "ends": [LARGEST], "axes": [2]},
    {"starts": [0, 1], "ends": [-1, 2**31 - 1], "axes": [-1, -2]},
    {"starts": [0, -2, -5, 1], "ends": [LARGEST, 100, -1, 4]},
    {"starts": [-100], "ends": [2], "axes": [1]},
]
STEPS: list[dict[str, list[int]]] = [
    {"starts": [0, 0], "ends": [LARGEST, LARGEST], "axes": [2, 3], "steps": [2, 2]},
    {"starts": [1, 2, -3], "ends": [6, 7, 3], "axes": [-2, 3, 1], "steps": [3, 2, 1]},
    {"starts": [0, 0, 1, 0], "ends": [LARGEST] * 4, "steps": [1, 2, 4, 9]},
]


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(5, *shape)).astype(np.float32)


def named(part: dict[str, list[int]]) -> str:
    return str(part).replace(str(LARGEST), "MAX")


@pytest.mark.parametrize("part", PARTS, ids=named)
@pytest.mark.parametrize("opset", [7, 9])
def test_slices_with_attributes(tmp_path: Path, part: dict[str, Any], opset: int) -> None:
    model = Model(("N", *SHAPE), opset)
    same_outputs(model.save(tmp_path, model.node("Slice", "x", **part)), frames(*SHAPE))


@pytest.mark.parametrize("part", PARTS + STEPS, ids=named)
@pytest.mark.parametrize("kind", [np.int64, np.int32])
def test_slices_with_inputs(tmp_path: Path, part: dict[str, Any], kind: type) -> None:
    model = Model(("N", *SHAPE))
    names = [
        model.constant(np.minimum(part[what], np.iinfo(kind).max).astype(kind))
        if what in part
        else ""
        for what in ("starts", "ends", "axes", "steps")
    ]
    same_outputs(model.save(tmp_path, model.node("Slice", "x", *names)), frames(*SHAPE))


PADS = [
    [0, 0, 1, 2, 0, 0, 3, 0],
    [0, 2, 0, 0, 0, 1, 0, 0],
    [0, 1, 1, 1, 0, 1, 1, 1],
    [0, 0, -1, 2, 0, 1, 0, -3],
    [0, 0, -1, 0, 0, 0, -2, 0],
    [0] * 8,
]


@pytest.mark.parametrize("pads", PADS, ids=str)
def test_pads(tmp_path: Path, pads: list[int]) -> None:
    old = Model(("N", *SHAPE), opset=10)
    same_outputs(old.save(tmp_path, old.node("Pad", "x", pads=pads, value=0.0)), frames(*SHAPE))
    new = Model(("N", *SHAPE))
    given = new.constant(np.array(pads, np.int64))
    outputs = [
        new.node("Pad", "x", given),
        new.node("Pad", "x", given, "", mode="constant"),
        new.node("Pad", "x", given, new.constant(np.float32(0))),
    ]
    same_outputs(new.save(tmp_path, *outputs), frames(*SHAPE))


def test_pads_of_some_axes(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE), opset=18)
    pads = model.constant(np.array([1, 2, 3, 0], np.int64))
    axes = model.constant(np.array([-1, 1], np.int64))
    x = model.node("Pad", "x", pads, "", axes)
    graph = same_outputs(model.save(tmp_path, x), frames(*SHAPE))
    assert kinds(graph) == ["Input", "Pad"]


def test_slices_and_pads_of_vectors(tmp_path: Path) -> None:
    model = Model(("N", 9), opset=10)
    x = model.node("Pad", "x", pads=[0, 2, 0, 1])
    same_outputs(
        model.save(tmp_path, model.node("Slice", x, *_numbers(model, [3], [-1], [1], [2]))),
        frames(9),
    )


def _numbers(model: Model, *lists: list[int]) -> list[str]:
    return [model.constant(np.array(numbers, np.int64)) for numbers in lists]


def backwards(model: Model) -> str:
    return model.node("Slice", "x", *_numbers(model, [-1], [-100], [2], [-1]))


def nothing(model: Model) -> str:
    return model.node("Slice", "x", *_numbers(model, [4], [4], [2]))


def of_the_batch(model: Model) -> str:
    return model.node("Slice", "x", *_numbers(model, [1], [2], [0]))


def no_such_axis(model: Model) -> str:
    return model.node("Slice", "x", *_numbers(model, [0], [1], [4]))


def twice(model: Model) -> str:
    return model.node("Slice", "x", *_numbers(model, [1, 2], [4, 5], [2, -2]))


def reflected(model: Model) -> str:
    return model.node("Pad", "x", *_numbers(model, [0, 0, 1, 1] * 2), mode="reflect")


def with_ones(model: Model) -> str:
    pads = _numbers(model, [0, 0, 1, 1] * 2)
    return model.node("Pad", "x", *pads, model.constant(np.float32(1)))


def around_the_batch(model: Model) -> str:
    return model.node("Pad", "x", *_numbers(model, [1, 0, 0, 0, 0, 0, 0, 0]))


def too_few(model: Model) -> str:
    return model.node("Pad", "x", *_numbers(model, [1, 1]))


def everything_gone(model: Model) -> str:
    return model.node("Pad", "x", *_numbers(model, [0, -3, 0, 0, 0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (backwards, "steps must be positive, not -1"),
        (nothing, "starts and ends must leave something of axis 2, not 4:4"),
        (of_the_batch, "starts and ends must leave something of axis 0, not 1:2"),
        (no_such_axis, "axes must be between -4 and 3, not 4"),
        (twice, "axes must be there once each, not (2, -2)"),
        (reflected, "mode must be constant, not reflect; pad with zeros"),
        (with_ones, "the value must stand for 0, not be 1.0; pad with zeros"),
        (around_the_batch, "pads of the batch axis must be 0"),
        (too_few, "pads must be 2 numbers per axis of 4 axes, not (1, 1)"),
        (everything_gone, "negative pads must leave something of (3, 6, 7)"),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Callable[[Model], str], said: str) -> None:
    model = Model(("N", *SHAPE))
    (line,) = refused(model.save(tmp_path, build(model)))
    assert line.split(": ", 1)[1] == said


def test_an_axis_twice(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE), opset=18)
    pads, axes = _numbers(model, [1, 1, 1, 1], [3, -1])
    (line,) = refused(model.save(tmp_path, model.node("Pad", "x", pads, "", axes)))
    assert line == "Pad 'pad_0': axes must be there once each, not (3, -1)"


def test_a_zero_point_that_limits_had_taken_away(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE), opset=13)
    grid = model.constant(np.float32(0.25)), model.constant(np.uint8(5))
    limits = [model.constant(np.uint8(limit)) for limit in (9, 100, 2, 90)]
    codes = model.node("Clip", model.node("QuantizeLinear", "x", *grid), *limits[:2])
    padded = model.node("Pad", codes, *_numbers(model, [0, 0, 1, 2, 0, 0, 1, 0]), grid[1])
    narrow = model.node("Clip", padded, *limits[2:])
    path = model.save(tmp_path, model.node("DequantizeLinear", narrow, *grid))
    same_outputs(path, frames(*SHAPE))


def test_codes_are_padded_with_their_zero_point(tmp_path: Path) -> None:
    same_outputs(padded_codes(tmp_path, 128), frames(*SHAPE))
    (line,) = refused(padded_codes(tmp_path, 0))
    assert line == "Pad 'pad_1': the value must stand for 0, not be 0.0; pad with zeros"


def padded_codes(folder: Path, value: int) -> Path:
    model = Model(("N", *SHAPE), opset=13)
    grid = model.constant(np.float32(0.25)), model.constant(np.uint8(128))
    codes = model.node("QuantizeLinear", "x", *grid)
    pads = _numbers(model, [0, 0, 1, 2, 0, 0, 1, 0])
    padded = model.node("Pad", codes, *pads, model.constant(np.uint8(value)))
    return model.save(folder, model.node("DequantizeLinear", padded, *grid))

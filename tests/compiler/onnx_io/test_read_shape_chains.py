"""Shapes that PyTorch's exporter computes in the graph, with a dynamic batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load_graph
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import ModelError

from ..onnx_models import Model
from ..read_models import kinds, same_outputs


def frames(*shape: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, *shape)).astype(np.float32)


class Exporter(Model):
    """Writes what torch.onnx.export writes for shape arithmetic."""

    def numbers(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, np.int64))

    def number(self, value: int) -> str:
        return self.node("Constant", value_int=value)

    def size(self, x: str, axis: int) -> str:
        """``x.size(axis)``: a scalar."""
        return self.node("Gather", self.node("Shape", x), self.number(axis), axis=0)

    def joined(self, *scalars: str) -> str:
        """Scalars as one vector."""
        parts = [self.node("Unsqueeze", scalar, self.numbers(0)) for scalar in scalars]
        return self.node("Concat", *parts, axis=0)


def test_view_with_the_batch(tmp_path: Path) -> None:
    """``x.view(x.size(0), -1)``"""
    model = Exporter(("N", 2, 5, 5))
    x = model.node("Relu", model.conv("x", 3, 2))
    x = model.node("Reshape", x, model.joined(model.size(x, 0), model.number(-1)))
    x = model.node("Gemm", x, model.constant(model.normal(27, 4)), model.constant(model.normal(4)))
    graph = same_outputs(model.save(tmp_path, x), frames(2, 5, 5))
    assert kinds(graph) == ["Input", "Conv", "Relu", "Reshape", "Dense"]


def test_view_with_products_of_sizes(tmp_path: Path) -> None:
    """``x.view(b, c, h * w).mean`` as a product and a division of sizes."""
    model = Exporter(("N", 2, 6, 4))
    x = model.conv("x", 3, 2, pads=[1] * 4)
    places = model.node("Mul", model.size(x, 2), model.size(x, 3))
    half = model.node("Div", places, model.number(2))
    half = model.node("Cast", model.node("Floor", model.node("Cast", half, to=1)), to=7)
    x = model.node("Reshape", x, model.joined(model.size(x, 0), model.number(6), half))
    same_outputs(model.save(tmp_path, x), frames(2, 6, 4))


def test_padding_that_is_computed(tmp_path: Path) -> None:
    """``F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, c // 4, c // 4))``, as option-A shortcuts are."""
    model = Exporter(("N", 4, 6, 6))
    x = "x"
    for axis in (2, 3):
        ends, steps = model.numbers(2**63 - 1), model.numbers(2)
        x = model.node("Slice", x, model.numbers(0), ends, model.numbers(axis), steps)
    quarter = model.node("Div", model.size(x, 1), model.number(2))
    given = model.joined(*map(model.number, (0, 0, 0, 0)), quarter, quarter)
    # Pads come from the last axis to the first; ONNX wants all of them, from the first.
    zero = model.node("ConstantOfShape", model.numbers(2))
    padded = model.node("Concat", given, model.node("Cast", zero, to=7), axis=0)
    table = model.node("Reshape", padded, model.numbers(-1, 2))
    minimum, last = model.numbers(-(2**63) + 1), model.numbers(-1)
    turned = model.node("Slice", table, last, minimum, model.numbers(0), last)
    flat = model.node("Reshape", model.node("Transpose", turned, perm=[1, 0]), last)
    padding = model.node("Cast", flat, to=7)
    padded_x = model.node("Pad", x, padding, model.constant(np.float32(0)), mode="constant")
    y = model.conv("x", 8, 4, strides=[2, 2], pads=[1] * 4)
    path = model.save(tmp_path, model.node("Add", y, padded_x))
    graph = same_outputs(path, frames(4, 6, 6))
    assert sorted(kinds(graph)) == ["Add", "Conv", "Input", "Pad", "Slice", "Slice", "Transpose"]


def test_expanded_constants(tmp_path: Path) -> None:
    """``x + bias.expand(x.shape[0], …)`` and ``torch.zeros(x.shape)``."""
    model = Exporter(("N", 3, 4, 4))
    bias = model.constant(np.array([1, 2, 4], np.float32).reshape(1, 3, 1, 1))
    wide = model.node("Expand", bias, model.node("Shape", "x"))
    zeros = model.node("ConstantOfShape", model.node("Shape", "x"))
    x = model.node("Add", model.node("Add", "x", wide), zeros)
    graph = same_outputs(model.save(tmp_path, x), frames(3, 4, 4))
    assert set(kinds(graph)) <= {"Input", "Affine", "Transpose"}


def test_adaptive_pools(tmp_path: Path) -> None:
    """``F.avg_pool2d(x, x.size()[2:])`` and ``adaptive_avg_pool2d(x, 1)``, then squeezed."""
    model = Exporter(("N", 3, 6, 4))
    x = model.node("Relu", "x")
    whole = model.node("GlobalAveragePool", x)
    shape = model.node("Concat", model.numbers(0), model.numbers(-1), axis=0)
    first = model.node("Reshape", whole, shape)
    second = model.node("Flatten", model.node("AveragePool", x, kernel_shape=[6, 4]))
    graph = same_outputs(model.save(tmp_path, model.node("Sub", first, second)), frames(3, 6, 4))
    assert kinds(graph).count("AveragePool") == 2


@pytest.mark.parametrize("batch", ["N", 1, None])
def test_the_batch_may_be_open(tmp_path: Path, batch: str | int | None) -> None:
    model = Exporter((batch, 2, 5, 5))
    x = model.conv("x", 3, 2)
    x = model.node("Reshape", x, model.joined(model.size(x, 0), model.number(27)))
    path = model.save(tmp_path, x)
    same_outputs(path, frames(2, 5, 5, count=1 if batch == 1 else 4))


def test_other_open_axes_take_an_input_shape(tmp_path: Path) -> None:
    model = Exporter(("N", 2, "height", "width"))
    x = model.node("Relu", model.conv("x", 3, 2))
    places = model.node("Mul", model.size(x, 2), model.size(x, 3))
    x = model.node("Reshape", x, model.joined(model.size(x, 0), model.number(3), places))
    path = model.save(tmp_path, x)
    with pytest.raises(ModelError, match=r"must have a static shape, not \(1,2,\?,\?\); use --inp"):
        read_graph(path)
    graph = load_graph(path, input_shape=(1, 2, 5, 6), data=frames(5, 6, 2))
    assert graph.shape(graph.outputs[0][0]) == (3, 12)

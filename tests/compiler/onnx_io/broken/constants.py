"""Constants that are damaged or make no sense."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .kind import Broken, Change, changed, constant, replace


def set_scale(value: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        replace(model, "c0", np.float32(value))

    return change


def typed_zero_point(model: onnx.ModelProto) -> None:
    replace(model, "c1", np.float32(0))


def wide_zero_point(model: onnx.ModelProto) -> None:
    replace(model, "c1", np.int64(0))


def short(model: onnx.ModelProto) -> None:
    tensor = constant(model, "c2")
    tensor.raw_data = tensor.raw_data[:-1]


def negative_size(model: onnx.ModelProto) -> None:
    constant(model, "c2").dims[0] = -4


def huge_size(model: onnx.ModelProto) -> None:
    constant(model, "c2").dims[0] = 1 << 50


def zero_size(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.zeros((0, 2, 3, 3), np.int8))


def odd_type(model: onnx.ModelProto) -> None:
    constant(model, "c2").data_type = 200


def complex_type(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.zeros((4, 2, 3, 3), np.complex64))


def same_name(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(constant(model, "c0"))


def sparse(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "thin")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [4]))


def constants() -> Iterator[Broken]:
    """Constants that are damaged or make no sense."""
    positive = "QuantizeLinear 'quantizelinear_0': scale 'c0' must be positive, not"
    yield changed("scale 0", set_scale(0.0), positive)
    yield changed("a negative scale", set_scale(-0.5), positive)
    yield changed("scale NaN", set_scale(float("nan")), "must hold finite numbers, not nan")
    yield changed("an infinite scale", set_scale(float("inf")), "must hold finite numbers, not inf")
    yield changed("a zero point of float type", typed_zero_point, "quantizelinear_0'")
    yield changed("a zero point of 64 bits", wide_zero_point, "quantizelinear_0'")
    yield changed("too few bytes", short, "initializer 'c2' is damaged: ", "there are 71")
    yield changed("a negative size", negative_size, "'c2' must have sizes of at least 0, not [-4")
    yield changed("a huge size", huge_size, "initializer 'c2' is damaged: ")
    yield changed("no elements", zero_size, "must have one entry per index of axis 0 (0), not 4")
    yield changed("an unknown element type", odd_type, "'c2' must hold numbers, not type 200")
    yield changed("complex weights", complex_type, "'c2' must hold numbers, not COMPLEX64")
    yield changed("an initializer twice", same_name, "initializer 'c0' must be there once")
    yield changed("a sparse initializer", sparse, "initializer 'thin' must be dense")

"""QONNX's quantizers against qonnx's own execution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from sangi.compiler.frontend import load
from sangi.compiler.onnx_io.read.qonnx import ROUNDINGS
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute

from ..qonnx_models import GENERAL, QonnxModel, execute_qonnx

#: 8-bit codes of eighths: with powers of two as scales, every second one is a tie.
EIGHTHS = np.arange(-128, 128).reshape(-1, 4) / 8
MODES = sorted(set(ROUNDINGS) - {"ROUND_TO_ZERO"})


def same_as_qonnx(path: Path, x: np.ndarray) -> None:
    wanted = execute_qonnx(path, x)
    found = execute(load(path), x)
    assert set(found) == set(wanted)
    for name, want in wanted.items():
        np.testing.assert_array_equal(found[name], want, err_msg=name)


def on_eighths(folder: Path, *branches: Callable[[QonnxModel, str], str]) -> Path:
    model = QonnxModel(("N", 4))
    x = model.quant("x", 1 / 8)
    return model.save(folder, *(branch(model, x) for branch in branches))


@pytest.mark.parametrize("narrow", [0, 1])
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("mode", MODES)
def test_every_rounding_of_every_range(tmp_path: Path, mode: str, signed: int, narrow: int) -> None:
    options = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
    branches = [
        lambda model, x, bits=bits: model.quant(x, 1 / 4, 0, bits, **options)
        for bits in range(1, 9)
    ]
    same_as_qonnx(on_eighths(tmp_path, *branches), EIGHTHS)


@pytest.mark.parametrize("mode", MODES)
def test_zero_points_are_added_before_rounding(tmp_path: Path, mode: str) -> None:
    same_as_qonnx(
        on_eighths(
            tmp_path,
            lambda model, x: model.quant(x, 1 / 4, 3, 5, rounding_mode=mode),
            lambda model, x: model.quant(x, 1 / 4, -8, 5, rounding_mode=mode),
            lambda model, x: model.quant(x, 1 / 2, 0.5, 4, signed=0, rounding_mode=mode),
            lambda model, x: model.quant(x, 1 / 2, 0.25, 1, rounding_mode=mode),
            lambda model, x: model.quant(x, 3, 15, 4, signed=0, rounding_mode=mode),
        ),
        EIGHTHS,
    )


def test_scales_and_zero_points_per_channel(tmp_path: Path) -> None:
    scales, zeros = [[1 / 4, 1 / 2, 3 / 8, 5 / 4]], [[0, 3, -2, 1]]
    same_as_qonnx(
        on_eighths(
            tmp_path,
            lambda model, x: model.quant(x, scales, 0, 4),
            lambda model, x: model.quant(x, scales, zeros, 4),
            lambda model, x: model.quant(x, 1 / 4, zeros[0], 4, rounding_mode="HALF_DOWN"),
            lambda model, x: model.quant(x, [1 / 4] * 4, [0.0], [4.0]),
        ),
        EIGHTHS,
    )


def test_scales_along_the_channels_of_an_image(tmp_path: Path) -> None:
    model = QonnxModel(("N", 3, 4, 4))
    x = model.quant("x", np.reshape([1 / 8, 1 / 4, 1 / 2], (1, 3, 1, 1)), 0, 8)
    y = model.quant(x, np.reshape([1 / 2, 3 / 4, 2], (3, 1, 1)), 0, 3)
    path = model.save(tmp_path, y)
    same_as_qonnx(path, np.random.default_rng(0).integers(-64, 64, (20, 3, 4, 4)) / 8)


@pytest.mark.parametrize(
    "domain", [GENERAL, "finn.custom_op.general", "onnx.brevitas", "ai.onnx", ""]
)
def test_every_domain_without_an_import(tmp_path: Path, domain: str) -> None:
    model = QonnxModel(("N", 4))
    y = model.quant("x", 1 / 4, 0, 4, domain=domain, rounding_mode="floor")
    z = model.node("BipolarQuant", y, model.floats(0.75), domain=domain)
    path = model.save(tmp_path, y, z)
    assert [entry.domain for entry in onnx.load(path).opset_import] == [""]
    same_as_qonnx(path, EIGHTHS)


@pytest.mark.parametrize("missing", ["signed", "narrow"])
def test_ranges_that_are_left_open_are_refused(tmp_path: Path, missing: str) -> None:
    def build(model: QonnxModel) -> str:
        grid = [model.floats(value) for value in (1 / 4, 0, 4)]
        options = {what: 1 for what in ("signed", "narrow") if what != missing}
        return model.node("Quant", "x", *grid, domain=GENERAL, **options)

    said = f"Quant 'quant_0': {missing} must be given; it settles the range of the codes"
    assert refusal(tmp_path, build) == said


def test_bipolar_values_in_and_behind_a_layer(tmp_path: Path) -> None:
    model = QonnxModel(("N", 4))
    x = model.quant("x", 1 / 8)
    x = model.node("BipolarQuant", x, model.floats(0.5), domain=GENERAL)
    weight = model.node(
        "BipolarQuant", model.constant(model.normal(4, 6)), model.floats(0.25), domain=GENERAL
    )
    x = model.node("MatMul", x, weight)
    scales = model.floats(np.reshape([1, 2, 3, 4, 5, 6], (1, 6)))
    y = model.node("BipolarQuant", x, scales, domain=GENERAL)
    same_as_qonnx(model.save(tmp_path, x, y), EIGHTHS)


@pytest.mark.parametrize("mode", MODES)
def test_constants_on_ties(tmp_path: Path, mode: str) -> None:
    model = QonnxModel(("N", 4))
    x = model.quant("x", 1 / 8)
    ties = model.constant(np.reshape(np.arange(-12, 12) / 8, (4, 6)).astype(np.float32))
    weights = [
        model.quant(ties, 1 / 4, 0, 3, rounding_mode=mode),
        model.quant(ties, np.reshape([1 / 4, 1 / 2, 1, 2, 4, 8], (1, 6)), 0, 3, rounding_mode=mode),
        model.quant(ties, 1 / 4, 0, 1, rounding_mode=mode),
        model.quant(ties, 1 / 4, 2.5, 4, signed=0, rounding_mode=mode),
    ]
    path = model.save(tmp_path, *(model.node("MatMul", x, weight) for weight in weights))
    same_as_qonnx(path, EIGHTHS)


def test_constants_are_rounded_exactly_where_float32_is_not_enough(tmp_path: Path) -> None:
    # 0.25 / float32(0.1) lies below 2.5 by less than float32 resolves.
    model = QonnxModel(("N", 1))
    weight = model.quant(model.floats([[0.25]]), 0.1, 0, 4, rounding_mode="HALF_UP")
    path = model.save(tmp_path, model.node("MatMul", model.quant("x", 1.0), weight))
    graph = read_graph(path)
    (weights,) = (op.weight for op in map(graph.op, graph.order()) if hasattr(op, "weight"))
    assert weights.tolist() == [[2]]


def test_biases_of_many_bits(tmp_path: Path) -> None:
    model = QonnxModel(("N", 4))
    weight = model.quant(model.constant(model.normal(6, 4)), 1 / 16, 0, 4, narrow=1)
    bias = model.quant(model.constant(model.normal(6, scale=100)), 1 / 1024, 0, 32)
    y = model.node("Gemm", model.quant("x", 1 / 8), weight, bias, transB=1)
    path = model.save(tmp_path, y)
    wanted = execute_qonnx(path, EIGHTHS)[y]
    np.testing.assert_allclose(execute(load(path), EIGHTHS)[y], wanted, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_trunc_of_both_versions(tmp_path: Path, mode: str) -> None:
    def first(model: QonnxModel, x: str, zero_point: float, bits: int) -> str:
        numbers = [model.floats(value) for value in (1 / 8, zero_point, 8, bits)]
        return model.node("Trunc", x, *numbers, domain=GENERAL, rounding_mode=mode)

    def second(model: QonnxModel, x: str, zero_point: float, scale: float, **options: Any) -> str:
        numbers = [model.floats(value) for value in (1 / 8, zero_point, 8, scale, 4)]
        return model.node("Trunc", x, *numbers, domain=GENERAL, rounding_mode=mode, **options)

    same_as_qonnx(
        on_eighths(
            tmp_path,
            lambda model, x: first(model, x, 0, 4),
            lambda model, x: first(model, x, 6, 7),
        ),
        EIGHTHS,
    )
    same_as_qonnx(
        on_eighths(
            tmp_path,
            lambda model, x: second(model, x, 0, 1.0),
            lambda model, x: second(model, x, 2, 1 / 2, signed=0, narrow=1),
            lambda model, x: second(model, x, 0, 3 / 4, narrow=1),
        ),
        EIGHTHS,
    )


def test_trunc_behind_an_average(tmp_path: Path) -> None:
    """As Brevitas exports TruncAvgPool2d."""
    model = QonnxModel(("N", 2, 4, 4))
    x = model.quant("x", 1 / 8, signed=0)
    x = model.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Mul", x, model.floats(4))
    numbers = [model.floats(value) for value in (1 / 8, 0, 10, 8)]
    y = model.node("Trunc", x, *numbers, domain=GENERAL, rounding_mode="FLOOR")
    path = model.save(tmp_path, y)
    same_as_qonnx(path, np.random.default_rng(0).integers(0, 256, (10, 2, 4, 4)) / 8)


def test_shapes_are_known_behind_quantizers(tmp_path: Path) -> None:
    """Brevitas' view(x.shape[0], -1) behind a quantizer is a chain of four nodes."""
    model = QonnxModel(("N", 2, 2, 2), opset=11)
    x = model.quant("x", 1 / 8, domain="onnx.brevitas")
    for _ in range(2):
        size = model.node("Gather", model.node("Shape", x), model.constant(np.int64(0)), axis=0)
        size = model.node("Unsqueeze", size, axes=[0])
        size = model.node("Concat", size, model.constant(np.array([-1])), axis=0)
        x = model.quant(model.node("Reshape", x, size), 1 / 4, 0, 4, domain="onnx.brevitas")
    weight = model.quant(model.constant(model.normal(8, 3)), 1 / 4, 0, 4, domain="onnx.brevitas")
    y = model.node("MatMul", x, model.node("Transpose", model.node("Transpose", weight)))
    graph = read_graph(model.save(tmp_path, y))
    assert [graph.shape(node) for node, _ in graph.outputs] == [(3,)]


def refusal(folder: Path, build: Callable[[QonnxModel], str]) -> str:
    model = QonnxModel(("N", 4))
    with pytest.raises(UnsupportedError) as caught:
        read_graph(model.save(folder, build(model)))
    first, *lines = str(caught.value).splitlines()
    assert first == "net.onnx holds 1 node that cannot be mapped to a circuit:"
    return lines[0].strip()


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((0.0,), {}, "the scale must be positive, not 0"),
        ((-0.5,), {}, "the scale must be positive, not -0.5"),
        ((1.0, 0, 33), {}, "the bit width must be 1 to 32, not 33"),
        ((1.0, 0, 0.5), {}, "the bit width must be 1 to 32, not 0.5"),
        (
            (1.0, 0, 24),
            {},
            "the bit width must be at most 16 for an activation, not 24; "
            "quantize activations to 16 bits or fewer",
        ),
        (
            (1.0, 0, [2, 3, 4, 5]),
            {},
            "the bit width must be one number for an activation, not one per channel",
        ),
        (
            ([1, 2, 3],),
            {},
            "scale, zero point and bit width must broadcast to shape (1, 4), not have shape (3,)",
        ),
        (
            (1.0,),
            {"rounding_mode": "NEAREST"},
            "rounding_mode must be one of ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, UP, DOWN, "
            "ROUND_TO_ZERO, CEIL, FLOOR, not NEAREST",
        ),
    ],
)
def test_refusals(tmp_path: Path, arguments: Any, options: Any, said: str) -> None:
    found = refusal(tmp_path, lambda model: model.quant("x", *arguments, **options))
    assert found == f"Quant 'quant_0': {said}"


def test_a_scale_per_element_is_refused(tmp_path: Path) -> None:
    model = QonnxModel(("N", 2, 3, 3))
    path = model.save(tmp_path, model.quant("x", np.arange(1, 10).reshape(3, 3)))
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    assert str(caught.value).splitlines()[1] == (
        "  Quant 'quant_0': scale, zero point and bit width must be one number or one per "
        "channel, not one per element"
    )


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        ("Quant", 0, "the scale must be given as input 1"),
        ("Quant", 1, "the zero point must be given as input 2"),
        ("Quant", 2, "the bit width must be given as input 3"),
        ("BipolarQuant", 0, "the scale must be given as input 1"),
        ("Trunc", 3, "the output's bit width must be given as input 4"),
        ("Trunc", 4, "input 0 must be quantized, not the model's input; put Quant before it"),
    ],
)
def test_inputs_that_are_missing(tmp_path: Path, kind: str, count: int, said: str) -> None:
    def build(model: QonnxModel) -> str:
        grid = [model.floats(value) for value in (1, 0, 8, 4)[:count]]
        x = model.node("Relu", "x")
        return model.node(kind, x, *grid, domain=GENERAL)

    assert refusal(tmp_path, build) == f"{kind} '{kind.lower()}_1': {said}"


def test_constants_that_trunc_does_not_take(tmp_path: Path) -> None:
    def build(model: QonnxModel, bits: float) -> str:
        grid = [model.floats(value) for value in (1, 0, 8, bits)]
        return model.node("Trunc", model.quant("x", 1.0), *grid, domain=GENERAL)

    assert refusal(tmp_path, lambda model: build(model, 4.5)) == (
        "Trunc 'trunc_1': the difference of the bit widths must be a whole number, not 3.5"
    )


def test_scales_computed_at_run_time_are_refused(tmp_path: Path) -> None:
    def build(model: QonnxModel) -> str:
        grid = [model.floats(value) for value in (0, 4)]
        return model.node("Quant", "x", "x", *grid, domain=GENERAL)

    assert refusal(tmp_path, build) == (
        "Quant 'quant_0': the scale must be a constant, not computed at run time"
    )

"""FINN's MultiThreshold and annotated datatypes against qonnx's own execution."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import StringStringEntryProto

from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.onnx_io.read.finn import datatype_grid
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import ModelError, UnsupportedError
from sangi.runtime.host import execute

from ..qonnx_models import GENERAL, QonnxModel, execute_qonnx

BYTES = np.arange(256).reshape(-1, 4)


def threshold(model: QonnxModel, x: str, rows: Any, **options: Any) -> str:
    options = {"domain": GENERAL, "out_dtype": "UINT4"} | options
    return model.node("MultiThreshold", x, model.floats(rows), **options)


def annotate(path: Path, tensor: str, datatype: str) -> None:
    model = onnx.load(path)
    entry = StringStringEntryProto(key="finn_datatype", value=datatype)
    model.graph.quantization_annotation.add(
        tensor_name=tensor, quant_parameter_tensor_names=[entry]
    )
    path.write_bytes(model.SerializeToString())


def same_as_qonnx(path: Path, x: np.ndarray) -> None:
    wanted = execute_qonnx(path, x)
    found = execute(load(path), x)
    assert set(found) == set(wanted)
    for name, want in wanted.items():
        np.testing.assert_array_equal(found[name], want, err_msg=name)


def test_counts_of_sorted_unsorted_and_equal_thresholds(tmp_path: Path) -> None:
    model = QonnxModel(("N", 4))
    x = model.quant("x", 1 / 8)
    random = np.random.default_rng(0)
    path = model.save(
        tmp_path,
        threshold(model, x, [[-3, 0.125, 0.126, 7]]),
        threshold(model, x, [[7, 0.1, -3, 0.1]]),
        threshold(model, x, random.uniform(-20, 20, (4, 15)), data_layout="NC"),
        threshold(model, x, [[-100, 1, 100]], out_scale=0.5, out_bias=-3.0),
        threshold(model, x, [[100, 200]]),
        threshold(model, x, [[0]], out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR"),
    )
    same_as_qonnx(path, np.arange(-128, 128).reshape(-1, 4) / 8)


def test_counts_behind_negative_zero_and_clipped_factors(tmp_path: Path) -> None:
    model = QonnxModel(("N", 4))
    x = model.quant("x", 1 / 8)
    x = model.node("Mul", x, model.floats([1, -1, 0, -0.25]))
    x = model.node("Add", x, model.floats([0, 0.5, 2, -1]))
    rows = np.random.default_rng(1).integers(-40, 40, (4, 7)) / 8
    path = model.save(
        tmp_path,
        threshold(model, x, rows),
        threshold(model, x, rows[:1]),
        threshold(model, model.node("Relu", x), rows),
        threshold(model, model.node("Clip", x, model.floats(-1), model.floats(2)), rows),
        threshold(model, model.node("Add", x, x), rows),
    )
    same_as_qonnx(path, np.arange(-128, 128).reshape(-1, 4) / 8)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("", (3, 5, 4)),
        ("NCHW", (3, 5, 4)),
        ("NHWC", (5, 4, 3)),
        ("", (5, 3)),
        ("NWC", (5, 3)),
        ("NCW", (3, 5)),
        ("NC", (3,)),
    ],
)
def test_channels_lie_where_the_layout_says(
    tmp_path: Path, layout: str, shape: tuple[int, ...]
) -> None:
    model = QonnxModel(("N", *shape))
    rows = np.random.default_rng(2).uniform(-5, 5, (3, 4))
    options = {"data_layout": layout} if layout else {}
    y = threshold(model, model.quant("x", 1 / 8), rows, **options)
    path = model.save(tmp_path, y)
    same_as_qonnx(path, np.random.default_rng(3).integers(-60, 60, (10, *shape)) / 8)


def streamlined(folder: Path, datatype: str | None) -> Path:
    """A network as FINN's streamlining leaves it: integers in float tensors."""
    model = QonnxModel(("N", 4))
    random = np.random.default_rng(4)
    x = model.node("MatMul", "x", model.floats(random.choice([-1, 1], (4, 6))))
    x = threshold(model, x, random.integers(-300, 300, (6, 3)), out_dtype="UINT2")
    x = model.node("MatMul", x, model.floats(random.integers(-2, 2, (6, 5))))
    x = model.node("Mul", x, model.floats(0.0376))
    x = threshold(model, x, [[-0.1, 0.2]], out_scale=1.0, out_bias=-1.0, out_dtype="TERNARY")
    y = model.node("MatMul", x, model.floats(random.integers(-2, 2, (5, 3)) * 0.25))
    path = model.save(folder, y)
    if datatype:
        annotate(path, "x", datatype)
    return path


def test_integers_in_float_tensors(tmp_path: Path) -> None:
    path = streamlined(tmp_path, "UINT8")
    graph = load_graph(path)
    scales = [op.weight_scale for op in map(graph.op, graph.order()) if isinstance(op, Dense)]
    assert scales == [(Fraction(1),), (Fraction(1),), (Fraction(1, 4),)]
    program = load(path)
    assert (program.types[program.inputs[0].tensor].low, program.inputs[0].kind) == (0, "codes")
    same_as_qonnx(path, BYTES)


def test_an_input_without_annotation_needs_data_or_a_range(tmp_path: Path) -> None:
    path = streamlined(tmp_path, None)
    with pytest.raises(ModelError) as caught:
        load(path)
    assert str(caught.value) == (
        "net.onnx has no quantizer for its input: give --data images.npz (calibration images), "
        "or --mean and --std if it takes bytes, or export it with a quantizer there"
    )
    wanted = execute_qonnx(path, (BYTES - 8) / 4)
    program = load(path, mean=[8.0], std=[4.0])
    assert program.inputs[0].kind == "bytes"
    for name, want in wanted.items():
        np.testing.assert_array_equal(execute(program, BYTES.astype(np.uint8))[name], want)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("BIPOLAR", {-1, 1}),
        ("BINARY", {0, 1}),
        ("TERNARY", {-1, 0, 1}),
        ("INT2", {-2, -1, 0, 1}),
        ("UINT2", {0, 1, 2, 3}),
        ("FIXED<3,1>", {-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75}),
    ],
)
def test_numbers_of_a_datatype(name: str, values: set[float]) -> None:
    grid = datatype_grid(name)
    assert grid is not None
    codes = range(grid.low, grid.high + 1)
    assert {float((code - grid.zero_point[0]) * grid.scale[0]) for code in codes} == values


@pytest.mark.parametrize("name", ["FLOAT32", "INT32", "UINT17", "SCALEDINT<8>", ""])
def test_datatypes_without_a_grid(name: str) -> None:
    assert datatype_grid(name) is None


def test_a_float_model_with_annotations_stays_float(tmp_path: Path) -> None:
    model = QonnxModel(("N", 4))
    path = model.save(tmp_path, model.node("MatMul", "x", model.floats(np.eye(4))))
    annotate(path, "x", "INT8")
    with pytest.raises(ModelError, match="has no quantizers: give --data"):
        load(path)


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (np.zeros((3, 2)), {}, "thresholds must have 1 row or one per channel (4), not 3"),
        (np.zeros((4, 0)), {}, "thresholds must have shape (channels or 1, n), not (4, 0)"),
        (np.zeros(4), {}, "thresholds must have shape (channels or 1, n), not (4,)"),
        (np.zeros((1, 1)), {"out_scale": -1.0}, "out_scale must be positive, not -1"),
        (
            np.zeros((1, 1)),
            {"out_scale": float("inf")},
            "attribute out_scale must be finite, not inf",
        ),
        (
            np.zeros((1, 1)),
            {"out_bias": 1},
            "attribute out_bias must be of type FLOAT, not INT",
        ),
        (
            np.zeros((4, 1)),
            {"data_layout": "NHWC"},
            "data_layout must have 2 axes as the input has, not be NHWC",
        ),
    ],
)
def test_refusals(tmp_path: Path, rows: np.ndarray, options: Any, said: str) -> None:
    model = QonnxModel(("N", 4))
    path = model.save(tmp_path, threshold(model, "x", rows, **options))
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    assert str(caught.value).splitlines()[1] == f"  MultiThreshold 'multithreshold_0': {said}"

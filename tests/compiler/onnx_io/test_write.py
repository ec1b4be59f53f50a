"""Writing: what is written reads back as the same network, and ONNX Runtime computes it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

from sangi.compiler.execute.run import run_graph
from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.onnx_io.write.qdq import write_model
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute
from sangi.runtime.numerics import Rounding

from ..onnx_models import Model


def quantized(folder: Path) -> Path:
    model = Model(("N", 3, 6, 6))
    x = model.quantize("x", 1.0, 0)
    left = model.quantize(model.node("Relu", model.qconv(x, 4, 3, pads=[1] * 4)), 1.5, 0)
    x = model.quantize(model.qconv(left, 4, 4, kind=np.uint8, pads=[1] * 4), 1.1, -3, np.int8)
    x = model.quantize(model.node("Add", x, left), 2.0, 50)
    pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
    x = model.quantize(model.node("AveragePool", x, **pool), 1.0, 60)
    x = model.node("MaxPool", x, kernel_shape=[2, 2])
    x = model.node("Gemm", model.node("Flatten", x), model.weight(16, 5, per_channel=False))
    return model.save(folder, model.node("Softmax", x))


def test_a_written_model_is_the_same_program(tmp_path: Path) -> None:
    path = quantized(tmp_path)
    copy = tmp_path / "copy.onnx"
    proto = write_model(load_graph(path))
    onnx.checker.check_model(proto, full_check=True)
    copy.write_bytes(proto.SerializeToString())
    x = np.random.default_rng(2).integers(0, 256, (40, 6, 6, 3)).astype(np.uint8)
    first, second = load(path), load(copy)
    (want,), (got,) = (execute(program, x).values() for program in (first, second))
    assert np.array_equal(want, got)
    assert len(first.nodes) == len(second.nodes)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    path = quantized(tmp_path)
    first, second = (write_model(load_graph(path)).SerializeToString() for _ in range(2))
    assert first == second


def one_quantizer(op: Quantize) -> Graph:
    builder = GraphBuilder("one")
    x = builder.add("x", Input("x", (3, 4, 2), "NHWC"))
    return builder.build([(builder.add("q", op, [x]), "y")])


@pytest.mark.parametrize(
    ("low", "high"), [(0, 255), (-128, 127), (0, 15), (-7, 7), (-1, 1), (0, 1023), (-3000, 3000)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_quantizers_of_every_range(low: int, high: int, channels: int) -> None:
    scale = (Fraction(1, 4), Fraction(1, 2))[:channels]
    zero_point = (max(low, 0), low + 1)[:channels]
    x = np.random.default_rng(4).integers(-9000, 9000, (50, 3, 4, 2)).astype(np.float32) / 8
    got = run_graph(one_quantizer(Quantize(scale, zero_point, low, high)), x, ["q"])["q"]
    scales, zeros = np.array([float(s) for s in scale]), np.array(zero_point)
    want = (np.clip(np.rint(x / scales) + zeros, low, high) - zeros) * scales
    assert np.array_equal(got, want)


@pytest.mark.parametrize(
    ("rounding", "zero_first", "said"),
    [
        (Rounding.FLOOR, False, "must round half to even to be written .*, not floor"),
        (Rounding.HALF_EVEN, True, "must add its zero point behind rounding .*, not in front"),
    ],
)
def test_quantizers_that_qdq_cannot_say(rounding: Rounding, zero_first: bool, said: str) -> None:
    builder = GraphBuilder("net")
    source = builder.add("x", Input("x", (3,), "N"))
    grid = Quantize((Fraction(1),), (1,), 0, 255, rounding, zero_first)
    graph = builder.build([(builder.add("q", grid, [source]), "y")])
    with pytest.raises(UnsupportedError, match=said):
        write_model(graph)

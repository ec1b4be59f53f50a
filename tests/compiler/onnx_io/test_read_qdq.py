"""QDQ in all the ways in which exporters write it: the program gives what ONNX Runtime gives."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper

from sangi.compiler.frontend import load_graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.ops.conv import Conv as ProgramConv
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.threshold import Threshold

from ..read_models import refused
from .quantized import Quantized, agree, dtype, pixels, reference, runtime

TYPES = {
    "INT2": (-2, 1),
    "UINT2": (0, 3),
    "INT4": (-8, 7),
    "UINT4": (0, 15),
    "INT8": (-128, 127),
    "UINT8": (0, 255),
    "INT16": (-32768, 32767),
    "UINT16": (0, 65535),
}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_codes(tmp_path: Path, kind: str) -> None:
    low, high = TYPES[kind]
    bits = int(kind.removeprefix("U")[3:])
    model = Quantized(("N", 2, 6, 5), opset=25 if bits == 2 else 21)
    # 16 bits have no proved multiplier for arbitrary scales: powers of two shift.
    scale = 2.0**-8 if bits == 16 else 254.3 / (high - low)
    x = model.qdq("x", scale, low, kind)
    wide = min(bits, 8)
    ends = TYPES[kind[: -len(str(bits))] + str(wide)]
    codes = model.codes(4, 2, 3, 3, low=ends[0], high=ends[1], kind=kind)
    factors = 2.0**-7 if bits == 16 else model.scales(4, 3.0 / ends[1])
    options = {} if bits == 16 else {"axis": 0}
    zero = 0 if low else ends[1] // 2
    weight = model.dql(model.constant(codes), model.grid(factors, zero, kind), **options)
    x = model.node("Conv", x, weight, pads=[1] * 4)
    step = 0.25 if bits == 16 else 3617.1 / (1 << bits)
    x = model.qdq(x, step, (low + high + 1) // 2, kind)
    path = model.save(tmp_path, x)
    frames = pixels(2, 6, 5, frames=4)
    program = agree(path, frames, step, oracle=reference if bits == 2 else runtime)
    assert program.types[program.outputs[0].tensor].bits <= bits


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_of_every_width_in_one_type(tmp_path: Path, bits: int) -> None:
    model = Quantized(("N", 2, 6, 6), seed=bits)
    x = model.qdq("x", 1.0)
    low, high = (-1, 0) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    codes = model.codes(5, 2, 3, 3, low=low, high=high)
    weight = model.dql(model.constant(codes), model.grid(model.scales(5, 0.1), 0, "INT8"), axis=0)
    step = 1.7 * high + 1.7
    x = model.qdq(model.node("Conv", x, weight), step, 121)
    program = agree(model.save(tmp_path, x), pixels(2, 6, 6), step)
    (conv,) = (node.op for node in program.nodes if isinstance(node.op, ProgramConv))
    assert (conv.weights.min(), conv.weights.max()) == (low, high)


@pytest.mark.parametrize("zero", [0, 255, 128, 7])
def test_weights_whose_zero_point_is_not_0(tmp_path: Path, zero: int) -> None:
    model = Quantized(("N", 2, 6, 6))
    x = model.qdq("x", 1.0, 255, "UINT8")
    x = model.qdq("x", 1.0, -128, "INT8")
    codes = model.codes(4, 2, 3, 3, low=0, high=255, kind="UINT8")
    weight = model.dql(model.constant(codes), model.grid(0.013, zero))
    x = model.qdq(model.node("Conv", x, weight, pads=[1, 0, 2, 1]), 41.7, 131)
    agree(model.save(tmp_path, x), pixels(2, 6, 6), 41.7)


@pytest.mark.parametrize("options", [{}, {"output_dtype": 3}, {"output_dtype": 21}])
def test_an_absent_zero_point(tmp_path: Path, options: dict[str, Any]) -> None:
    model = Quantized(("N", 3, 4, 4))
    scale = model.constant(np.float32(17.3)), ""
    x = model.ql("x", scale, **options)
    x = model.dql(x, scale[:1])
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), (model.constant(np.float32(0.02)),))
    bias = model.constant(np.array([900, -30, 4], np.int32))
    bias = model.dql(bias, (model.constant(np.float32(0.1)),))
    x = model.node("Conv", x, weight, bias)
    agree(model.save(tmp_path, model.qdq(x, 5.7, 128)), pixels(3, 4, 4), 5.7)


@pytest.mark.parametrize("kind", ["FLOAT16", "BFLOAT16", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_scales_of_every_type_are_taken_exactly(
    tmp_path: Path, kind: str, shape: tuple[int, ...]
) -> None:
    model = Quantized(("N", 2, 4, 4), opset=23)
    scale = np.full(shape, 0.0123, dtype(kind))
    grid = model.constant(scale), model.constant(np.zeros(shape, np.int8))
    weight = model.dql(model.constant(model.codes(3, 2, 1, 1)), grid)
    x = model.node("Conv", model.dql(model.ql("x", grid), grid), weight)
    graph = read_graph(model.save(tmp_path, x))
    want = (Fraction(float(scale.reshape(-1)[0])),)
    ops = [graph.op(name) for name in graph.order()]
    assert [op.scale for op in ops if isinstance(op, Quantize)] == [want]
    assert [op.weight_scale for op in ops if isinstance(op, Conv)] == [want]


@pytest.mark.parametrize("axis", [1, -3])
@pytest.mark.parametrize("equal", [False, True])
def test_scales_per_channel_of_activations(tmp_path: Path, axis: int, equal: bool) -> None:
    model = Quantized(("N", 3, 5, 5))
    x = model.qdq("x", 1.0)
    weight = model.dql(
        model.constant(model.codes(3, 3, 3, 3)),
        model.grid(model.scales(3, 0.01), 0, "INT8"),
        axis=-4,
    )
    scale = np.full(3, 3.7) if equal else np.array([3.7, 4.1, 2.9])
    zero = 100 if equal else np.array([100, 0, 255])
    x = model.qdq(model.node("Conv", x, weight), scale, zero, axis=axis)
    depthwise = model.dql(model.constant(model.codes(3, 1, 2, 2)), model.grid(0.01, 0, "INT8"))
    x = model.node("MaxPool", x, kernel_shape=[2, 2])
    y = model.qdq(model.node("Conv", x, depthwise, group=3), 6.1, 120)
    agree(model.save(tmp_path, x, y), pixels(3, 5, 5), 2.9, 6.1)


def weights_by_quantizers(model: Quantized, channels: int) -> str:
    grid = model.grid(model.scales(4, 0.01), 0, "INT8")
    weight = model.constant(model.normal(4, channels, 3, 3, scale=0.5))
    return model.dql(model.ql(weight, grid, axis=0), grid, axis=0)


def weights_by_clipped_quantizers(model: Quantized, channels: int) -> str:
    """As Brevitas writes 4 bits."""
    grid = model.grid(model.scales(4, 0.1), 0, "INT8")
    weight = model.ql(model.constant(model.normal(4, channels, 3, 3, scale=0.5)), grid, axis=0)
    limits = model.constant(np.int8(-7)), model.constant(np.int8(7))
    return model.dql(model.node("Clip", weight, *limits), grid, axis=0)


def weights_moved_as_codes(model: Quantized, channels: int) -> str:
    codes = model.constant(model.codes(channels * 9, 4))
    codes = model.node("Cast", codes, to=6)
    codes = model.node("Reshape", codes, model.constant(np.array([channels, 3, 3, 4])))
    grid = model.grid(model.scales(4, 0.01), 0, "INT32")
    weight = model.dql(model.node("Transpose", codes, perm=[3, 0, 1, 2]), grid, axis=0)
    return model.node("Cast", weight, to=1)


def weights_of_4_bits_moved(model: Quantized, channels: int) -> str:
    codes = model.constant(model.codes(channels, 4, 3, 3, low=-8, high=7, kind="INT4"))
    codes = model.node("Transpose", codes, perm=[1, 0, 2, 3])
    return model.dql(codes, model.grid(model.scales(4, 0.1), 0, "INT4"), axis=0)


def weights_moved_as_reals(model: Quantized, channels: int) -> str:
    codes = model.codes(3, 3, channels, 4)
    grid = model.grid(model.scales(4, 0.01), [1, -128, 127, 0], "INT8")
    weight = model.node("Identity", model.dql(model.constant(codes), grid, axis=-1))
    weight = model.node("Transpose", weight, perm=[3, 2, 0, 1])
    flat = model.node("Flatten", weight)
    weight = model.node("Reshape", flat, model.constant(np.array([4, -1, 3, 3])))
    weight = model.node("Unsqueeze", weight, model.constant(np.array([0])))
    return model.node("Squeeze", weight, model.constant(np.array([0])))


def weights_quantized_twice(model: Quantized, channels: int) -> str:
    first, second = model.grid(model.scales(4, 0.01), 3, "INT8"), model.grid(0.0253, 5, "INT4")
    weight = model.dql(model.constant(model.codes(4, channels, 3, 3)), first, axis=0)
    return model.dql(model.ql(weight, second), second)


@pytest.mark.parametrize(
    "build",
    [
        weights_by_quantizers,
        weights_by_clipped_quantizers,
        weights_moved_as_codes,
        weights_of_4_bits_moved,
        weights_moved_as_reals,
        weights_quantized_twice,
    ],
)
def test_weights_as_exporters_write_them(tmp_path: Path, build: Any) -> None:
    model = Quantized(("N", 2, 6, 5))
    x = model.qdq("x", 1.0)
    x = model.node("Conv", x, build(model, 2))
    x = model.qdq(x, 6.3, 120)
    agree(model.save(tmp_path, x), pixels(2, 6, 5), 6.3)


def test_brevitas_and_its_clips(tmp_path: Path) -> None:
    """4-bit weights and activations as Brevitas' QCDQ export writes them, Constants and all."""
    model = Quantized(("N", 2, 6, 6), opset=13)

    def constant(value: Any) -> str:
        return model.node("Constant", value=numpy_helper.from_array(np.asarray(value)))

    def quantized(x: str, scale: Any, low: int, high: int, **options: Any) -> str:
        kind = np.int8 if low < 0 else np.uint8
        zero = np.zeros(np.shape(scale), kind)
        grid = constant(np.asarray(scale, np.float32)), constant(zero)
        x = model.node("QuantizeLinear", x, *grid, **options)
        x = model.node("Clip", x, constant(kind(low)), constant(kind(high)))
        return model.node("DequantizeLinear", x, *grid, **options)

    x = quantized("x", 17.1, 0, 15)
    for channels in (2, 4):
        weight = constant(model.normal(4, channels, 3, 3, scale=0.4))
        weight = quantized(weight, model.scales(4, 0.13), -7, 7, axis=0)
        bias = constant(model.random.integers(-90, 90, 4).astype(np.int32))
        grid = constant(model.scales(4, 2.2)), constant(np.zeros(4, np.int32))
        bias = model.node("DequantizeLinear", bias, *grid, axis=0)
        x = model.node("Relu", model.node("Conv", x, weight, bias))
        x = quantized(x, 23.3, 0, 15)
    program = agree(model.save(tmp_path, x), pixels(2, 6, 6), 23.3)
    convs = [node for node in program.nodes if isinstance(node.op, ProgramConv)]
    assert [program.types[conv.inputs[0]].bits for conv in convs] == [4, 4]
    assert [int(np.abs(conv.op.weights).max()) for conv in convs] == [7, 7]


def test_a_bias_as_pytorch_writes_it(tmp_path: Path) -> None:
    """The bias is rounded in the file, to INT32 by the product of the scales."""
    model = Quantized(("N", 2, 4, 4))
    scale = model.scales(3, 0.01)
    weight = model.dql(
        model.constant(model.codes(3, 2, 1, 1)), model.grid(scale, 0, "INT8"), axis=0
    )
    grid = model.node("Mul", model.constant(scale), model.constant(np.float32(0.5)))
    zeros = model.constant(np.zeros(3, np.int32))
    numbers = model.normal(3, scale=900)
    bias = model.ql(model.constant(numbers), (grid, zeros), axis=0)
    bias = model.dql(bias, (grid, zeros), axis=0)
    x = model.node("Conv", model.qdq("x", 0.5), weight, bias)
    graph = read_graph(model.save(tmp_path, x))
    (conv,) = (op for op in map(graph.op, graph.order()) if isinstance(op, Conv))
    steps = [Fraction(float(entry)) for entry in scale * np.float32(0.5)]
    want = [
        round(Fraction(float(number)) / step) * step
        for number, step in zip(numbers, steps, strict=True)
    ]
    assert conv.bias is not None
    assert list(conv.bias) == want
    assert max(abs(entry) for entry in want) > 40000 * min(steps)


@pytest.mark.parametrize(("operator", "axis"), [("Gemm", 1), ("Gemm/B", 0), ("MatMul", -1)])
def test_scales_of_matrices_lie_on_the_outputs(tmp_path: Path, operator: str, axis: int) -> None:
    model = Quantized(("N", 12))
    x = model.qdq("x", 1.0)
    shape = (7, 12) if operator == "Gemm/B" else (12, 7)
    grid = model.grid(model.scales(7, 0.01), model.codes(7), "INT8")
    weight = model.dql(model.constant(model.codes(*shape)), grid, axis=axis)
    options = {"transB": 1} if operator == "Gemm/B" else {}
    x = model.node(operator.removesuffix("/B"), x, weight, **options)
    agree(model.save(tmp_path, model.qdq(x, 19.7, 128)), pixels(12, frames=200), 19.7)


def test_a_constant_is_rounded_exactly(tmp_path: Path) -> None:
    model = Quantized(("N", 4))
    # 0.35 / 0.1 in float64 is 3.5; of the float32 values it lies above, and 0.25 / 0.1 below.
    numbers = np.array([[0.35, 0.25, 0.5, 12.75]], np.float32).T
    grid = model.grid(0.1, 1, "INT8")
    weight = model.dql(model.ql(model.constant(numbers), grid), grid)
    scale = Fraction(float(np.float32(0.1)))
    want = [round(Fraction(float(number)) / scale) for number in numbers.reshape(-1)]
    graph = read_graph(model.save(tmp_path, model.node("MatMul", model.qdq("x", 1.0), weight)))
    (dense,) = (op for op in map(graph.op, graph.order()) if isinstance(op, Dense))
    assert dense.weight.tolist() == [[*want[:3], 126]]
    assert dense.weight_scale == (scale,)


def test_a_constant_number_on_a_tie(tmp_path: Path) -> None:
    model = Quantized(("N", 3))
    grid = model.grid(0.5, 3, "INT8")
    number = model.dql(model.ql(model.constant(np.float32(1.25)), grid), grid)
    last = model.grid(1.0, 0, "UINT8")
    x = model.node("Mul", model.qdq("x", 1.0), number)
    agree(model.save(tmp_path, model.dql(model.ql(x, last), last)), pixels(3), 1.0)


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
@pytest.mark.parametrize("kind", ["UINT4", "INT16"])
def test_quantizers_in_the_domain_of_onnx_runtime(tmp_path: Path, domain: str, kind: str) -> None:
    model = Quantized(("N", 2, 5, 5))
    low, high = TYPES[kind]
    grid = model.grid(255.7 / (high - low), low, kind)
    x = model.dql(model.ql("x", grid, domain=domain), grid, domain=domain)
    limits = (-8, 7) if kind == "UINT4" else (-128, 127)
    codes = model.codes(3, 2, 3, 3, low=limits[0], high=limits[1], kind="INT8")
    weight = model.dql(model.constant(codes), model.grid(0.05, 0, "INT8"), domain=domain)
    last = model.grid(2.3 * limits[1], 120)
    x = model.ql(model.node("Conv", x, weight), last, domain=domain)
    x = model.dql(x, last, domain=domain)
    agree(model.save(tmp_path, x), pixels(2, 5, 5), 2.3 * limits[1])


def clip_on_codes(model: Quantized, x: str) -> str:
    grid = model.grid(3.17, 2, "INT8")
    limits = model.constant(np.int8(-8)), model.constant(np.int8(7))
    return model.dql(model.node("Clip", model.ql(x, grid), *limits), grid)


def clip_before(model: Quantized, x: str) -> str:
    limits = model.constant(np.float32(-31.7)), model.constant(np.float32(15.85))
    return model.qdq(model.node("Clip", x, *limits), 3.17, 2, "INT8")


def clip_behind(model: Quantized, x: str) -> str:
    limits = model.constant(np.float32(-31.25)), model.constant(np.float32(15.625))
    return model.node("Clip", model.qdq(x, 3.125, 2, "INT8"), *limits)


def clips_on_both_sides(model: Quantized, x: str) -> str:
    grid = model.grid(3.17, 2, "INT8")
    x = model.node("Clip", x, model.constant(np.float32(-31.7)))
    x = model.node("Clip", model.ql(x, grid), "", model.constant(np.int8(7)))
    return model.dql(x, grid)


@pytest.mark.parametrize("build", [clip_on_codes, clip_before, clip_behind, clips_on_both_sides])
@pytest.mark.parametrize("place", ["input", "layer"])
def test_a_clip_narrows_the_stream(tmp_path: Path, build: Any, place: str) -> None:
    model = Quantized(("N", 3, 5, 5))
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.00413, 0, "INT8"))
    if place == "layer":
        x = model.node("Conv", model.qdq("x", 1.0), weight)
        frames = pixels(3, 5, 5)
    else:
        x, frames = "x", (pixels(3, 5, 5) - 120) / 4
    x = build(model, x)
    y = model.qdq(model.node("Conv", x, weight), 0.3173, 117)
    program = agree(model.save(tmp_path, y), frames, 0.3173)
    (last,) = [node for node in program.nodes if isinstance(node.op, ProgramConv)][-1:]
    narrow = program.types[last.inputs[0]]
    assert (narrow.low, narrow.high, narrow.bits) == (-8, 7, 4)
    rounding = [node for node in program.nodes if isinstance(node.op, Requantize | Threshold)]
    # One quantizer behind each layer, and nothing for the Clip.
    assert len(rounding) == (2 if place == "layer" else 1)


def test_a_clip_on_codes_that_another_layer_reads_whole(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5))
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.00413, 0, "INT8"))
    grid = model.grid(2.1, 3, "INT8")
    codes = model.ql(model.node("Conv", model.qdq("x", 1.0), weight), grid)
    whole = model.dql(codes, grid)
    limited = model.node("Clip", codes, model.constant(np.int8(-4)), model.constant(np.int8(3)))
    path = model.save(tmp_path, whole, model.dql(limited, grid))
    program = agree(path, pixels(3, 5, 5), 2.1, 2.1)
    assert [program.types[out.tensor].bits for out in program.outputs] == [8, 3]


def test_relu_on_codes_cuts_at_the_code_0(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5))
    grid = model.grid(2.1, -30, "INT8")
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.00413, 0, "INT8"))
    codes = model.ql(model.node("Conv", model.qdq("x", 1.0), weight), grid)
    x = model.dql(model.node("Relu", codes), grid)
    program = agree(model.save(tmp_path, x), pixels(3, 5, 5), 2.1)
    assert program.types[program.outputs[0].tensor].low == 0


def limited(model: Quantized, x: str) -> str:
    return model.node("Clip", x, model.constant(np.uint8(30)), model.constant(np.uint8(99)))


def pooled(model: Quantized, x: str) -> str:
    return model.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 1])


def flattened(model: Quantized, x: str) -> str:
    return model.node("Flatten", x)


def reshaped(model: Quantized, x: str) -> str:
    return model.node("Reshape", x, model.constant(np.array([1, 3, -1])))


def transposed(model: Quantized, x: str) -> str:
    return model.node("Identity", model.node("Transpose", x, perm=[0, 2, 3, 1]))


def squeezed(model: Quantized, x: str) -> str:
    axes = model.constant(np.array([1]))
    return model.node("Squeeze", model.node("Unsqueeze", x, axes), axes)


def widened(model: Quantized, x: str) -> str:
    return model.node("Cast", model.node("Cast", x, to=6), to=2)


@pytest.mark.parametrize(
    ("build", "per_channel"),
    [
        (flattened, False),
        *itertools.product(
            (limited, pooled, reshaped, transposed, squeezed, widened), (False, True)
        ),
    ],
)
def test_ops_on_codes(tmp_path: Path, build: Any, per_channel: bool) -> None:
    model = Quantized((1, 3, 6, 5))
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.02, 0, "INT8"))
    x = model.node("Conv", model.qdq("x", 1.0), weight)
    scale = np.array([7.7, 8.1, 6.3]) if per_channel else 7.7
    zero = np.array([120, 0, 255]) if per_channel else 120
    grid = model.grid(scale, zero)
    options = {"axis": 1} if per_channel else {}
    behind = {"axis": 3 if build is transposed else 1} if per_channel else {}
    x = model.dql(build(model, model.ql(x, grid, **options)), grid, **behind)
    agree(model.save(tmp_path, x), pixels(3, 6, 5, frames=1), 6.3)


def test_codes_as_numbers_and_another_grid_behind(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5))
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.02, 0, "INT8"))
    x = model.node("Conv", model.qdq("x", 1.0), weight)
    codes = model.ql(x, model.grid(7.7, 120))
    numbers = model.node("Cast", codes, to=1)
    single = model.dql(codes, model.grid(0.5, 7))
    several = model.dql(codes, model.grid([0.5, 1.5, 0.1], [7, 0, 255]), axis=1)
    path = model.save(tmp_path, numbers, single, several)
    agree(path, pixels(3, 5, 5), 1.0, 0.5, 0.1)


@pytest.mark.parametrize(
    ("kind", "low", "shape"),
    [
        ("UINT8", 0, (3, 5, 5)),
        ("INT8", -128, (3, 5, 5)),
        ("UINT8", 0, (11,)),
        ("INT8", -128, (11,)),
        ("UINT16", 0, (11,)),
    ],
)
def test_a_model_whose_input_is_codes(
    tmp_path: Path, kind: str, low: int, shape: tuple[int, ...]
) -> None:
    model = Quantized(("N", *shape), kind=kind)
    pool = model.node("MaxPool", "x", kernel_shape=[2, 2]) if len(shape) == 3 else "x"
    first = model.dql(pool, model.grid(0.031, low + 3, kind))
    second = model.dql(pool, model.grid(0.031, low + 3, kind))
    x = model.node("Add", first, second)
    frames = np.random.default_rng(3).integers(low, low + 256, (9, *shape))
    path = model.save(tmp_path, model.qdq(x, 0.17, 20))
    program = agree(path, frames.astype(kind.lower()), 0.17)
    assert not any(isinstance(node.op, Lookup) for node in program.nodes)


def test_integers_that_are_cast_are_real_numbers(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5), kind="UINT8")
    limits = [model.constant(np.float32(limit)) for limit in (2.5, 99.5)]
    x = model.node("Clip", model.node("Cast", "x", to=1), *limits)
    path = model.save(tmp_path, model.qdq(model.node("Div", x, limits[0]), 0.37))
    agree(path, pixels(3, 5, 5).astype(np.uint8), 0.37)


@pytest.mark.parametrize("kind", ["UINT8", "INT32"])
def test_arithmetic_with_integers(tmp_path: Path, kind: str) -> None:
    model = Quantized(("N", 3, 5, 5), kind=kind)
    x = model.node("Div", "x", model.constant(np.array(2, dtype(kind))))
    mean = model.node("ReduceMean", "x", model.constant(np.array([2, 3])))
    outputs = [model.node("Cast", part, to=1) for part in (x, mean)]
    said = "inputs must be real numbers, not integers; put Cast to float first"
    assert refused(model.save(tmp_path, *outputs)) == [
        f"Div 'div_0': {said}",
        f"ReduceMean 'reducemean_1': {said}",
    ]


def test_a_model_whose_outputs_are_codes(tmp_path: Path) -> None:
    model = Quantized((1, 3, 5, 5))
    weight = model.dql(model.constant(model.codes(3, 3, 1, 1)), model.grid(0.0213, 0, "INT8"))
    x = model.node("Conv", model.qdq("x", 1.0), weight)
    single = model.ql(x, model.grid(7.7, 120))
    moved = model.node("Transpose", single, perm=[0, 2, 3, 1])
    several = model.ql(x, model.grid([7.7, 8.1, 6.3], [120, 0, 255]), axis=1)
    path = model.save(tmp_path, single, moved, several, kind="UINT8")
    agree(path, pixels(3, 5, 5, frames=1), 1.0, 1.0, 1.0)


def test_the_largest_code(tmp_path: Path) -> None:
    model = Quantized(("N", 7))
    weight = model.dql(model.constant(model.codes(7, 5)), model.grid(0.0213, 0, "INT8"))
    x = model.node("MatMul", model.qdq("x", 1.0), weight)
    x = model.node("ArgMax", model.ql(x, model.grid(3.17, 120)), axis=1, keepdims=0)
    path = model.save(tmp_path, x, kind="INT64")
    agree(path, pixels(7, frames=100), 1.0)


def said(model: Quantized, folder: Path, x: str) -> str:
    path = model.save(folder, x)
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    first, line = str(caught.value).split("\n")[:2]
    assert first == "net.onnx holds 1 node that cannot be mapped to a circuit:"
    return line.strip()


def test_refused_scales(tmp_path: Path) -> None:
    for scale, words in ((0.0, "0.0"), (-0.5, "-0.5")):
        model = Quantized(("N", 3))
        x = model.ql("x", model.grid(scale))
        assert said(model, tmp_path, x) == (
            f"QuantizeLinear 'quantizelinear_0': scale 'c0' must be positive, not {words}"
        )
    model = Quantized(("N", 3))
    scale = model.constant(np.zeros(0, np.float32))
    assert said(model, tmp_path, model.ql("x", (scale,))) == (
        "QuantizeLinear 'quantizelinear_0': scale 'c0' must be positive, not empty"
    )
    model = Quantized(("N", 3))
    x = model.ql("x", model.grid(np.ones((3, 2))))
    assert said(model, tmp_path, x) == (
        "QuantizeLinear 'quantizelinear_0': the scale must be one number or one per channel, not "
        "of shape (3, 2); quantize per tensor or per channel"
    )
    model = Quantized(("N", 3))
    x = model.ql("x", ("",), domain="com.microsoft")
    assert said(model, tmp_path, x) == "QuantizeLinear 'quantizelinear_0': a scale must be given"
    model = Quantized(("N", 3))
    x = model.ql("x", (model.node("Relu", "x"),))
    assert said(model, tmp_path, x) == (
        "QuantizeLinear 'quantizelinear_1': the scale must be a constant, not computed at run time"
    )


def test_refused_axes(tmp_path: Path) -> None:
    for axis, words in (
        (0, "axis must be the channels' where an activation is quantized, not the batch"),
        (5, "axis must be one of -4…3, not 5"),
        (2, "the scale must have one entry per index of axis 2 (5), not 3"),
    ):
        model = Quantized(("N", 3, 5, 5))
        x = model.ql("x", model.grid([1.0, 2.0, 3.0]), axis=axis)
        assert said(model, tmp_path, x) == f"QuantizeLinear 'quantizelinear_0': {words}"
    model = Quantized(("N", 3, 5, 5))
    codes = model.constant(model.codes(4, 3, 1, 1))
    weight = model.dql(codes, model.grid([1.0, 2.0, 3.0], 0, "INT8"), axis=0)
    assert said(model, tmp_path, model.node("Conv", "x", weight)) == (
        "DequantizeLinear 'dequantizelinear_0': the scale must have one entry per index of axis 0 "
        "(4), not 3"
    )


def test_refused_types_and_blocks(tmp_path: Path) -> None:
    for kind, name in ((17, "FLOAT8E4M3FN"), (99, "type 99")):
        model = Quantized(("N", 3))
        x = model.ql("x", model.grid(1.0)[:1], output_dtype=kind)
        assert said(model, tmp_path, x) == (
            "QuantizeLinear 'quantizelinear_0': codes must be INT2, UINT2, INT4, UINT4, INT8, "
            f"UINT8, INT16 or UINT16, not {name}"
        )
    model = Quantized(("N", 4))
    x = model.ql("x", model.grid(1.0), block_size=2)
    assert said(model, tmp_path, x) == (
        "QuantizeLinear 'quantizelinear_0': block_size must be 0, not 2; quantize per tensor or "
        "per channel"
    )
    model = Quantized(("N", 3))
    zeros = model.constant(np.zeros(2, np.uint8))
    x = model.ql("x", (model.grid([1.0, 2.0, 3.0])[0], zeros))
    assert said(model, tmp_path, x) == (
        "QuantizeLinear 'quantizelinear_0': the zero point must have 3 entries, not 2"
    )


def test_real_numbers_where_codes_must_be(tmp_path: Path) -> None:
    model = Quantized(("N", 3))
    x = model.dql("x", model.grid(1.0))
    assert said(model, tmp_path, x) == (
        "DequantizeLinear 'dequantizelinear_0': input 0 must hold integer codes, not real "
        "numbers; put QuantizeLinear first"
    )
    model = Quantized(("N", 3), kind="INT32")
    x = model.dql("x", model.grid(1.0, 0, "INT32"))
    assert said(model, tmp_path, x) == (
        "DequantizeLinear 'dequantizelinear_0': codes must be INT2, UINT2, INT4, UINT4, INT8, "
        "UINT8, INT16 or UINT16, not INT32"
    )
    model = Quantized(("N", 3))
    weight = model.dql(model.constant(np.ones((3, 2), np.float32)), model.grid(1.0)[:1])
    assert said(model, tmp_path, model.node("MatMul", "x", weight)) == (
        "DequantizeLinear 'dequantizelinear_0': input 0 must hold integers, not FLOAT; quantize "
        "to integers"
    )


def test_codes_where_real_numbers_must_be(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 4, 4))
    codes = model.ql("x", model.grid(1.0))
    assert said(model, tmp_path, model.node("GlobalAveragePool", codes)) == (
        "GlobalAveragePool 'globalaveragepool_1': input 0 must hold real numbers, not "
        "integer codes; put DequantizeLinear before it"
    )


def test_codes_per_channel_that_lose_their_channels(tmp_path: Path) -> None:
    model = Quantized((1, 3, 4, 4))
    codes = model.ql("x", model.grid([1.0, 2.0, 3.0]), axis=1)
    assert said(model, tmp_path, model.node("Flatten", codes)) == (
        "Flatten 'flatten_1': codes with a scale per channel must keep their channels on one "
        "axis; put DequantizeLinear first, or export with per-tensor activation scales"
    )
    model = Quantized((1, 3, 4, 4))
    codes = model.ql("x", model.grid([1.0, 2.0, 3.0]), axis=1)
    assert said(model, tmp_path, model.node("ArgMax", codes, axis=1)) == (
        "ArgMax 'argmax_1': codes must have one scale where channels are compared; put "
        "DequantizeLinear first"
    )
    model = Quantized((1, 3, 4, 4))
    codes = model.ql("x", model.grid([1.0, 2.0, 3.0]), axis=1)
    x = model.node("Transpose", codes, perm=[0, 2, 3, 1])
    x = model.dql(x, model.grid([1.0, 2.0, 3.0, 4.0]), axis=1)
    assert said(model, tmp_path, x) == (
        "DequantizeLinear 'dequantizelinear_2': axis must be that of the QuantizeLinear before it"
    )


def test_a_cast_that_does_not_hold_the_codes(tmp_path: Path) -> None:
    model = Quantized(("N", 3))
    x = model.node("Cast", model.ql("x", model.grid(1.0)), to=3)
    assert said(model, tmp_path, model.dql(x, model.grid(1.0, 0, "INT8"))) == (
        "Cast 'cast_1': to must be a type that holds the codes 0…255, not INT8"
    )
    model = Quantized(("N", 3))
    weight = model.ql(model.constant(np.full((3, 2), 200.0, np.float32)), model.grid(1.0))
    weight = model.dql(model.node("Cast", weight, to=3), model.grid(1.0, 0, "INT8"))
    assert said(model, tmp_path, model.node("MatMul", "x", weight)) == (
        "Cast 'cast_1': to must be a type that holds the constant, not INT8"
    )


def test_limits_that_are_no_codes(tmp_path: Path) -> None:
    for limit, words in (
        (np.array([1, 2], np.uint8), "max must be one number, not 2"),
        (np.float32(2.5), "limits of codes must be whole numbers, not 2.5"),
    ):
        model = Quantized(("N", 3))
        x = model.node("Clip", model.ql("x", model.grid(1.0)), "", model.constant(limit))
        assert said(model, tmp_path, x) == f"Clip 'clip_1': {words}"


def test_weight_scales_that_do_not_stay_on_an_axis(tmp_path: Path) -> None:
    model = Quantized(("N", 2, 5, 5))
    grid = model.grid(model.scales(4, 0.01), 0, "INT8")
    weight = model.dql(model.constant(model.codes(4, 18)), grid, axis=0)
    weight = model.node("Reshape", weight, model.constant(np.array([8, 1, 3, 3])))
    assert said(model, tmp_path, model.node("Conv", "x", weight, group=2)) == (
        "Reshape 'reshape_1': the weight must be moved so that its scales stay on one axis; "
        "scale it last"
    )
    model = Quantized(("N", 2, 5, 5))
    weight = model.dql(model.constant(model.codes(4, 18)), model.grid(0.01, 0, "INT8"))
    weight = model.node("Reshape", weight, model.constant(np.array([5, 7])))
    line = said(model, tmp_path, model.node("Conv", "x", weight))
    assert line.startswith("Reshape 'reshape_1': must fit its input of shape (4, 18): ")


def test_the_pass_leaves_grids_that_would_differ(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5))
    x = model.node("Relu", model.node("Clip", "x", "", model.constant(np.float32(100.0))))
    x = model.qdq(x, [1.0, 2.0, 3.0], 50, axis=1)
    graph = load_graph(model.save(tmp_path, x))
    (op,) = (op for op in map(graph.op, graph.order()) if isinstance(op, Quantize))
    # 0 is the code 50 in every channel, 100 is another code in each.
    assert (op.low, op.high) == (50, 255)

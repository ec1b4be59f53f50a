"""Lowering against the graph executed in exact fractions, element by element."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import ArgMax, Sigmoid, Softmax
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import lower
from sangi.runtime.errors import ModelError, UnsupportedError
from sangi.runtime.host import execute, finish, prepare
from sangi.runtime.program import Program

Exact = np.ndarray[Any, Any]


def half_even(v: Fraction) -> int:
    whole = v.numerator // v.denominator
    rest = v - whole
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    return whole + up


def pick(values: tuple[Any, ...], channel: int) -> Any:
    return values[channel if len(values) > 1 else 0]


def elementwise(x: Exact, function: Callable[[Fraction, int], Fraction]) -> Exact:
    y = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        y[place] = function(x[place], place[-1])
    return y


def quantize(op: Quantize, x: Exact) -> Exact:
    def one(v: Fraction, c: int) -> Fraction:
        s, z = pick(op.scale, c), pick(op.zero_point, c)
        return (min(max(half_even(v / s) + z, op.low), op.high) - z) * s

    return elementwise(x, one)


def window(x: Exact, op: Any, row: int, column: int, dilation: tuple[int, int]) -> list[Any]:
    """(ky, kx, pixel or None outside) of one window."""
    held = []
    for ky, kx in itertools.product(*map(range, op.kernel)):
        iy = row * op.stride[0] + ky * dilation[0] - op.padding[0]
        ix = column * op.stride[1] + kx * dilation[1] - op.padding[1]
        inside = 0 <= iy < x.shape[0] and 0 <= ix < x.shape[1]
        held.append((ky, kx, x[iy, ix] if inside else None))
    return held


def conv(op: Conv, x: Exact, shape: tuple[int, ...]) -> Exact:
    y = np.empty(shape, object)
    depth, per_group = op.weight.shape[3], op.weight.shape[0] // op.groups
    for row, column, f in np.ndindex(*shape):
        total = op.bias[f] if op.bias is not None else Fraction(0)
        start = f // per_group * depth
        for ky, kx, pixel in window(x, op, row, column, op.dilation):
            if pixel is not None:
                for c in range(depth):
                    weight = int(op.weight[f, ky, kx, c]) * pick(op.weight_scale, f)
                    total += weight * pixel[start + c]
        y[row, column, f] = total
    return y


def dense(op: Dense, x: Exact) -> Exact:
    y = np.empty(len(op.weight), object)
    for f, row in enumerate(op.weight):
        bias = op.bias[f] if op.bias is not None else Fraction(0)
        y[f] = bias + sum(
            int(w) * pick(op.weight_scale, f) * v for w, v in zip(row, x, strict=True)
        )
    return y


def pooled(op: Any, x: Exact, shape: tuple[int, ...]) -> Exact:
    y = np.empty(shape, object)
    for row, column, c in np.ndindex(*shape):
        held = window(x, op, row, column, getattr(op, "dilation", (1, 1)))
        if isinstance(op, MaxPool):
            y[row, column, c] = max(pixel[c] for _, _, pixel in held if pixel is not None)
        else:
            inside = [pixel[c] for _, _, pixel in held if pixel is not None]
            y[row, column, c] = Fraction(sum(inside)) / len(held)
    return y


def run_exactly(graph: Graph, x: np.ndarray) -> dict[str, Exact]:
    """Execute one frame (channels last) in fractions."""
    values: dict[str, Exact] = {}
    for name in graph.order():
        op = graph.op(name)
        sources = [values[source] for source in graph.inputs(name)]
        shape = graph.shape(name)
        match op:
            case Input():
                values[name] = elementwise(x.astype(object), lambda v, c: Fraction(v))
            case Quantize():
                values[name] = quantize(op, sources[0])
            case Affine() | BatchNorm():
                values[name] = elementwise(
                    sources[0], lambda v, c, op=op: v * pick(op.scale, c) + pick(op.shift, c)
                )
            case Relu():
                values[name] = elementwise(sources[0], lambda v, c: max(v, Fraction(0)))
            case Clip():
                low = op.low if op.low is not None else Fraction(-(10**9))
                high = op.high if op.high is not None else Fraction(10**9)
                values[name] = elementwise(
                    sources[0], lambda v, c, low=low, high=high: min(max(v, low), high)
                )
            case Conv():
                values[name] = conv(op, sources[0], shape)
            case Dense():
                values[name] = dense(op, sources[0])
            case Add():
                values[name] = sources[0] + sources[1]
            case MaxPool() | AveragePool():
                values[name] = pooled(op, sources[0], shape)
            case Reshape():
                values[name] = sources[0].reshape(op.shape)
            case Transpose():
                values[name] = sources[0].transpose(op.perm)
            case _:
                raise AssertionError(f"no rule for {op}")
    return values


def assert_exact(graph: Graph, program: Program, frames: np.ndarray) -> None:
    """Every output of the program is the fraction of the oracle, to the last bit of float32."""
    tensors = program.run(*prepare(program, frames))
    results = finish(program, tensors)
    for n, frame in enumerate(frames):
        values = run_exactly(graph, frame)
        for node, out in graph.outputs:
            expected = values[node].astype(np.float64)
            assert results[out][n].shape == expected.shape
            assert np.allclose(results[out][n], expected, rtol=1e-6, atol=1e-9)
    for name, type_ in program.types.items():
        assert type_.low <= tensors[name].min() and tensors[name].max() <= type_.high


def real(rng: np.random.Generator, low: float, high: float) -> Fraction:
    return Fraction(float(np.float32(rng.uniform(low, high))))


def reals(rng: np.random.Generator, count: int, low: float, high: float) -> tuple[Fraction, ...]:
    return tuple(real(rng, low, high) for _ in range(count))


class Net:
    """Short forms for building small quantized networks."""

    def __init__(self, seed: int, shape: tuple[int, ...] = (5, 4, 2), layout: Any = "NHWC") -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = GraphBuilder("net")
        declared = (shape[2], *shape[:2]) if layout == "NCHW" else shape
        self.last = self.builder.add("x", Input("x", declared, layout))
        self.frames = self.rng.integers(0, 256, (4, *shape)).astype(np.uint8)

    def add(self, name: str, op: Any, *sources: str) -> str:
        self.last = self.builder.add(name, op, sources or (self.last,))
        return self.last

    def quantize(
        self,
        name: str,
        low: float,
        high: float,
        *sources: str,
        unsigned: bool = False,
        zero: int | None = None,
    ) -> str:
        """A grid of 8 bits that covers about low … high."""
        first, last = (0, 255) if unsigned else (-128, 127)
        scale = Fraction(float(np.float32((high - low) / 255)))
        if zero is None:
            zero = int(np.clip(round(first - low / float(scale)), first, last))
        return self.add(name, Quantize((scale,), (zero,), first, last), *sources)

    def bytes(self) -> str:
        return self.add("q0", Quantize((Fraction(1),), (-128,), -128, 127))

    def conv(self, name: str, filters: int, *sources: str, low: int = -128, **fields: Any) -> str:
        channels = self.builder.shape(sources[0] if sources else self.last)[2]
        kernel = fields.pop("kernel", (3, 3))
        groups = fields.get("groups", 1)
        weight = self.rng.integers(
            low, 128 if low < -1 else 2, (filters, *kernel, channels // groups)
        )
        weight[0, 0, 0, 0] = low
        scale = reals(self.rng, filters, 0.001, 0.01)
        bias = reals(self.rng, filters, -50, 50)
        return self.add(name, Conv(weight, scale, bias, **fields), *sources)

    def dense(self, name: str, filters: int, *sources: str) -> str:
        (channels,) = self.builder.shape(sources[0] if sources else self.last)
        weight = self.rng.integers(-128, 128, (filters, channels))
        bias = reals(self.rng, filters, -50, 50)
        return self.add(name, Dense(weight, (real(self.rng, 0.001, 0.01),), bias), *sources)

    def graph(self, *outputs: str) -> Graph:
        return self.builder.build([(node, f"out_{node}") for node in outputs or (self.last,)])

    def check(self, *outputs: str, **options: Any) -> Program:
        graph = self.graph(*outputs)
        program = lower(graph, **options)
        assert_exact(graph, program, self.frames)
        return program


def kinds(program: Program) -> list[str]:
    return [type(node.op).__name__ for node in program.nodes]


@pytest.mark.parametrize("seed", range(3))
def test_conv_with_bias_padding_and_asymmetric_grids(seed: int) -> None:
    net = Net(seed)
    net.bytes()
    net.conv("c1", 3, padding=(1, 0, 2, 1), stride=(1, 2))
    net.quantize("q1", -300, 800)
    net.conv("c2", 2, padding=(1, 1, 1, 1), dilation=(2, 1))
    net.quantize("q2", -900, 500, unsigned=True)
    program = net.check()
    assert kinds(program) == ["Requantize", "Conv", "Requantize", "Conv", "Requantize"]
    assert program.nodes[1].op.pad_value == -128
    assert program.original_weights == 3 * 9 * 2 + 2 * 9 * 3


@pytest.mark.parametrize("zero", [-128, 127])
def test_zero_points_at_the_ends(zero: int) -> None:
    net = Net(3)
    net.bytes()
    net.conv("c", 2, padding=(1, 1, 1, 1))
    net.quantize("q", -500, 500, zero=zero)
    net.conv("d", 2, padding=(1, 1, 1, 1))
    net.quantize("r", -500, 500, zero=zero)
    net.check()


def test_relu_clip_batchnorm_of_either_sign() -> None:
    net = Net(4)
    net.bytes()
    net.conv("c", 4)
    net.add(
        "bn", BatchNorm(tuple(map(Fraction, (2, -1, 0, Fraction(1, 3)))), reals(net.rng, 4, -9, 9))
    )
    net.add("relu", Relu())
    net.quantize("q", 0, 600)
    net.conv("d", 3, kernel=(1, 1))
    net.add("clip", Clip(Fraction(-100), Fraction(33, 2)))
    net.add("affine", Affine((Fraction(-3, 2),), (Fraction(7),)))
    net.quantize("r", -50, 200)
    net.check()


def test_groups_and_ternary_weights() -> None:
    net = Net(5, (4, 4, 4))
    net.bytes()
    net.conv("c", 4, groups=2, low=-1, padding=(1, 1, 1, 1))
    net.quantize("q", -60, 60)
    program = net.check()
    assert set(np.unique(program.nodes[1].op.weights)) <= {-1, 0, 1}


@pytest.mark.parametrize("same", [True, False])
def test_additions(same: bool) -> None:
    net = Net(6)
    first = net.bytes()
    net.conv("c", 2, padding=(1, 1, 1, 1))
    second = net.quantize("q", -500, 300)
    net.add("a", Add(), second, second if same else first)
    net.add("relu", Relu())
    net.quantize("r", 0, 600)
    program = net.check()
    assert kinds(program).count("Add") == 1
    node = next(node for node in program.nodes if node.name == "a")
    assert node.inputs[0] == node.inputs[1] if same else node.inputs[0] != node.inputs[1]


def test_additions_of_one_power_of_two_take_ties() -> None:
    net = Net(7)
    first = net.bytes()
    net.conv("c", 2, padding=(1, 1, 1, 1))
    second = net.add("q", Quantize((Fraction(1),), (0,), -128, 127))
    net.add("a", Add(), first, second)
    net.add("r", Quantize((Fraction(2),), (4,), -128, 127))
    program = net.check()
    assert next(node.op for node in program.nodes if node.name == "a").ties


def test_additions_without_any_proved_form_stay_exact() -> None:
    # An odd zero point with ties leaves only the exact sum and thresholds.
    net = Net(7)
    first = net.bytes()
    net.conv("c", 2, padding=(1, 1, 1, 1))
    second = net.add("q", Quantize((Fraction(1),), (0,), -128, 127))
    net.add("a", Add(), first, second)
    net.add("r", Quantize((Fraction(2),), (5,), -128, 127))
    assert kinds(net.check())[-2:] == ["Add", "Threshold"]


def test_addition_of_accumulators() -> None:
    net = Net(8)
    net.bytes()
    one, half = Fraction(1, 64), Fraction(1, 128)
    weight = net.rng.integers(-9, 9, (2, 2, 1, 1, 2))
    first = net.add("c", Conv(weight[0], (one,), None), "q0")
    second = net.add("d", Conv(weight[1], (half,), None), "q0")
    net.add("a", Add(), first, second)
    net.quantize("q", -50, 60)
    net.check()


@pytest.mark.parametrize("quantizer", [True, False])
def test_poolings(quantizer: bool) -> None:
    net = Net(9, (6, 6, 2))
    net.bytes()
    net.add("m", MaxPool((3, 3), (2, 2), (1, 1, 1, 1)))
    net.add("p", AveragePool((2, 2), (1, 1), (1, 1, 0, 0), count_include_pad=True))
    net.quantize("q", 0, 240)
    net.add("g", AveragePool((3, 3), (3, 3)))
    if quantizer:
        net.quantize("r", 0, 250)
    program = net.check()
    assert kinds(program)[1:4] == ["MaxPool", "SumPool", "Requantize"]


def test_average_of_a_power_of_two_takes_ties() -> None:
    net = Net(10, (4, 4, 2))
    net.bytes()
    net.add("g", AveragePool((4, 4), (4, 4)))
    net.add("q", Quantize((Fraction(1),), (-128,), -128, 127))
    program = net.check()
    assert program.nodes[-1].op.ties


@pytest.mark.parametrize("perm", [(2, 0, 1), (0, 1, 2), (1, 0, 2)])
def test_flatten_in_any_order_is_folded_into_the_weights(perm: tuple[int, ...]) -> None:
    net = Net(11, (3, 4, 2))
    net.bytes()
    net.add("t", Transpose(perm))
    net.add("f", Reshape((24,)))
    net.dense("d", 3)
    program = net.check()
    assert kinds(program) == ["Requantize", "Reshape", "Dense"]


def test_output_without_quantizer_has_exact_scale_and_offset_per_channel() -> None:
    net = Net(12)
    net.bytes()
    net.conv("c", 3)
    program = net.check()
    assert kinds(program)[-1] == "Conv"
    assert program.outputs[0].scale.shape == (3,)


def test_outputs_are_given_in_the_model_s_order() -> None:
    net = Net(13)
    net.bytes()
    net.conv("c", 3)
    net.quantize("q", -300, 300)
    net.add("t", Transpose((2, 0, 1)))
    net.add("f", Reshape((3, 6)))
    net.check()


def test_two_quantizers_of_one_convolution() -> None:
    net = Net(14)
    net.bytes()
    conv = net.conv("c", 3)
    first = net.quantize("q", -300, 300, conv)
    second = net.quantize("r", 0, 900, conv)
    program = net.check(first, second)
    assert kinds(program).count("Conv") == 1


def test_requantize_of_codes_and_equal_quantizers() -> None:
    net = Net(15)
    net.bytes()
    net.conv("c", 3)
    net.quantize("q", -300, 300)
    net.add("same", net.builder.op("q"))
    net.quantize("r", -100, 450)
    program = net.check()
    assert kinds(program) == ["Requantize", "Conv", "Requantize", "Requantize"]


def test_normalized_input_becomes_a_table_per_channel() -> None:
    net = Net(16, (3, 3, 3))
    net.add("normalize", Affine(reals(net.rng, 3, 0.01, 0.02), reals(net.rng, 3, -2, 0)))
    net.quantize("q", -2.5, 2.7)
    program = net.check()
    assert kinds(program) == ["Lookup"]
    assert program.inputs[0].kind == "bytes"
    assert program.nodes[0].op.table.shape == (3, 256)


def test_bytes_that_are_codes_need_no_op() -> None:
    net = Net(17)
    net.add("q", Quantize((Fraction(1),), (0,), 0, 255))
    assert kinds(net.check()) == []


def test_fine_input_grids_are_left_to_the_host() -> None:
    net = Net(18)
    net.quantize("q", -1, 1)
    net.frames = (net.frames / 128 - 1).astype(np.float32)
    program = net.check()
    assert program.inputs[0].kind == "codes"
    assert kinds(program) == []


@pytest.mark.parametrize(("kind", "expected"), [("bytes", "Lookup"), ("codes", None)])
def test_the_kind_of_input_can_be_chosen(kind: Any, expected: str | None) -> None:
    net = Net(19)
    net.quantize("q", -10, 300)
    program = net.check(input_kind=kind)
    assert program.inputs[0].kind == kind
    assert kinds(program) == ([expected] if expected else [])


def test_features_and_nchw() -> None:
    net = Net(20, (6,), "N")
    net.quantize("q", 0, 255)
    net.dense("d", 4)
    net.quantize("r", -400, 400)
    net.dense("e", 2)
    net.check()
    other = Net(21, (4, 3, 2), "NCHW")
    other.bytes()
    other.conv("c", 2)
    program = other.check()
    assert program.inputs[0].model_shape == (2, 4, 3)
    channels_first = other.frames.transpose(0, 3, 1, 2)
    assert np.array_equal(
        execute(program, channels_first)["out_c"], execute(program, other.frames)["out_c"]
    )


def test_ends_are_left_to_the_host() -> None:
    net = Net(22, (6,), "N")
    net.quantize("q", 0, 255)
    scores = net.dense("d", 4)
    outputs = [
        net.add("softmax", Softmax(0), scores),
        net.add("sigmoid", Sigmoid(), scores),
        net.add("argmax", ArgMax(0, keepdims=False), scores),
        scores,
    ]
    program = lower(net.graph(*outputs))
    assert [step.op for step in program.outputs[0].after] == ["softmax"]
    result = execute(program, net.frames)
    powers = np.exp(result["out_d"] - result["out_d"].max(axis=1, keepdims=True))
    assert np.allclose(result["out_softmax"], powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert np.array_equal(result["out_argmax"], result["out_d"].argmax(axis=1))
    assert len({out.tensor for out in program.outputs}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_residual_networks(seed: int) -> None:
    net = Net(100 + seed, (6, 6, 3))
    net.bytes()
    net.conv("c1", 4, padding=(1, 1, 1, 1))
    net.add("relu1", Relu())
    skip = net.quantize("q1", 0, 800)
    net.conv("c2", 4, padding=(1, 1, 1, 1))
    net.quantize("q2", -1500, 1700)
    net.add("add", Add(), skip, net.last)
    net.add("relu2", Relu())
    top = net.quantize("q3", 0, 1900)
    net.conv("c3", 4, kernel=(1, 1), stride=(2, 2))
    left = net.quantize("q4", -700, 600)
    net.conv("c4", 4, top, padding=(0, 0, 1, 1), stride=(2, 2))
    right = net.quantize("q5", -2500, 2400)
    net.add("add2", Add(), left, right)
    net.quantize("q6", -2500, 2900)
    net.add("pool", AveragePool((3, 3), (3, 3)))
    net.quantize("q7", -1000, 1000)
    net.add("flat", Reshape((4,)))
    net.dense("scores", 5)
    program = net.check(net.last, "q6")
    assert kinds(program).count("Add") == 2


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda net: net.conv("c", 2), ModelError, "input of Conv 'c' must be quantized"),
        (
            lambda net: (net.bytes(), net.add("c", Conv(np.ones((1, 1, 1, 2))))),
            ModelError,
            "weights of Conv 'c' must be quantized, not float",
        ),
        (
            lambda net: (net.bytes(), net.add("p", AveragePool((2, 2), (1, 1), (1, 1, 0, 0)))),
            UnsupportedError,
            "AveragePool 'p': count_include_pad must be 1",
        ),
        (
            lambda net: (net.bytes(), net.add("t", Transpose((1, 0, 2))), net.conv("c", 2)),
            UnsupportedError,
            "Conv 'c': the input must not be transposed",
        ),
        (
            lambda net: (net.bytes(), net.add("s", Sigmoid()), net.add("r", Relu())),
            UnsupportedError,
            "Relu 'r': must not follow Softmax, Sigmoid or ArgMax",
        ),
    ],
)
def test_refusals_name_the_node(
    build: Callable[[Net], object], error: type[Exception], message: str
) -> None:
    net = Net(23)
    build(net)
    with pytest.raises(error, match=message):
        lower(net.graph())

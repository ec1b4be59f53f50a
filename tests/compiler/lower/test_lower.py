"""Lowering against the graph executed in exact fractions, element by element."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import ArgMax, Sigmoid, Softmax
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import lower, lower_graph
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute

from .nets import Net, kinds, reals


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
    # An odd zero point with ties leaves only the exact sum and what rounds it.
    net = Net(7)
    first = net.bytes()
    net.conv("c", 2, padding=(1, 1, 1, 1))
    second = net.add("q", Quantize((Fraction(1),), (0,), -128, 127))
    net.add("a", Add(), first, second)
    net.add("r", Quantize((Fraction(2),), (5,), -128, 127))
    assert kinds(net.check())[-3:] == ["Add", "Requantize", "Requantize"]


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
        (lambda net: net.conv("c", 2), UnsupportedError, "Conv 'c': the input must be quantized"),
        (
            lambda net: (net.bytes(), net.add("c", Conv(np.ones((1, 1, 1, 2))))),
            UnsupportedError,
            "Conv 'c': the weights must be quantized, not float",
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
        (
            lambda net: (net.bytes(), net.add("s", Sigmoid()), net.add("a", Add(), "q0", "s")),
            UnsupportedError,
            "Add 'a': must not follow Softmax, Sigmoid or ArgMax",
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


def test_what_follows_a_host_op_is_found_behind_other_problems_too() -> None:
    net = Net(24)
    net.bytes()
    net.add("c", Conv(np.ones((2, 1, 1, 2))))
    net.add("s", Sigmoid())
    net.quantize("q", 0, 1)
    net.conv("d", 2)
    lowering = lower_graph(net.graph())
    assert [problem.node for problem in lowering.problems] == ["c", "q"]
    assert lowering.problems[1].text.startswith("must not follow Softmax, Sigmoid or ArgMax")

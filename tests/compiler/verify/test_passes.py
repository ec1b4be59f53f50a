"""``VerifyEach``: wrong passes are named with node, element and both values, right ones are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.slice import Slice
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.ir.origin import Origin, transposed
from sangi.compiler.ir.rebuild import rebuild
from sangi.compiler.passes.base import Pass
from sangi.compiler.passes.pipeline import (
    FLOAT_PASSES,
    LAYOUT_PASSES,
    QUANTIZED_PASSES,
    run_passes,
)
from sangi.compiler.verify import passes as subject
from sangi.compiler.verify.passes import VerifyEach
from sangi.runtime.errors import DataError, MismatchError, ModelError
from sangi.runtime.numerics import Rounding

PIPELINE = (*LAYOUT_PASSES, *QUANTIZED_PASSES)
REPORT = "; this is a defect of sangi, not of the model: please report it"

Change = Callable[[str, Op], Op]


@dataclass(frozen=True)
class Wrong(Pass):
    """A pass that changes the op of one node."""

    name: ClassVar[str] = "wrong"

    node: str
    change: Callable[[Op], Op]

    def __call__(self, graph: Graph) -> Graph:
        return graph.with_ops({self.node: self.change(graph.op(self.node))})


@dataclass(frozen=True)
class DropsRelu(Pass):
    """Takes away a Relu whose work nothing does."""

    name: ClassVar[str] = "drops-relu"

    def __call__(self, graph: Graph) -> Graph:
        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if isinstance(op, Relu):
                return inputs[0]
            return builder.add(name, op, inputs, graph.origin(name))

        return rebuild(graph, visit)


def quantized(scale: str, zero_point: int, low: int = 0, high: int = 255) -> Quantize:
    return Quantize((Fraction(scale),), (zero_point,), low, high)


def network() -> Graph:
    """Channels first, as a reader leaves it: Conv, BatchNorm, Relu, pool and Dense in int8."""
    random = np.random.default_rng(5)
    builder = GraphBuilder("network", {})
    x = builder.add("x", Input("x", (2, 6, 7), "NHWC"))
    x = builder.add("quantize_x", quantized("2", 100), [x], "x_real")
    x = builder.add("conv/in", Transpose((1, 2, 0)), [x])
    weight = random.integers(-127, 128, (3, 3, 3, 2))
    conv = Conv(weight, (Fraction(1, 256),), (Fraction(1), Fraction(0), Fraction(-1)))
    turned = transposed((3, 4, 5), (1, 2, 0))
    x = builder.add("conv", replace(conv, padding=(0, 0, 0, 0)), [x], Origin("conv_out", turned))
    norm = BatchNorm((Fraction(1, 2), Fraction(2), Fraction(-1)), (Fraction(3),) * 3)
    x = builder.add("norm", norm, [x], Origin("norm_out", turned))
    x = builder.add("norm/out", Transpose((2, 0, 1)), [x])
    x = builder.add("relu", Relu(), [x], "relu_out")
    x = builder.add("quantize", quantized("1/2", 10), [x], "quantized")
    x = builder.add("pool/in", Transpose((1, 2, 0)), [x])
    shape = builder.shape(x)
    pool = MaxPool((2, 2), (2, 2), (1, 0, 0, 1))
    rows, columns, channels = pool.infer(shape)
    turned = transposed((channels, rows, columns), (1, 2, 0))
    x = builder.add("pool", pool, [x], Origin("pool_out", turned))
    x = builder.add("pool/out", Transpose((2, 0, 1)), [x])
    x = builder.add("flatten", Reshape((rows * columns * channels,)), [x], "flat")
    weight = random.integers(-127, 128, (4, rows * columns * channels))
    x = builder.add("dense", Dense(weight, (Fraction(1, 512),)), [x], "scores")
    x = builder.add("round", quantized("1/4", 0, -128, 127), [x], "rounded")
    return builder.build([(x, "y")])


def inject(wrong: Pass, place: int) -> tuple[Pass, ...]:
    """The pipeline with one pass more."""
    return (*PIPELINE[:place], wrong, *PIPELINE[place:])


def failure(passes: Iterable[Pass], graph: Graph | None = None) -> str:
    with pytest.raises(MismatchError) as caught:
        run_passes(graph or network(), passes, VerifyEach())
    return str(caught.value)


def where(message: str) -> tuple[str, str, str, str]:
    """Pass, node, tensor and element of a message that also has both values."""
    pattern = (
        r"pass '(.+)' changed a number: node '(.+)' \(tensor '(.+)'\), "
        r"(frame .+): (\S+) before, (\S+) after" + re.escape(REPORT)
    )
    found = re.fullmatch(pattern, message)
    assert found is not None, message
    assert float(found[5]) != float(found[6])
    return found[1], found[2], found[3], found[4]


def test_the_right_pipeline_changes_nothing() -> None:
    verify = VerifyEach()
    graph = run_passes(network(), PIPELINE, verify)
    assert not any(isinstance(graph.op(name), Transpose) for name in graph.order())
    assert verify.passes == len(PIPELINE)
    # All but the Transposes are tensors of the file; Relu, norm and dense go on the way.
    assert verify.tensors > 9 * len(PIPELINE)
    assert verify.summary == (
        f"verified: {len(PIPELINE)} passes, {verify.tensors} tensors compared on 4 frames"
    )


@pytest.mark.parametrize("place", range(3, len(PIPELINE) + 1))
def test_a_dropped_relu(place: int) -> None:
    assert where(failure(inject(DropsRelu(), 3)))[:3] == ("drops-relu", "quantize", "quantized")


def test_a_dropped_relu_word_for_word() -> None:
    builder = GraphBuilder("small")
    x = builder.add("x", Input("x", (2, 2, 2), "NHWC"))
    x = builder.add("minus", Affine((Fraction(1), Fraction(-1)), (Fraction(0),) * 2), [x], "signed")
    x = builder.add("relu_3", Relu(), [x], "relu3_out")
    graph = builder.build(
        [(builder.add("half", Affine((Fraction(1, 2),), (Fraction(0),)), [x]), "y")]
    )
    frames = np.zeros((2, 2, 2, 2))
    frames[1, 1, 0] = 3, 3
    with pytest.raises(MismatchError) as caught:
        run_passes(graph, [DropsRelu()], VerifyEach(frames))
    assert str(caught.value) == (
        "pass 'drops-relu' changed a number: node 'half' (tensor 'half'), frame 1, row 1, "
        "column 0, channel 1: 0 before, -1.5 after; this is a defect of sangi, not of the model: "
        "please report it"
    )


def swapped(op: Op) -> Op:
    assert isinstance(op, BatchNorm)
    return replace(op, scale=(op.scale[1], op.scale[0], op.scale[2]))


def off_by_one(op: Op) -> Op:
    assert isinstance(op, Quantize)
    return replace(op, zero_point=(op.zero_point[0] + 1,))


def transposed_columns(op: Op) -> Op:
    assert isinstance(op, Dense)
    weight = op.weight.reshape(len(op.weight), -1, 3).transpose(0, 2, 1)
    return replace(op, weight=np.ascontiguousarray(weight).reshape(op.weight.shape))


def padded_elsewhere(op: Op) -> Op:
    assert isinstance(op, MaxPool)
    top, left, bottom, right = op.padding
    return replace(op, padding=(bottom, left, top, right))


def half_up(op: Op) -> Op:
    assert isinstance(op, Quantize)
    return replace(op, rounding=Rounding.HALF_UP)


def one_bit_less(op: Op) -> Op:
    assert isinstance(op, Quantize)
    return replace(op, high=127)


def tiny_bias(op: Op) -> Op:
    assert isinstance(op, Conv) and op.bias is not None
    return replace(op, bias=(op.bias[0] + Fraction(1, 10**6), *op.bias[1:]))


@pytest.mark.parametrize(
    ("node", "change", "tensor", "element"),
    [
        ("norm", swapped, "norm_out", "frame 0, row 0, column 0, channel 0"),
        ("quantize", off_by_one, "quantized", r"frame 0, row \d, column \d, channel \d"),
        ("dense", transposed_columns, "scores", "frame 0, element 0"),
        ("pool", padded_elsewhere, "pool_out", r"frame 0, row 0, column \d, channel \d"),
        ("quantize_x", half_up, "x_real", r"frame \d, row \d, column \d, channel \d"),
        ("quantize", one_bit_less, "quantized", r"frame \d, row \d, column \d, channel \d"),
        ("conv", tiny_bias, "conv_out", "frame 0, row 0, column 0, channel 0"),
    ],
)
def test_wrong_passes_between_right_ones(
    node: str, change: Callable[[Op], Op], tensor: str, element: str
) -> None:
    # Behind channels-last and order-dense-columns: elements are found in the new layout.
    step, found, named, place = where(failure(inject(Wrong(node, change), 3)))
    assert (step, found, named) == ("wrong", node, tensor)
    assert re.fullmatch(element, place), place


@dataclass(frozen=True)
class Turned(Pass):
    """Transposes an image wrongly, and says that nothing has moved."""

    name: ClassVar[str] = "turned"

    def __call__(self, graph: Graph) -> Graph:
        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if isinstance(op, Transpose):
                op = Transpose((op.perm[1], op.perm[0], op.perm[2]))
            return builder.add(name, op, inputs, graph.origin(name))

        return rebuild(graph, visit)


def test_elements_in_another_order_must_be_said() -> None:
    builder = GraphBuilder("turned")
    x = builder.add("x", Input("x", (3, 3, 3), "NHWC"))
    x = builder.add("turn", Transpose((2, 0, 1)), [x])
    graph = builder.build([(builder.add("relu", Relu(), [x]), "y")])
    message = failure([Turned()], graph)
    assert where(message)[:3] == ("turned", "turn", "turn")


@dataclass(frozen=True)
class Outputs(Pass):
    """Gives the graph other outputs."""

    name: ClassVar[str] = "outputs"

    outputs: tuple[tuple[str, str], ...]

    def __call__(self, graph: Graph) -> Graph:
        return replace(graph, outputs=self.outputs)


def test_outputs_that_disappear_or_change() -> None:
    builder = GraphBuilder("two")
    x = builder.add("x", Input("x", (2, 3, 4), "NHWC"))
    a = builder.add("a", Relu(), [x])
    b = builder.add("b", Transpose((1, 0, 2)), [a])
    graph = builder.build([(a, "first"), (b, "second")])
    for outputs, found in (
        (((a, "first"),), "node 'b' (tensor 'second'): an output before, none after"),
        (
            ((a, "first"), (a, "second")),
            "node 'a' (tensor 'second'): shape (3, 2, 4) before, (2, 3, 4) after",
        ),
    ):
        message = failure([Outputs(outputs)], graph)
        assert message == f"pass 'outputs' changed a number: {found}{REPORT}"
    same = builder.add("c", Transpose((0, 1, 2)), [x])
    graph = builder.build([(a, "first"), (same, "second")])
    message = failure(
        [Outputs(((same, "first"), (same, "second")))],
        graph.with_ops({same: Affine((Fraction(2),), (Fraction(0),))}),
    )
    assert where(message)[:3] == ("outputs", "c", "first")


def test_another_input_is_named() -> None:
    step = Wrong("x", lambda op: replace(op, shape=(7, 6, 2)))
    builder = GraphBuilder("input")
    x = builder.add("x", Input("x", (6, 7, 2), "NHWC"))
    graph = builder.build([(builder.add("relu", Relu(), [x]), "y")])
    assert failure([step], graph) == (
        f"pass 'wrong' changed the input: 'x' of shape (6, 7, 2) before, 'x' of shape (7, 6, 2) "
        f"after{REPORT}"
    )


@dataclass(frozen=True)
class MeantToChange(Wrong):
    """A pass whose user asked for another function."""

    keeps_numbers: ClassVar[bool] = False


def test_passes_that_are_meant_to_change_numbers() -> None:
    asked = MeantToChange("quantize", off_by_one)
    verify = VerifyEach()
    run_passes(network(), inject(asked, 4), verify)
    assert verify.passes == len(PIPELINE)
    # What follows is verified against what it made.
    wrong = Wrong("quantize", one_bit_less)
    message = failure((*PIPELINE[:4], asked, wrong, *PIPELINE[4:]))
    assert where(message)[:2] == ("wrong", "quantize")


@dataclass(frozen=True)
class Raises(Pass):
    """A pass that cannot go on."""

    name: ClassVar[str] = "raises"

    def __call__(self, graph: Graph) -> Graph:
        raise KeyError("relu_7")


def test_a_pass_that_fails_is_named() -> None:
    with pytest.raises(ModelError) as caught:
        run_passes(network(), [PIPELINE[0], PIPELINE[1], Raises()])
    assert str(caught.value) == (
        "pass 'raises' (behind channels-last, order-dense-columns) failed: KeyError('relu_7')"
    )
    broken = Wrong("conv", lambda op: replace(op, stride=(9, 9), padding=(0, 0, 0, -1)))
    with pytest.raises(ModelError) as caught:
        run_passes(network(), [broken])
    assert str(caught.value) == (
        "pass 'wrong' failed: Conv 'conv': padding must be at least 0, not -1"
    )


def test_images_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"images must have shape \(N, 2, 6, 7\), not \(3, 6, 7\)"):
        run_passes(network(), PIPELINE, VerifyEach(np.zeros((3, 6, 7))))


def test_nodes_named_like_tensors() -> None:
    # Every node is named like the tensor of the file that it makes, as converters do it.
    random = np.random.default_rng(3)
    builder = GraphBuilder("float")
    x = builder.add("x", Input("x", (6, 6, 2), "NHWC"))
    x = builder.add("conv", Conv(random.normal(size=(4, 3, 3, 2))), [x])
    x = builder.add("pool", MaxPool((2, 2), (2, 2)), [x])
    graph = builder.build([(builder.add("relu", Relu(), [x]), "y")])
    verify = VerifyEach(random.normal(size=(2, 6, 6, 2)))
    after = run_passes(graph, FLOAT_PASSES[:1], verify)
    assert [type(after.op(name)) for name in after.order()] == [Input, Conv, Relu, MaxPool]
    # x, conv, and relu's tensor, which the pool makes now; and the output.
    assert verify.tensors == 4


def test_parts_of_a_tensor() -> None:
    builder = GraphBuilder("parts")
    x = builder.add("x", Input("x", (4,), "N"))
    graph = builder.build([(builder.add("y", Relu(), [x], Origin("y")), "out")])
    for factor, wrong in ((1, False), (2, True)):
        builder = GraphBuilder("parts")
        x = builder.add("x", Input("x", (4,), "N"))
        part = builder.add("part", Slice((1,), (2,), (1,)), [x], "no tensor of the file")
        scaled = Affine((Fraction(factor),), (Fraction(0),))
        part = builder.add("scaled", scaled, [part], Origin("y", np.array([1, 2])))
        end = builder.add("y", Relu(), [x])
        after = builder.build([(part, "unused"), (end, "out")])
        verify = VerifyEach(np.array([[1.0, 2, 3, 4]]))
        if not wrong:
            verify(FLOAT_PASSES[0], graph, after)
            continue
        with pytest.raises(MismatchError) as caught:
            verify(FLOAT_PASSES[0], graph, after)
        assert where(str(caught.value))[1:] == ("scaled", "y", "frame 0, element 0")


def test_a_name_of_the_file_that_a_pass_made_as_well() -> None:
    def named(*tensors: str) -> Graph:
        builder = GraphBuilder("names")
        node = builder.add("x", Input("x", (4,), "N"))
        for number, tensor in enumerate(tensors):
            op = Affine((Fraction(2),), (Fraction(1),))
            node = builder.add(f"n{number}", op, [node], tensor)
        return builder.build([(node, "out")])

    verify = VerifyEach()
    verify(FLOAT_PASSES[0], named("same", "same"), named("same", "same"))
    assert verify.tensors == 4
    with pytest.raises(MismatchError) as caught:
        verify(FLOAT_PASSES[0], named("other", "same"), named("same", "other"))
    assert where(str(caught.value))[1:3] == ("n0", "same")


def test_an_input_that_disappears() -> None:
    builder = GraphBuilder("constant")
    lost = builder.build([])
    graph = network()
    with pytest.raises(MismatchError) as caught:
        VerifyEach()(FLOAT_PASSES[0], graph, lost)
    assert str(caught.value) == (
        "pass 'relu-before-pool' changed the input: 'x' of shape (2, 6, 7) before, none after"
        + REPORT
    )


def test_large_frames_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = network()
    elements = sum(int(np.prod(graph.shape(name))) for name in graph.order())
    for limit, frames in ((elements - 1, 1), (3 * elements, 3), (99 * elements, 4)):
        monkeypatch.setattr(subject, "MAX_ELEMENTS", limit)
        assert VerifyEach().sample(graph).shape == (frames, 2, 6, 7)
        assert len(VerifyEach(np.zeros((9, 6, 7, 2))).sample(graph)) == frames

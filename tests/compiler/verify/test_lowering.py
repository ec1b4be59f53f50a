"""The program against its graph: wrong programs are found, exact ones are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import ArgMax
from sangi.compiler.lower.lower import lower_graph
from sangi.compiler.verify.passes import VerifyEach
from sangi.runtime.errors import MismatchError
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.conv import Conv as ProgramConv
from sangi.runtime.program import Node, Program, Step

REPORT = "; this is a defect of sangi, not of the model: please report it"


def grid(scale: Fraction, rounding: Rounding = Rounding.HALF_EVEN) -> Quantize:
    return Quantize((scale,), (3,), -128, 127, rounding)


def network() -> Graph:
    random = np.random.default_rng(1)
    builder = GraphBuilder("network")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    x = builder.add("codes", Quantize((Fraction(1),), (0,), 0, 255), [x])
    weight = random.integers(-127, 128, (3, 3, 3, 2))
    conv = Conv(weight, (Fraction(1, 100),), (Fraction(1, 3),) * 3, padding=(1, 1, 1, 1))
    c = builder.add("conv", conv, [x], "conv_out")
    relu = builder.add("relu", Relu(), [c])
    q = builder.add("first", grid(Fraction(5, 2)), [relu], "first_out")
    total = builder.add("sum", Add(), [q, builder.add("other", grid(Fraction(3)), [c])])
    q = builder.add("second", grid(Fraction(4)), [total], "second_out")
    flat = builder.add("flat", Reshape((48,)), [q])
    dense = Dense(random.integers(-127, 128, (5, 48)), (Fraction(1, 700),))
    return builder.build([(builder.add("scores", dense, [flat]), "y")])


def check(graph: Graph, change: Callable[[Program], Program] = lambda program: program) -> int:
    """Lower, change the program, compare; return the number of tensors compared."""
    lowering = lower_graph(graph)
    assert lowering.program is not None, lowering.problems
    verify = VerifyEach()
    verify.lowered(graph, change(lowering.program), lowering.values)
    return verify.tensors


def with_op(program: Program, name: str, change: Callable[[Op], Op]) -> Program:
    def changed(node: Node) -> Node:
        return replace(node, op=change(node.op)) if node.name == name else node

    assert any(node.name == name for node in program.nodes)
    return replace(program, nodes=tuple(changed(node) for node in program.nodes))


def failure(graph: Graph, change: Callable[[Program], Program]) -> str:
    with pytest.raises(MismatchError) as caught:
        check(graph, change)
    message = str(caught.value)
    assert message.startswith("'lower' changed a number: ") and message.endswith(REPORT)
    return message.removeprefix("'lower' changed a number: ").removesuffix(REPORT)


def test_every_node_is_compared() -> None:
    graph = network()
    # All but the input itself, and the output.
    assert check(graph) == len(graph.order())


def test_a_wrong_sum_is_named() -> None:
    def change(op: Op) -> Op:
        assert isinstance(op, ProgramConv)
        weight = op.weights.copy()
        weight[1, 1, 1, 0] += 1
        return replace(op, weights=weight)

    message = failure(network(), lambda program: with_op(program, "conv", change))
    assert message.startswith(
        "node 'conv' (tensor 'conv_out'), frame 0, row 0, column 0, channel 1: "
    )
    assert " in the graph, " in message and message.endswith(" in the program")


def test_a_wrong_code_is_named() -> None:
    def change(program: Program) -> Program:
        node = next(node for node in program.nodes if node.output == "first_out")
        return with_op(program, node.name, lambda op: replace(op, high=100))

    message = failure(network(), change)
    assert message.startswith("node 'first' (tensor 'first_out'), frame ")


def test_a_wrong_output_is_named() -> None:
    def change(program: Program) -> Program:
        (output,) = program.outputs
        return replace(program, outputs=(replace(output, offset=output.offset + 1e-3),))

    assert failure(network(), change).startswith("node 'scores' (tensor 'y'), frame 0, element 0: ")


def halves(rounding: Rounding, weight_scale: Fraction = Fraction(1, 2)) -> Graph:
    """Sums whose quotients are all halves and wholes, or as near to them as weights tell."""
    builder = GraphBuilder("halves")
    x = builder.add("x", Input("x", (16,), "N"))
    x = builder.add("codes", Quantize((Fraction(1),), (0,), -128, 127), [x])
    x = builder.add("dense", Dense(np.eye(16, dtype=np.int64), (weight_scale,)), [x])
    return builder.build([(builder.add("round", grid(Fraction(1), rounding), [x]), "y")])


def test_a_wrong_tie_is_no_noise() -> None:
    right, wrong = (lower_graph(halves(r)) for r in (Rounding.HALF_EVEN, Rounding.HALF_UP))
    assert right.program is not None and wrong.program is not None
    verify = VerifyEach()
    verify.lowered(halves(Rounding.HALF_EVEN), right.program, right.values)
    with pytest.raises(MismatchError, match=r"^'lower' changed a number: node 'round' "):
        verify.lowered(halves(Rounding.HALF_EVEN), wrong.program, right.values)


def test_what_only_rationals_tell_apart() -> None:
    # Quotients 2^-40 beside a tie: float64 takes them for ties, the program does not.
    for sign in (1, -1):
        scale = Fraction(1, 2) + sign * Fraction(1, 2**41)
        lowering = lower_graph(halves(Rounding.HALF_EVEN, scale))
        tie = lower_graph(halves(Rounding.HALF_EVEN))
        assert lowering.program is not None and tie.program is not None
        verify = VerifyEach()
        verify.lowered(halves(Rounding.HALF_EVEN, scale), lowering.program, lowering.values)
        assert verify.tensors == 4


@pytest.mark.parametrize("keepdims", [False, True])
def test_equal_scores(keepdims: bool) -> None:
    # 5/70 * n and 1/70 * 5n are equal, and float64 makes the second larger for n = 5.
    builder = GraphBuilder("classes")
    x = builder.add("x", Input("x", (1,), "N"))
    x = builder.add("codes", Quantize((Fraction(1, 10),), (0,), 0, 15), [x])
    twins = Dense(np.array([[0], [1], [5]]), (Fraction(1, 7), Fraction(5, 7), Fraction(1, 7)))
    x = builder.add("dense", twins, [x])
    graph = builder.build([(builder.add("class", ArgMax(0, keepdims), [x]), "y")])
    lowering = lower_graph(graph)
    assert lowering.program is not None
    frames = np.arange(16).reshape(16, 1) / 10
    VerifyEach(frames, frames=16).lowered(graph, lowering.program, lowering.values)

    def change(program: Program) -> Program:
        (output,) = program.outputs
        return replace(program, outputs=(replace(output, scale=-output.scale),))

    program = change(lowering.program)
    with pytest.raises(MismatchError) as caught:
        VerifyEach(frames, frames=16).lowered(graph, program, lowering.values)
    # The classes of the first frame are all 0.
    assert str(caught.value).startswith(
        "'lower' changed a number: node 'class' (tensor 'y'), frame 1"
    )


def by_host() -> Graph:
    """Features whose quotients by the host are ties with noise: 29 * 0.1 / 0.2 is not 14.5."""
    builder = GraphBuilder("host")
    x = builder.add("x", Input("x", (100,), "N"))
    x = builder.add("tenth", Affine((Fraction(1, 10),), (Fraction(0),)), [x])
    x = builder.add("codes", Quantize((Fraction(1, 5),), (0,), 0, 255), [x])
    return builder.build([(x, "y")])


def test_noise_of_the_host_is_no_difference() -> None:
    assert 29 * 0.1 / 0.2 > 14.5
    frames = np.arange(100.0).reshape(1, 100)
    lowering = lower_graph(by_host(), input_kind="codes")
    assert lowering.program is not None and lowering.program.inputs[0].kind == "codes"
    VerifyEach(frames).lowered(by_host(), lowering.program, lowering.values)

    (entry,) = lowering.program.inputs
    first, second = entry.before
    wrong = Step("quantize", {**second.attributes, "scale": [0.21]})
    program = replace(lowering.program, inputs=(replace(entry, before=(first, wrong)),))
    with pytest.raises(MismatchError, match=r"^'lower' changed a number: node 'codes' "):
        VerifyEach(frames).lowered(by_host(), program, lowering.values)


def test_thresholds_beside_the_sums() -> None:
    builder = GraphBuilder("thresholds")
    x = builder.add("x", Input("x", (8,), "N"))
    x = builder.add("codes", Quantize((Fraction(1),), (0,), -8, 7), [x])
    x = builder.add("dense", Dense(np.eye(8, dtype=np.int64), (Fraction(1, 4),)), [x])
    # The second threshold lies just above a sum: float64 takes it for reached.
    edges = (Fraction(-1), Fraction(1, 2) + Fraction(1, 2**40), Fraction(1))
    steps = MultiThreshold((edges,), Fraction(1, 2), Fraction(-1))
    graph = builder.build([(builder.add("steps", steps, [x]), "y")])
    lowering = lower_graph(graph)
    assert lowering.program is not None, lowering.problems
    frames = np.arange(-8.0, 8).reshape(2, 8)
    verify = VerifyEach(frames)
    verify.lowered(graph, lowering.program, lowering.values)
    assert verify.tensors == 4
    moved = replace(steps, thresholds=((*edges[:2], Fraction(3, 4)),))
    with pytest.raises(MismatchError, match=r"node .steps. .*: 0.5 in the graph, 0 in the"):
        verify.lowered(graph.with_ops({"steps": moved}), lowering.program, lowering.values)

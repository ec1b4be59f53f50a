"""Outputs: real values per channel, several of them, and what cannot be one."""

from fractions import Fraction

import numpy as np

from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import Softmax
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import lower_graph
from sangi.runtime.host import execute

from .nets import Net, kinds

ONE = Fraction(1)


def test_pending_clips_of_either_side_are_left_to_the_host() -> None:
    net = Net(1)
    net.bytes()
    net.conv("c", 3)
    net.add("relu", Relu())
    net.add("bn", BatchNorm((ONE, -ONE, ONE * 0), (ONE, ONE * 3, -ONE)))
    program = net.check("c", "relu", "bn")
    assert kinds(program) == ["Requantize", "Conv"]
    (step,) = program.outputs[2].after
    assert step.attributes == {"low": [1.0, None, -1.0], "high": [None, 3.0, None]}


def test_a_tensor_that_is_read_inside_is_an_output_twice() -> None:
    net = Net(2)
    net.bytes()
    conv = net.conv("c", 2)
    net.quantize("q", -300, 300)
    net.add("t", Transpose((2, 0, 1)))
    net.add("f", Reshape((12,)))
    net.dense("d", 3)
    graph = net.builder.build([(conv, "first"), ("q", "second"), (conv, "third"), ("t", "moved")])
    program = lower_graph(graph).program
    assert program is not None
    results = execute(program, net.frames)
    assert np.array_equal(results["first"], results["third"])
    assert np.array_equal(results["second"].transpose(0, 3, 1, 2), results["moved"])
    net.check(conv, "q", "t", "f", "d")


def test_every_output_that_cannot_be_one_is_a_problem() -> None:
    net = Net(3)
    net.bytes()
    net.add("q", Quantize((Fraction(1, 3**40),), (0,), -(2**15), 2**15 - 1))
    net.add("r", Quantize((Fraction(1, 2**40),), (0,), -(2**15), 2**15 - 1), "q0")
    net.add("sum", Add(), "q", "r")
    net.add("half", Affine((ONE / 2,), (ONE,)), "x")
    lowering = lower_graph(net.graph("x", "half", "sum", "q0"))
    assert lowering.program is None
    assert [(p.op, p.node) for p in lowering.problems] == [
        ("Input", "x"),
        ("Affine", "half"),
        ("Add", "sum"),
    ]
    assert "must be computed in the circuit, not be the real input" in lowering.problems[0].text
    assert lowering.values["q0"] is not None


def test_a_tail_of_a_real_input_is_a_problem() -> None:
    net = Net(4, (6,), "N")
    net.add("softmax", Softmax(0))
    assert "Softmax 'softmax': output 'out_softmax' must be computed" in net.refusal()

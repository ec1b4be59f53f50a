"""A program with its channels in other orders against the one before."""

from dataclasses import replace

import numpy as np
import pytest

from sangi.compiler.order.order import order_channels
from sangi.compiler.verify.passes import DEFECT, VerifyEach
from sangi.runtime.errors import MismatchError
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense

from ..mapping.programs import Builder
from ..order.test_order import uneven


def program():
    net = Builder((8, 8, 3))
    x = net.requantize("q", net.conv("first", "x", 16, ternary=True))
    x = net.requantize("q0", net.node("c0", Conv(uneven(16, 16, 0), padding=(1,) * 4), x))
    return net.program(net.dense("end", net.flatten("flat", x), 4))


def test_the_same_outputs_pass():
    verify = VerifyEach()
    before = program()
    after = order_channels(before)
    assert after is not before
    verify.ordered(before, after)
    assert verify.tensors == 1
    verify.ordered(before, before)
    assert verify.tensors == 1


def test_another_output_is_named():
    before = program()
    after = order_channels(before)
    *nodes, end = after.nodes
    weights = end.op.weights.copy()
    weights[2] += 1
    wrong = replace(after, nodes=(*nodes, replace(end, op=Dense(weights))))
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3))
    frame = int(np.argmax(before.run(x)["end"][:, 2] != wrong.run(x)["end"][:, 2]))
    want, got = (int(p.run(x)["end"][frame, 2]) for p in (before, wrong))
    text = f"'order' changed a number: output 'end', frame {frame}, element 2: {want:.6g} before,"
    with pytest.raises(MismatchError) as caught:
        VerifyEach().ordered(before, wrong)
    assert str(caught.value) == f"{text} {got:.6g} after; {DEFECT}"

"""Joined plans: fewer passes, the same values (for the values see test_module)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sangi.compiler.compress.torch_net.plan import Round, joined_plan, plain_plan
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.numerics import Rounding

from ..graphs import Net
from .networks import small


def test_a_plain_plan_has_a_call_for_every_node():
    graph = small().graph
    plan = plain_plan(graph)
    assert tuple(call.target for call in plan) == graph.order()
    assert [call.op for call in plan if isinstance(call.op, Relu)]


def test_norm_relu_quantizer_and_pooling_are_joined():
    plan = joined_plan(small().graph)
    assert not [call for call in plan if isinstance(call.op, Relu)]
    kinds = {call.target: type(call.op).__name__ for call in plan}
    last = next(target for target in kinds if target.endswith("pool"))
    assert kinds[last] == "Round" and kinds[f"{last}|pooled"] == "MaxPool"
    (norm,) = (call for call in plan if call.node == "a/norm")
    assert norm.divisor == pytest.approx(0.23)
    assert [call.op.divided for call in plan if isinstance(call.op, Round)] == [True] * 3


def test_what_others_read_is_not_joined():
    net = Net()
    x = net.relu(net.conv(net.x, 4, "conv"))
    q = net.add("q", Quantize((Fraction(1, 3),), (1,), 0, 15), x)
    pool = net.add("pool", MaxPool((2, 2), (2, 2)), q)
    graph = net.build(x, q, pool)
    assert [type(call.op) for call in joined_plan(graph)][1:] == [Conv, Relu, Round, MaxPool]
    (rounding,) = (call.op for call in joined_plan(graph) if isinstance(call.op, Round))
    assert (rounding.low, rounding.high, rounding.divided) == (-1, 14, False)


@pytest.mark.parametrize(
    "change", ({"rounding": Rounding.FLOOR}, {"scale": (Fraction(1),) * 3, "zero_point": (0,) * 3})
)
def test_other_quantizers_are_refused_by_name(change):
    net = Net()
    grid = replace(Quantize((Fraction(1),), (0,), 0, 255), **change)
    graph = net.build(net.add("odd", grid, net.x))
    with pytest.raises(UnsupportedError, match=r"quantizer 'odd' must have one grid and round"):
        plain_plan(graph)

"""Channels in any order that the ties allow: every output stays, bit for bit."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.order.arrange import arrange, orders_of
from sangi.compiler.order.ties import ties_of
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.threshold import Threshold

from ..mapping.branchy import draw_dense, draw_program
from ..mapping.programs import Builder


def draw_orders(program, ties, seed):
    rng = np.random.default_rng(seed)
    return {name: rng.permutation(program.types[name].channels) for name in ties.free}


def frames_of(program, seed=0):
    shape = program.types[program.inputs[0].tensor].shape
    return np.random.default_rng(seed).integers(0, 256, (3, *shape))


def tables(seed):
    """A network with a table per channel of every kind, an Add with factors per channel, groups."""
    rng = np.random.default_rng(seed)
    net = Builder((4, 5, 3), seed)
    x = net.requantize("q", net.conv("c", "x", 6))
    steps = np.sort(rng.integers(-100, 100, (6, 7)), axis=1)
    y = net.node("steps", Threshold(steps, np.sort(rng.integers(0, 16, (6, 8)), axis=1)), x)
    y = net.requantize("qd", net.conv("depthwise", y, 6, groups=6))
    y = net.node("table", Lookup(rng.integers(-8, 8, (6, 256)), -128), y)
    y = net.requantize("qe", net.conv("back", y, 6, 1))
    added = net.add("sum", x, y)
    op = net.nodes[-1].op
    factors = rng.integers(1 << 14, 1 << 15, (2, 6))
    net.nodes[-1] = replace(
        net.nodes[-1], op=replace(op, multipliers=factors, offset=rng.integers(0, 1 << 15, 6))
    )
    return net.program(net.dense("end", net.flatten("flat", net.maxpool("pool", added)), 4))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([draw_program, draw_dense, tables]))
def test_outputs_stay(seed, draw):
    program = draw(seed)
    ties = ties_of(program)
    orders = draw_orders(program, ties, seed)
    other = arrange(program, ties, orders)
    x = frames_of(program, seed)
    before, after = program.run(x), other.run(x)
    everywhere = orders_of(program, ties, orders)
    for name, order in everywhere.items():
        np.testing.assert_array_equal(after[name], before[name][..., order], name)
    for output in program.outputs:
        np.testing.assert_array_equal(after[output.tensor], before[output.tensor])
    assert other.types == program.types


@pytest.mark.parametrize("draw", [draw_program, draw_dense, tables])
def test_something_moves(draw):
    moved = 0
    for seed in random.Random(0).sample(range(1000), 8):
        program = draw(seed)
        ties = ties_of(program)
        other = arrange(program, ties, draw_orders(program, ties, seed))
        moved += other.digest != program.digest
    assert moved >= 6

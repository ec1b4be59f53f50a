"""Plans: units, streams, forks and width converters."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.compiler.mapping.divisors import divisors, fewest_lanes
from sangi.compiler.mapping.names import unit_name
from sangi.compiler.mapping.offers import Offers
from sangi.compiler.mapping.plan import TooFast, make_plan
from sangi.compiler.mapping.wishes import Wishes
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.fork.params import ForkParams
from sangi.hdl.globalpool.params import GlobalPoolParams
from sangi.hdl.width.params import WidthParams
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.threshold import Threshold

from .programs import Builder, digits, resnet8


def slots_of(plan, kind):
    return [slot for slot in plan.slots if isinstance(slot.options[0], kind)]


def check_wiring(plan):
    """Every edge has the ends that name it, in topological order, with the beats they say."""
    for number, edge in enumerate(plan.edges):
        if edge.source is not None:
            assert number in plan.slots[edge.source].outputs
        if edge.target is not None:
            assert number in plan.slots[edge.target].inputs
        if edge.source is not None and edge.target is not None:
            assert edge.source < edge.target
    for slot in plan.slots:
        for params in slot.options:
            if isinstance(params, FoldedParams):
                assert params.window.beat == plan.edges[slot.inputs[0]].beat
                assert params.out == plan.edges[slot.outputs[0]].beat


@pytest.mark.parametrize("interval", [100_000, 20_000, 9_216])
def test_resnet8_keeps_the_interval(interval):
    plan = make_plan(resnet8(), interval)
    check_wiring(plan)
    assert all(edge.beats <= interval for edge in plan.edges)
    assert all(params.cycles <= interval for slot in plan.slots for params in slot.options)


def test_resnet8_has_the_forks_of_its_branches():
    plan = make_plan(resnet8(), 100_000)
    forks = slots_of(plan, ForkParams)
    assert [slot.name for slot in forks] == [
        "l02_fork_first_q",
        "l08_fork_stack0_add",
        "l16_fork_stack1_add",
    ]
    assert all(slot.node is None and len(slot.outputs) == 2 for slot in forks)
    assert not slots_of(plan, WidthParams)
    assert len(slots_of(plan, GlobalPoolParams)) == 1


def test_outside_streams_have_one_lane_where_that_is_fast_enough():
    b = Builder((4, 4, 3))
    program = b.program(b.requantize("q", "x"))
    for interval, lanes in ((48, 1), (47, 3)):
        plan = make_plan(program, interval)
        assert [edge.beat.lanes for edge in plan.edges] == [lanes, lanes]


def test_too_fast_names_the_node():
    with pytest.raises(TooFast) as caught:
        make_plan(digits(), 60)
    assert caught.value.node in ("x", "conv1")


def test_ternary_weights_have_no_multiplier():
    b = Builder((4, 4, 2))
    plan = make_plan(b.program(b.conv("c", "x", 4, ternary=True)), 100_000)
    options = plan.slots[0].options
    assert {params.multiplier for params in options} == {"ternary"}
    assert {params.weight_bits for params in options} == {2}


def test_values_decide_what_is_ternary():
    b = Builder((4, 4, 2))
    b.weights = lambda shape, ternary: np.full(shape, 2, dtype=np.int64)
    program = b.program(b.conv("c", "x", 4, ternary=True))
    plan = make_plan(program, 1000, Offers(program, Wishes(engines=("folded",))))
    assert {params.multiplier for params in plan.slots[0].options} == {"dsp", "lut"}
    assert {params.weight_bits for params in plan.slots[0].options} == {3}


def test_sum_of_a_tensor_with_itself():
    b = Builder((4, 4, 2))
    plan = make_plan(b.program(b.add("twice", "x", "x")), 100)
    fork, add = plan.slots
    assert fork.outputs == add.inputs
    assert len(set(add.inputs)) == 2


def test_output_that_is_used_as_well():
    b = Builder((4, 4, 2))
    x = b.requantize("q", b.conv("c", "x", 4))
    y = b.requantize("q2", b.conv("c2", x, 4))
    plan = make_plan(b.program(x, y), 1000)
    check_wiring(plan)
    outside = [edge.tensor for edge in plan.edges if edge.target is None]
    assert sorted(outside) == ["q", "q2"]
    assert len(slots_of(plan, ForkParams)) == 1


def test_reshape_is_no_unit_and_names_the_output():
    b = Builder((4, 4, 2))
    plan = make_plan(b.program(b.flatten("flat", b.requantize("q", "x"))), 100)
    assert len(plan.slots) == 1
    assert plan.edges[-1].tensor == "flat"


def test_addends_of_different_lanes_meet():
    """Three lanes of a (2, 1, 3) pixel and two of six channels: six lanes both."""
    b = Builder((2, 1, 3))
    x = b.requantize("q", "x")
    a = b.node("pairs", Reshape((1, 1, 6)), x)
    c = b.conv("c", a, 6, kernel=1)
    plan = make_plan(b.program(b.add("add", a, c)), 3)
    check_wiring(plan)
    add = plan.slots[-1]
    assert [plan.edges[number].beat.lanes for number in (*add.inputs, *add.outputs)] == [6, 6, 6]
    assert len(slots_of(plan, WidthParams)) == 2


def test_addends_that_cannot_meet_are_too_fast():
    b = Builder((2, 1, 3))
    a = b.node("pairs", Reshape((1, 3, 2)), b.requantize("q", "x"))
    with pytest.raises(TooFast):
        make_plan(b.program(b.add("add", a, a)), 2)


def test_a_reshape_may_need_a_width_converter():
    """Three lanes of a (1, 1, 3) pixel do not divide two channels: one lane between."""
    b = Builder((2, 1, 3))
    x = b.flatten("flat", "x")
    x = b.node("pairs", Reshape((1, 3, 2)), x)
    y = b.requantize("q", x)
    plan = make_plan(b.program(y), 6)
    assert [edge.beat.lanes for edge in plan.edges] == [1, 1]
    with pytest.raises(TooFast):
        make_plan(b.program(y), 3)


def test_dead_nodes_have_no_unit():
    b = Builder((4, 4, 2))
    kept = b.requantize("kept", "x")
    b.requantize("dead", "x")
    assert [slot.node for slot in make_plan(b.program(kept), 100).slots] == ["kept"]


def test_an_output_that_is_an_input_is_refused():
    b = Builder((4, 4, 2))
    with pytest.raises(UnsupportedError, match="output 'x' must be computed"):
        make_plan(b.program("x"), 1000)


def test_thresholds_that_count_up_need_no_values():
    b = Builder((2, 2, 2))
    thresholds = np.array([[-5, 0, 9]], dtype=np.int64)
    for values, affine in (([[3, 4, 5, 6]], True), ([[3, 4, 4, 6]], False)):
        op = Threshold(thresholds, np.array(values, dtype=np.int64))
        plan = make_plan(b.program(b.node(f"t{affine}", op, "x")), 100)
        (params,) = plan.slots[0].options
        assert (params.affine, params.steps, params.threshold_bits) == (affine, 3, 5)


def test_widths_of_a_requantizer_hold_every_value():
    b = Builder((2, 2, 3))
    program = b.program(b.requantize("q", b.conv("c", "x", 5)))
    op, source = program.nodes[1].op, program.types["c"]
    (params, _) = make_plan(program, 1000).slots[1].options
    ends = [
        int(x) * m + o
        for x in (source.low, source.high)
        for m, o in zip(op.multiplier.tolist(), op.offset.tolist(), strict=True)
    ]
    half = 1 << (params.product_bits - 1)
    assert -half <= min(ends) and max(ends) < half
    assert not (-half // 2 <= min(ends) and max(ends) < half // 2)
    assert int(op.multiplier.max()) < 1 << params.multiplier_bits
    assert not params.multiplier_signed


def test_divisors_and_lanes():
    assert divisors(12) == (1, 2, 3, 4, 6, 12)
    assert fewest_lanes(1024 * 16, 16, 4096) == 4
    assert fewest_lanes(1024 * 16, 16, 1023) is None


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("model/conv2d_1/BiasAdd", "l03_conv_model_conv2d_1_biasadd"),
        ("a" * 60, "l03_conv_" + "a" * 31),
        ("--", "l03_conv"),
        ("Übergröße 1", "l03_conv_bergr_e_1"),
    ],
)
def test_names(node, name):
    assert unit_name(3, "conv", node) == name
    assert len(name) <= 40

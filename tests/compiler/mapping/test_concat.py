"""Joined streams: lanes that every input's channels allow, or whole pixels."""

import pytest

from sangi.compiler.mapping.plan import TooFast, make_plan
from sangi.hdl.concat.params import ConcatParams
from sangi.hdl.width.params import WidthParams

from .programs import Builder
from .test_plan import check_wiring, slots_of


def joined(first, second, interval, axis=-1):
    """The plan of two layers of so many channels on 4×4 pixels, joined."""
    b = Builder((4, 4, 2))
    x = b.requantize("a", b.conv("ca", "x", first, 1))
    y = b.requantize("b", b.conv("cb", "x", second, 1))
    plan = make_plan(b.program(b.concat("j", x, y, axis=axis)), interval)
    check_wiring(plan)
    assert all(edge.beats <= interval for edge in plan.edges)
    assert all(params.cycles <= interval for slot in plan.slots for params in slot.options)
    (slot,) = slots_of(plan, ConcatParams)
    (params,) = slot.options
    assert params.beats == tuple(plan.edges[number].beat for number in slot.inputs)
    assert params.out == plan.edges[slot.outputs[0]].beat
    return plan, params


@pytest.mark.parametrize(("interval", "lanes"), [(1000, 1), (320, 1), (319, 2), (80, 4)])
def test_the_fewest_lanes_that_are_fast(interval, lanes):
    plan, params = joined(8, 12, interval)
    assert params == ConcatParams(
        16, (8 // lanes, 12 // lanes), params.beats, params.out, together=False
    )
    assert params.out.lanes == lanes
    # Both layers give 1 lane, at the last 2 and 3: these become 4 by way of 12.
    assert len(slots_of(plan, WidthParams)) == {1: 0, 2: 2, 4: 3}[lanes]


def test_channels_without_a_common_divisor_are_joined_by_the_pixel():
    """7 and 5 channels of 16 pixels: 12 lanes, then 4 at 3 cycles a pixel."""
    plan, params = joined(7, 5, 48)
    assert params.together and params.counts == (1, 1)
    assert [beat.lanes for beat in (*params.beats, params.out)] == [7, 5, 12]
    assert plan.edges[-1].beat.lanes == 4
    assert slots_of(plan, WidthParams)[-1].outputs == (len(plan.edges) - 1,)


def test_whole_pixels_where_all_lanes_are_needed():
    plan, params = joined(7, 5, 16)
    assert params.together
    assert plan.edges[-1].beat.lanes == 12


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_and_columns(axis):
    _, params = joined(6, 6, 100, axis)
    turns = (1, 4)[axis]
    assert (params.turns, params.counts) == (turns, (96 // turns // 2,) * 2)


def test_what_is_too_fast():
    b = Builder((4, 4, 2))
    x = b.requantize("a", b.conv("ca", "x", 3))
    with pytest.raises(TooFast, match="j"):
        make_plan(b.program(b.concat("j", x, x, axis=0)), 31)

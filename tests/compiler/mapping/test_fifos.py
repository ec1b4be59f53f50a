"""Depths of FIFOs: enough, and on the critical ones not one too many."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sangi.boards.load import load_board
from sangi.compiler.frontend import load
from sangi.compiler.mapping.dataflow import dataflow_of
from sangi.compiler.mapping.fifos import size_fifos
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.memory import burst_of, least_depth
from sangi.compiler.mapping.wishes import Wishes
from sangi.compiler.order.order import order_channels
from sangi.runtime.errors import FitError
from sangi.sim.dataflow.execute import Deadlock, execute
from sangi.sim.dataflow.occupancy import occupancy
from sangi.sim.dataflow.precedence import unfold
from sangi.sim.dataflow.steady import free_interval, paced, steady
from sangi.sim.dataflow.trials import Trials

from ...sim.dataflow_networks import sustains, with_depths
from .programs import Builder

EXAMPLES = Path(__file__).parents[3] / "examples"

FOLDED = Wishes(engines=("folded",))

relaxed = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def branchy(draw):
    """A network with residual branches of different length, strides and pooling."""
    b = Builder((draw(st.integers(4, 7)), draw(st.integers(4, 7)), draw(st.integers(1, 3))))
    filters = draw(st.sampled_from([2, 4, 6]))
    x = b.requantize("q", b.conv("c", "x", filters))
    for stack in range(draw(st.integers(1, 2))):
        stride = draw(st.integers(1, 2))
        branches = []
        for branch in "ab":
            y = x
            for layer in range(draw(st.integers(0, 2))):
                name = f"{stack}{branch}{layer}"
                y = b.requantize(f"q{name}", b.conv(f"c{name}", y, filters))
            name = f"{stack}{branch}"
            branches.append(b.requantize(f"q{name}", b.conv(f"c{name}", y, filters, 3, stride)))
        x = b.add(f"add{stack}", *branches)
    if draw(st.booleans()):
        x = b.global_sum("pool", x)
    return b.program(b.dense("dense", b.flatten("flat", x), 3))


@relaxed
@given(branchy(), st.sampled_from([None, 1000.0, 20_000.0]))
def test_branchy_networks_neither_stop_nor_slow(program, target_fps):
    board = load_board("ulx3s_85f")
    design = map_program(program, board, target_fps=target_fps, wishes=FOLDED)
    dataflow = dataflow_of(design)
    needed = free_interval(dataflow)
    assert design.cycles_per_frame == needed
    if target_fps is not None:
        assert design.clock_mhz * 1e6 / needed >= target_fps
    frames = 12
    starts = execute(unfold(dataflow, frames)).starts[-1].reshape(frames, -1)
    pace = (starts[-1, -1] - starts[frames // 2, -1]) / (frames - 1 - frames // 2)
    assert pace <= needed


@st.composite
def deep(draw):
    """A network of which many short frames are under way at once, with or without a shortcut."""
    convolutions, features = draw(st.booleans()), draw(st.sampled_from([2, 4, 16]))
    b = Builder((4, 4, 2) if convolutions else (features,))
    x = y = b.requantize("q", "x")
    for layer in range(draw(st.integers(1, 12))):
        name = f"c{layer}"
        sums = b.conv(name, y, 2) if convolutions else b.dense(name, y, features)
        y = b.requantize(f"q{layer}", sums)
    return b.program(b.add("add", x, y) if draw(st.booleans()) else y)


@relaxed
@given(deep(), st.sampled_from([None, 3e6, 1e8]))
def test_networks_of_many_frames_under_way_are_as_fast_as_their_slowest_unit(program, target_fps):
    board = load_board("zcu104")
    try:
        design = map_program(program, board, target_fps=target_fps, clock_mhz=100.0, wishes=FOLDED)
    except FitError as error:
        assert "with all its lanes" in str(error)
    else:
        keeps_its_pace(design)


@pytest.mark.parametrize("shape", [(16,), (4, 4, 2)])
def test_a_shortcut_past_many_frames_is_as_fast_as_its_slowest_unit(shape):
    b = Builder(shape)
    x = y = b.requantize("q", "x")
    for layer in range(16):
        name = f"c{layer}"
        sums = b.dense(name, y, 16, ternary=True) if len(shape) == 1 else b.conv(name, y, 2)
        y = b.requantize(f"q{layer}", sums)
    design = map_program(b.program(b.add("add", x, y)), load_board("pynq_z2"), wishes=FOLDED)
    assert design.latency_cycles > 6 * design.cycles_per_frame
    keeps_its_pace(design)


def keeps_its_pace(design, frames=120):
    """Compare a design with its slowest unit, and its interval with a long execution."""
    dataflow = dataflow_of(design)
    assert design.cycles_per_frame == free_interval(dataflow)
    starts = execute(unfold(dataflow, frames)).starts[-1].reshape(frames, -1)
    assert starts[-1, -1] - starts[frames // 2, -1] <= design.cycles_per_frame * (frames // 2 - 1)


def skip_network():
    """Two convolutions beside a wire: the wire's FIFO must hold what they hold."""
    b = Builder((8, 8, 4))
    x = b.requantize("q", b.conv("c", "x", 4))
    y = b.requantize("qa", b.conv("ca", x, 4))
    y = b.requantize("qb", b.conv("cb", y, 4))
    return b.program(b.add("add", x, y))


def test_one_place_less_beside_two_convolutions_slows_or_stops():
    design = map_program(skip_network(), load_board("ulx3s_85f"), wishes=FOLDED)
    dataflow = dataflow_of(design)
    bursts = {unit.name: getattr(unit.params, "burst", 1) for unit in design.units}
    least = {s.name: bursts[s.source] for s in design.streams if s.source}
    sized = size_fifos(dataflow, least, lambda name, depth: float(depth))
    assert steady(with_depths(dataflow, sized.depths)).cycles_per_frame == sized.interval
    critical = 0
    for name, depth in sized.depths.items():
        if depth == least[name]:
            continue
        less = with_depths(dataflow, {**sized.depths, name: depth - 1})
        with suppress(Deadlock):
            assert not sustains(less, sized.interval, slack=10 * sized.interval)
        critical += 1
    assert critical >= 3
    assert max(sized.depths.values()) > 30


def test_no_fifo_of_a_large_network_can_lose_an_element():
    """Trials that only just keep up take much longer, and must not be given up for that."""
    program = order_channels(load(EXAMPLES / "gtsrb" / "small.onnx", mapped=True))
    design = map_program(program, load_board("ulx3s_85f"), target_fps=2000, wishes=FOLDED)
    bursts = {unit.name: burst_of(unit.params) for unit in design.units}
    inner = [stream for stream in design.streams if stream.source]
    least = {s.name: least_depth(s.beats, bursts[s.source]) for s in inner}
    deep = [s for s in inner if s.depth > least[s.name]]
    assert len(deep) >= 2
    interval = design.cycles_per_frame
    trials = Trials(dataflow_of(design), interval, slack=10 * interval)
    assert trials.run({}) is not None
    for stream in deep:
        with suppress(Deadlock):
            assert trials.run({stream.name: stream.depth - 1}) is None, stream.name


def test_far_too_shallow_a_skip_deadlocks_and_is_named():
    design = map_program(skip_network(), load_board("ulx3s_85f"), wishes=FOLDED)
    skip = max(design.streams, key=lambda stream: stream.depth)
    with pytest.raises(Deadlock) as caught:
        steady(with_depths(dataflow_of(design), {skip.name: 8}))
    assert skip.name in caught.value.full


def test_depths_hold_less_than_a_free_run_and_the_order_follows_the_cost():
    dataflow = dataflow_of(map_program(skip_network(), load_board("ulx3s_85f"), wishes=FOLDED))
    least = {c.name: 1 for c in dataflow.channels if c.source}
    plain = size_fifos(dataflow, least, lambda name, depth: 0.0)
    tight = size_fifos(dataflow, least, lambda name, depth: float(depth))
    assert plain.interval == tight.interval
    free = occupancy(dataflow, paced(dataflow, tight.interval, bounded=False))
    for sized in (plain, tight):
        assert all(depth <= free[name] for name, depth in sized.depths.items())
        assert sum(sized.depths.values()) < sum(free.values())

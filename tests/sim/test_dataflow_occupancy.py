"""What passes through channels, and how full they are."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from sangi.hdl.schedule import Actor, InputPort, OutputPort, Schedule, repeat
from sangi.sim.dataflow.execute import Deadlock, execute
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from sangi.sim.dataflow.occupancy import claims, occupancy, pops, pushes, slots, valid
from sangi.sim.dataflow.precedence import unfold

from .dataflow_networks import chain
from .dataflow_oracle import dataflows

relaxed = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(dataflows(size=4))
def test_occupancy_is_the_depth_that_changes_nothing(dataflow):
    frames = 3
    free = execute(unfold(dataflow, frames, bounded=False))
    levels = occupancy(dataflow, free)
    exact = execute(unfold(dataflow, frames, depths=levels))
    assert all((a == b).all() for a, b in zip(free.starts, exact.starts, strict=True))
    for name, level in levels.items():
        tighter = unfold(dataflow, frames, depths={**levels, name: level - 1})
        try:
            less = execute(tighter)
        except Deadlock:
            continue
        assert any((a != b).any() for a, b in zip(free.starts, less.starts, strict=True))


@relaxed
@given(dataflows(size=3))
def test_levels_are_what_counting_cycle_by_cycle_gives(dataflow):
    execution = execute(unfold(dataflow, 2, bounded=False))
    for channel in dataflow.channels:
        if channel.source is None:
            assert claims(dataflow, execution, channel).tolist() == []
            continue
        taken = claims(dataflow, execution, channel)
        there = pushes(dataflow, execution, channel) + 2
        gone = pops(dataflow, execution, channel)
        level, tokens = slots(dataflow, execution, channel), valid(dataflow, execution, channel)
        end = int(gone[-1]) + 3
        counts = [int((taken <= c).sum() - (gone + 1 <= c).sum()) for c in range(end)]
        assert [level.at(cycle) for cycle in range(end)] == counts
        assert level.most == max(counts) == occupancy(dataflow, execution)[channel.name]
        assert abs(level.mean(1, end) - sum(counts[1:]) / (end - 1)) < 1e-9
        ready = [int((there <= c).sum() - (gone < c).sum()) for c in range(end)]
        assert [tokens.at(cycle) for cycle in range(end)] == ready


def test_pops_and_pushes():
    network = chain([1, 2], count=3)
    execution = execute(unfold(network, 1))
    names = {channel.name: channel for channel in network.channels}
    assert pops(network, execution, names["in"]).tolist() == [0, 1, 2]
    assert pushes(network, execution, names["in"]).tolist() == []
    assert pushes(network, execution, names["c0"]).tolist() == [1, 2, 3]
    assert pops(network, execution, names["c0"]).tolist() == [3, 5, 7]
    assert pops(network, execution, names["c1"]).tolist() == [6, 8, 10]


def test_pushes_of_a_burst():
    burst = Schedule(
        (Actor(repeat(3, 2)),),
        (InputPort(0, repeat(1, 2)),),
        (OutputPort(0, repeat(3, 2), 2),),
    )
    channels = (
        Channel("in", None, Endpoint(0, 0), 0),
        Channel("out", Endpoint(0, 0), None, 6),
    )
    network = Dataflow((Process("p", burst),), channels)
    execution = execute(unfold(network, 1))
    assert pushes(network, execution, channels[1]).tolist() == [2, 3, 4, 5, 6, 7]

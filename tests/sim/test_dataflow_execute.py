"""Executions by (max,+) scans are those of a plain event loop, cycle for cycle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sangi.hdl.schedule import Actor, InputPort, Link, OutputPort, Schedule, repeat
from sangi.sim.dataflow.execute import Deadlock, Late, execute, pace
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from sangi.sim.dataflow.precedence import unfold

from .dataflow_oracle import dataflows, event_loop

relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scan(dataflow, frames, **options):
    try:
        return [list(one) for one in execute(unfold(dataflow, frames), **options).starts]
    except Deadlock:
        return None


@relaxed
@given(dataflows(), st.integers(1, 4), st.sampled_from([1, 5, 40, None]))
def test_random_networks(dataflow, frames, window):
    assert scan(dataflow, frames, window=window) == event_loop(dataflow, frames)


@relaxed
@given(dataflows(size=3), st.integers(1, 3), st.integers(1, 60))
def test_random_networks_with_a_paced_source(dataflow, frames, interval):
    network = unfold(dataflow, frames)
    releases = pace(network, interval)
    table = {
        (0, actor, int(firing)): int(time)
        for actor, firings, times in releases
        for firing, time in zip(firings, times, strict=True)
    }
    assert scan(dataflow, frames, releases=releases) == event_loop(
        dataflow, frames, table, patience=300 + interval
    )


def unit(takes, gives, durations, latency=1):
    takes, gives, durations = (np.array(x, dtype=np.int64) for x in (takes, gives, durations))
    return Schedule((Actor(durations),), (InputPort(0, takes),), (OutputPort(0, gives, latency),))


def chain(*schedules, depth=4):
    processes = tuple(Process(f"p{i}", schedule) for i, schedule in enumerate(schedules))
    channels = [Channel("in", None, Endpoint(0, 0), 0)]
    for i in range(len(schedules)):
        target = Endpoint(i + 1, 0) if i + 1 < len(schedules) else None
        channels.append(Channel(f"c{i}", Endpoint(i, 0), target, depth))
    return Dataflow(processes, tuple(channels))


def test_long_frames_against_the_event_loop():
    rng = np.random.default_rng(1)
    fast = unit(repeat(1, 500), repeat(1, 500), repeat(1, 500), latency=3)
    burst = unit(repeat(1, 500), 4 * (np.arange(500) % 2), rng.integers(4, 9, 500))
    slow = unit(repeat(1, 1000), repeat(1, 1000), rng.integers(1, 6, 1000))
    dataflow = chain(fast, burst, slow, depth=6)
    assert scan(dataflow, 3) == event_loop(dataflow, 3)


def test_first_beats_by_hand():
    """A push 1 cycle after the start is valid 2 later; its slot is free 1 after the pop."""
    one = unit(repeat(1, 3), repeat(1, 3), repeat(1, 3))
    starts = scan(chain(one, one, depth=1), 1)
    assert starts == [[0, 4, 8], [3, 7, 11], [6, 10, 14]]


def test_a_burst_comes_beat_by_beat():
    burst = unit([1], [3], [3], latency=2)
    assert scan(chain(burst, depth=3), 2) == [[0, 7], [4, 5, 6, 11, 12, 13]]


def fork_join(short, long):
    """A fork, a path that gives one token for four, one that gives all at the end, and a join."""
    count = 8
    one = repeat(1, count)
    fork = Schedule(
        (Actor(one),), (InputPort(0, one),), (OutputPort(0, one, 0), OutputPort(0, one, 0))
    )
    late = np.zeros(count, dtype=np.int64)
    late[-1] = count
    durations = one.copy()
    durations[-1] = count
    collect = unit(one, late, durations)
    add = Schedule((Actor(one),), (InputPort(0, one), InputPort(0, one)), (OutputPort(0, one, 1),))
    processes = (Process("fork", fork), Process("collect", collect), Process("add", add))
    channels = (
        Channel("in", None, Endpoint(0, 0), 0),
        Channel("to_collect", Endpoint(0, 0), Endpoint(1, 0), 2),
        Channel("short", Endpoint(0, 1), Endpoint(2, 0), short),
        Channel("long", Endpoint(1, 0), Endpoint(2, 1), long),
        Channel("out", Endpoint(2, 0), None, 4),
    )
    return Dataflow(processes, channels)


def test_shallow_branch_deadlocks_and_is_named():
    with pytest.raises(Deadlock) as caught:
        execute(unfold(fork_join(7, 8), 2))
    assert "short" in caught.value.full
    assert "no free slot in short" in str(caught.value)
    assert event_loop(fork_join(7, 8), 2) is None


def test_one_more_slot_goes_through():
    assert scan(fork_join(8, 8), 3) == event_loop(fork_join(8, 8), 3)


def test_burst_larger_than_its_channel_deadlocks():
    with pytest.raises(Deadlock) as caught:
        execute(unfold(chain(unit([1], [3], [3]), depth=2), 1))
    assert caught.value.full == ("c0",)


def test_unbounded_channels_never_wait():
    execution = execute(unfold(fork_join(1, 1), 3, bounded=False))
    assert execution.by_frame(0).shape == (3, 8)
    assert list(execution.starts[0]) == list(range(24))


def test_deadline():
    slow = unit([1], [1], [1000])
    network = unfold(chain(slow), 20)
    execute(network, deadline=100_000)
    with pytest.raises(Late):
        execute(network, deadline=10_000)


def test_unbalanced_frames_are_refused():
    with pytest.raises(ValueError, match=r"channel c0: tokens taken .* given \(2\), not 3"):
        unfold(chain(unit([1], [2], [2]), unit([1, 1, 1], [1, 0, 0], [1, 1, 1])), 1)


def test_overlapping_bursts_are_refused():
    with pytest.raises(ValueError, match="channel c0: a firing must last as long as its burst"):
        unfold(chain(unit([1], [2], [1])), 1)


def test_bursts_that_links_keep_apart():
    gives = np.array([0, 2, 0, 2])
    schedule = unit([1, 1, 1, 1], gives, [1, 1, 1, 1])
    output = replace(schedule.outputs[0], apart=2)
    network = unfold(chain(replace(schedule, outputs=(output,))), 1)
    assert execute(network).by_frame(0).shape == (1, 4)


def test_unbalanced_link_is_refused():
    schedule = Schedule(
        (Actor(repeat(1, 2)), Actor(repeat(1, 1))),
        (InputPort(0, repeat(1, 2)),),
        (OutputPort(1, repeat(1, 1), 1),),
        (Link(0, repeat(1, 2), 1, repeat(1, 1), 1),),
    )
    with pytest.raises(ValueError, match="a link of p0: tokens taken"):
        unfold(chain(schedule), 1)

"""Steady states: proved ones are those of long executions by the event loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings

from sangi.hdl.schedule import Actor, InputPort, Link, OutputPort, Schedule, repeat
from sangi.sim.dataflow.execute import Deadlock, execute
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from sangi.sim.dataflow.precedence import unfold
from sangi.sim.dataflow.steady import Unsettled, free_interval, steady

from .dataflow_networks import chain
from .dataflow_oracle import dataflows, event_loop

relaxed = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(dataflows(size=4))
def test_interval_is_that_of_a_long_run(dataflow):
    try:
        found = steady(dataflow, doublings=3)
    except Deadlock:
        assert event_loop(dataflow, 8) is None
        return
    except Unsettled:  # two parts of nearly equal speed: nothing is claimed
        reject()
    frames = 110
    starts = event_loop(dataflow, frames)
    sinks = [c for c in dataflow.channels if c.target is None]
    for times in starts[-len(sinks) :]:
        last = np.array(times).reshape(frames, -1)[:, -1]
        mean = (last[-1] - last[-31]) / 30  # may cut the last period of alternating frames
        assert found.cycles_per_frame - 1.2 < mean < found.cycles_per_frame + 0.2


def test_slowest_unit_sets_the_interval():
    found = steady(chain([1, 3, 2]))
    assert (found.cycles_per_frame, found.paced) == (300, False)
    # Three hops of 1 + 2 cycles; the last beat leaves the slow unit at 3 + 99 * 3.
    assert found.latency_cycles == 3 + 99 * 3 + 3 + 3


def test_frames_that_alternate_have_a_mean():
    """Three slots, four cycles a round, one beat a frame."""
    assert steady(chain([1, 1], count=1, depth=3)).cycles_per_frame == 2


def test_channel_too_shallow_for_its_round_trip_sets_the_interval():
    """Claim, push 1 later, valid 2 later, free 1 after the pop: 4 cycles for 2 slots."""
    assert steady(chain([1, 1], depth=2)).cycles_per_frame == 200


def test_a_channel_that_takes_long_to_fill_is_proved_with_a_paced_source():
    network = chain([20, 21], count=200, depth=150)
    found = steady(network, doublings=1)
    assert (found.cycles_per_frame, found.paced) == (4200, True)
    starts = execute(unfold(network, 60)).by_frame(1)
    assert (np.diff(starts[:, -1]) == 4200).all()


def test_a_unit_that_takes_long_to_fill_is_bounded_by_its_busiest_actor():
    """Two actors of one unit with a ring between, which no free channel empties sooner."""
    network = Dataflow(
        (Process("p0", rings(20, 21, count=200, places=150)),),
        (Channel("in", None, Endpoint(0, 0), 0), Channel("out", Endpoint(0, 0), None, 8)),
    )
    found = steady(network, doublings=1)
    assert (found.cycles_per_frame, found.paced) == (4200, True)


def rings(*durations, count, places):
    """Return a unit of actors that follow each other, each at most ``places`` firings ahead."""
    one = repeat(1, count)
    pairs = [(i, i + 1) for i in range(len(durations) - 1)]
    return Schedule(
        tuple(Actor(repeat(cycles, count)) for cycles in durations),
        (InputPort(0, one),),
        (OutputPort(len(durations) - 1, one, 1),),
        tuple(Link(a, one, b, one, 1) for a, b in pairs)
        + tuple(Link(b, one, a, one, 1, initial=places) for a, b in pairs),
    )


def test_nothing_is_claimed_that_was_not_shown():
    """Behind a fork, frames of one beat repeat after some run-in only, and several together."""
    one = repeat(1, 1)
    fork = Schedule(
        (Actor(one),), (InputPort(0, one),), (OutputPort(0, one, 0), OutputPort(0, one, 0)), ()
    )
    wire = Schedule((Actor(one),), (InputPort(0, one),), (OutputPort(0, one, 1),), ())
    network = Dataflow(
        (Process("fork", fork), Process("wire", wire)),
        (
            Channel("in", None, Endpoint(0, 0), 3),
            Channel("between", Endpoint(0, 0), Endpoint(1, 0), 3),
            Channel("short", Endpoint(0, 1), None, 3),
            Channel("long", Endpoint(1, 0), None, 3),
        ),
    )
    with pytest.raises(Unsettled, match="no recurrence within 6 frames"):
        steady(network, doublings=0)
    assert steady(network).frames == 12


def test_free_interval_ignores_depths():
    assert free_interval(chain([2, 3, 1], depth=1)) == 300

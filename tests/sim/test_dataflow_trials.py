"""Trials of depths: kept intervals are those of steady states, given-up ones are slower."""

from __future__ import annotations

import pytest

from sangi.sim.dataflow.execute import Deadlock
from sangi.sim.dataflow.occupancy import occupancy
from sangi.sim.dataflow.steady import steady
from sangi.sim.dataflow.trials import Trials

from .dataflow_networks import chain, sustains, with_depths


def test_sustains() -> None:
    network = chain([1, 2])
    assert sustains(network, 200, slack=5000)
    assert sustains(network, 250, slack=5000)
    assert not sustains(network, 199, slack=5000)
    assert not sustains(chain([1, 1], depth=1), 200, slack=5000)


def test_depths_of_a_trial_replace_those_of_the_network() -> None:
    """The round trip of a slot takes 4 cycles, so that two slots give a beat every other cycle."""
    trials = Trials(chain([1, 1, 1]), 100, slack=5000)
    assert trials.run({}) is not None
    assert trials.run({"c1": 4}) is not None
    assert trials.run({"c1": 2}) is None
    assert trials.run({}) is not None


def test_a_kept_execution_needs_no_more_than_it_held() -> None:
    network = chain([1, 2, 1], depth=20)
    trials = Trials(network, 210, slack=5000)
    execution = trials.run({})
    assert execution is not None
    levels = occupancy(network, execution)
    assert max(levels.values()) < 20
    assert trials.run(levels) is not None
    assert steady(with_depths(network, levels)).cycles_per_frame <= 210


def test_a_unit_slower_by_a_cycle_a_frame_is_refused() -> None:
    """Three slots, four cycles a round: 534 cycles for 400 beats."""
    trials = Trials(chain([1, 1], count=400, depth=3), 533, slack=1 << 30)
    assert trials.run({"c0": 4, "c1": 4}) is not None
    assert trials.run({}) is None


def test_a_channel_without_room_for_a_burst_stops() -> None:
    with pytest.raises(Deadlock):
        Trials(chain([1, 1]), 100, slack=5000).run({"c0": 0})

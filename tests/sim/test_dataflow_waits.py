"""Waits in the steady state of chains whose slowest part is known."""

from __future__ import annotations

import pytest

from sangi.sim.dataflow.steady import steady
from sangi.sim.dataflow.waits import waits

from .dataflow_networks import chain


def test_upstream_of_the_slowest_stalls_and_downstream_starves() -> None:
    shares = waits(steady(chain([1, 4, 2])))
    assert shares.bottleneck == "p1"
    assert shares.work == {"p0": 0.25, "p1": 1.0, "p2": 0.5}
    # The first waits 3 of 4 cycles for a slot, the last 2 of 4 for a token.
    assert shares.stalled["c0"] == pytest.approx(0.75)
    assert shares.starved["c1"] == pytest.approx(0.5)
    assert shares.starved["c0"] == shares.stalled["c1"] == 0.0


def test_a_shallow_channel_stalls_its_producer() -> None:
    """Two slots, four cycles a round: each unit works half the time."""
    shares = waits(steady(chain([1, 1], depth=2)))
    assert shares.work == {"p0": 0.5, "p1": 0.5}
    assert shares.stalled["c0"] == pytest.approx(0.5)

"""One threshold for all layers, floors, and multiples for banks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.slim.measure import by_gamma
from sangi.compiler.compress.slim.rank import weakest
from sangi.compiler.compress.slim.ties import find_ties

from ..graphs import depthwise, frames, residual, vgg


def with_gammas(network: Network, gammas: dict[str, list[float]]) -> Network:
    ops = {}
    for name, values in gammas.items():
        op = network.graph.op(f"{name}/norm")
        assert isinstance(op, Norm)
        ops[f"{name}/norm"] = replace(op, gamma=np.array(values))
    return network.with_ops(ops)


def kept(network: Network, share: float, **options: float) -> dict[str, int]:
    ties = find_ties(network.graph)
    gone = weakest(network, ties, share, measure=by_gamma, **options)  # type: ignore[arg-type]
    return {name: int((~gone[ties.units[name]]).sum()) for name in network.layers()}


@pytest.fixture(scope="module")
def network() -> Network:
    """Layers of 6, 8 and 10 filters (24 that can go); all the weak ones are in the first."""
    gammas = {
        "a": [0.1, -0.2, 0.3, 0.4, -0.5, 0.6],
        "b": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "c": [0.7, 10, 11, 12, 13, 14, 15, 16, 17, 18],
    }
    return with_gammas(prepare(vgg(), frames(4)), gammas)


def test_the_smallest_of_all_layers_go_first(network: Network) -> None:
    assert kept(network, 0.0) == {"a": 6, "b": 8, "c": 10, "d": 4}
    assert kept(network, 3 / 24) == {"a": 3, "b": 8, "c": 10, "d": 4}
    # Signs do not matter, and no layer is left without filters.
    assert kept(network, 6 / 24) == {"a": 1, "b": 8, "c": 9, "d": 4}
    assert kept(network, 1.0) == {"a": 1, "b": 1, "c": 1, "d": 4}


def test_floors_send_the_threshold_to_other_layers(network: Network) -> None:
    assert kept(network, 6 / 24, floor=0.5) == {"a": 3, "b": 6, "c": 9, "d": 4}
    assert kept(network, 1.0, floor=0.3) == {"a": 2, "b": 3, "c": 3, "d": 4}
    assert kept(network, 1.0, floor=1.0) == {"a": 6, "b": 8, "c": 10, "d": 4}


def test_filters_are_rounded_up_to_multiples(network: Network) -> None:
    assert kept(network, 12 / 24, floor=0.3, multiple=1) == {"a": 2, "b": 3, "c": 7, "d": 4}
    for share in (0.2, 0.5, 0.7):
        for name, count in kept(network, share, floor=0.3, multiple=4).items():
            assert count % 4 == 0 or count == network.layer(name).weight.shape[0], name


def test_the_strongest_come_back(network: Network) -> None:
    ties = find_ties(network.graph)
    gone = weakest(network, ties, 5 / 24, measure=by_gamma, multiple=4)
    assert gone[ties.units["a"]].tolist() == [True, True, False, False, False, False]


def test_tied_layers_keep_the_same_number() -> None:
    for make in (residual, depthwise):
        network = prepare(make(), frames(4))
        for share in (0.3, 0.6, 0.9):
            counts = kept(network, share, floor=0.2, multiple=2)
            for pair in (("stem", "a2"), ("b2", "short"), ("stem", "dw")):
                if set(pair) <= set(counts):
                    assert len({counts[name] for name in pair}) == 1

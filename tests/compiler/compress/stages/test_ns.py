"""The slimming stage: its ladder, its training, its rungs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sangi.compiler.compress.banks import balance_of
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.stages.base import Rung
from sangi.compiler.compress.stages.dc import Pruning
from sangi.compiler.compress.stages.ns import Slimming
from sangi.compiler.compress.trainer import Score, Trainer
from sangi.compiler.quantize.ranges import Range

from ..graphs import Net, dense_block, evaluate, frames, vgg


class Notes(Trainer):
    """Trains nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def train(self, network: Network, seed: int, *, slimming: float = 0.0) -> Network:
        self.asked.append((seed, slimming))
        return network

    def score(self, network: Network) -> Score:
        return Score(1.0, 0.0)

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        return {}


def channels(network: Network) -> int:
    return sum(len(network.layer(name).weight) for name in network.layers())


def test_the_ladder_names_shares_that_take_something_more() -> None:
    network = prepare(vgg(), frames(4))
    ladder = Slimming(floor=0.3).ladder(network)
    assert [rung.label for rung in ladder][:2] == ["channels -10%", "channels -20%"]
    assert [rung.amount for rung in ladder] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    # 24 channels can go; with a floor of 90 % no layer loses any.
    assert Slimming(floor=0.95).ladder(network) == ()
    assert [rung.amount for rung in Slimming(floor=0.7).ladder(network)] == [0.1, 0.2, 0.3]
    assert [rung.amount for rung in Slimming(shares=(0.01, 0.1, 0.11)).ladder(network)] == [
        0.1,
        0.11,
    ]


def test_rungs_remove_channels_for_real() -> None:
    for make in (vgg, dense_block):
        network = prepare(make(), frames(4))
        stage = Slimming(floor=0.2)
        smaller = [stage.apply(network, rung, Notes()) for rung in stage.ladder(network)]
        counts = [channels(network), *map(channels, smaller)]
        assert counts == sorted(counts, reverse=True) and len(set(counts)) == len(counts)
        for one in smaller:
            assert np.isfinite(evaluate(one.graph, frames(2))[0]).all()
            assert one.original_weights == network.original_weights


def test_gammas_are_trained_apart_first() -> None:
    network, trainer = prepare(vgg(), frames(4)), Notes()
    assert Slimming(penalty=0.5).base(network, trainer, 7) is network
    assert trainer.asked == [(7, 0.5)]
    assert Slimming(penalty=0.0).base(network, trainer, 7) is None
    assert len(trainer.asked) == 1


def test_balanced_masks_are_balanced_again() -> None:
    net = Net()
    x = net.relu(net.conv(net.relu(net.conv(net.x, 16, "a")), 16, "b"))
    graph = net.build(net.dense(net.mean(net.relu(net.conv(x, 8, "c"))), 4, "d"))
    network = Pruning(banks=4).apply(prepare(graph, frames(4)), Rung("60% zeros", 0.6), Notes())
    stage = Slimming(shares=(0.5,), multiple=4, penalty=0.0)
    after = stage.apply(network, stage.ladder(network)[0], Notes())
    assert channels(after) < channels(network)
    for name in ("b", "c", "d"):
        assert balance_of(after.rules[name].mask, 4)

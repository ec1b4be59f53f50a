"""Stages and a trainer without training: how good a network is can be read from its weights.

As a script (``imitation.py WORK [EVENTS SECONDS]``) it runs one margin search and prints how many
trainings it took, how many were broken off, and the digest of the network found.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Timer
from typing import ClassVar

import numpy as np

from sangi.compiler.compress.network import Network
from sangi.compiler.compress.rule import Integer, Rule
from sangi.compiler.compress.search.codec import network_digest
from sangi.compiler.compress.search.events import Event
from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.margin import margin_search
from sangi.compiler.compress.search.store import Store
from sangi.compiler.compress.sizes import Sizes
from sangi.compiler.compress.stages.base import Rung, Stage
from sangi.compiler.compress.trainer import Score, Trainer
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.quantize.ranges import Range

RUNGS = 6


def network(stages: int = 3, width: int = 8) -> Network:
    """One Dense layer; of row k, the first weight is how far stage k went."""
    builder = GraphBuilder("imitation", {"sangi.made": "by hand"})
    builder.add("x", Input("x", (width,), "N"))
    weight = np.zeros((stages, width))
    builder.add("fc", Dense(weight), ["x"])
    graph = builder.build([("fc", "y")])
    return Network(graph, {"fc": Rule(Integer(8))}, weight.size)


def amounts(network: Network) -> tuple[float, ...]:
    """How far every stage went."""
    return tuple(network.layer("fc").weight[:, 0].tolist())


def _changed(network: Network, row: int, column: int, value: float) -> Network:
    layer = network.layer("fc")
    weight = layer.weight.copy()
    weight[row, column] = value
    return network.with_ops({"fc": replace(layer, weight=weight)})


@dataclass(frozen=True)
class Cut(Stage):
    """Goes ``amount`` far in its row; with ``warm`` it starts from a training of its own."""

    name: ClassVar[str] = "cut"

    row: int
    rungs: int = RUNGS
    warm: bool = False

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        return tuple(Rung(f"{amount}", amount) for amount in range(1, self.rungs + 1))

    def base(self, network: Network, trainer: Trainer, seed: int) -> Network | None:
        return trainer.train(network, seed, slimming=1e-4) if self.warm else None

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        trainer.ranges(network, ["x"], 8)
        return _changed(network, self.row, 0, rung.amount)


class LastCut(Cut):
    """The same by another name."""

    name: ClassVar[str] = "last"


Costs = tuple[tuple[float, ...], ...]
"""Per stage, the score lost at each rung."""


@dataclass
class Imitation(Trainer):
    """Trains in no time, and counts.

    Attributes
    ----------
    costs : per stage, the score lost at each rung
        By default 0.01 more each.
    error : float
        Of every score but the original's.
    seconds : float
        That a training sleeps.
    """

    costs: Costs = (tuple(0.01 * n for n in range(1, RUNGS + 1)),) * 3
    error: float = 0.0
    seconds: float = 0.0
    trained: list[tuple[tuple[float, ...], int, float]] = field(default_factory=list)

    def train(self, network: Network, seed: int, *, slimming: float = 0.0) -> Network:
        time.sleep(self.seconds)
        self.trained.append((amounts(network), seed, slimming))
        weight = network.layer("fc").weight
        # Each training leaves a trace: that of its seed and of all trainings before it.
        trace = np.float32(0.9 * weight[0, 2] + 0.1 * (seed + 1) + 0.01 * weight[:, 0].sum())
        network = _changed(network, 0, 1, weight[0, 1] + 1)
        return _changed(network, 0, 2, float(trace))

    def score(self, network: Network) -> Score:
        lost = sum(
            self.costs[row][int(amount) - 1]
            for row, amount in enumerate(amounts(network))
            if amount > 0
        )
        was_trained = network.layer("fc").weight[0, 1] > 0
        return Score(1 - lost, self.error if was_trained else 0.0)

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        return {node: Range(0, 1) for node in nodes}


def measure(network: Network) -> Sizes:
    """Sizes of which only one is looked at: every rung of stage k saves 10 (k + 1) bits."""
    saved = sum(10 * (row + 1) * int(amount) for row, amount in enumerate(amounts(network)))
    return Sizes(dense=0, nonzero=1000 - saved, indexed=0, deflate=0, float32=32)


def main(work: str, events: str = "0", seconds: str = "0") -> None:
    """Search in ``work``; with ``events``, die by SIGKILL so many seconds behind that event."""
    left = int(events)

    def watch(event: Event) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            Timer(float(seconds), os.kill, (os.getpid(), signal.SIGKILL)).start()

    stages = (Cut(0), Cut(1, warm=True), LastCut(2))
    trainer = Imitation(seconds=0.02)
    judge = Judge(trainer, 0.9, measure, Store(Path(work)), seed=3, context="c", watch=watch)
    outcome = margin_search(network(width=20_000), stages, judge)
    print(outcome.trainings, outcome.broken_off, network_digest(outcome.chosen.network))


if __name__ == "__main__":
    main(*sys.argv[1:])

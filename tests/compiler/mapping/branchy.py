"""Random networks with branches of unequal length, as programs and as mapped dataflows."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sangi.boards.load import load_board
from sangi.compiler.mapping.dataflow import dataflow_of
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.memory import burst_of, least_depth
from sangi.compiler.mapping.wishes import Wishes
from sangi.sim.dataflow.execute import Deadlock
from sangi.sim.dataflow.graph import Dataflow
from sangi.sim.dataflow.steady import Unsettled, free_interval, steady

from ...sim.dataflow_networks import with_depths
from .programs import Builder


def draw_program(seed):
    """Return a network of one to three stacks of two or three branches each, then a Dense."""
    rng = random.Random(seed)
    b = Builder((rng.randint(4, 8), rng.randint(4, 8), rng.randint(1, 3)), seed)
    filters = rng.choice([2, 4, 6])
    x = b.requantize("q", b.conv("c", "x", filters))
    for stack in range(rng.randint(1, 3)):
        stride = rng.choice([1, 1, 2]) if min(b.types[x].shape[:2]) > 2 else 1
        wider = rng.choice([filters, filters, 2 * filters])
        branches = [
            _branch(b, rng, f"{stack}{branch}", x, filters, wider, stride)
            for branch in range(rng.choice([2, 2, 3]))
        ]
        if stride == 1 and wider == filters and rng.random() < 0.5:
            branches[0] = x
        y = branches[0]
        for number, other in enumerate(branches[1:]):
            y = b.add(f"add{stack}_{number}", y, other)
        x, filters = y, wider
        if min(b.types[x].shape[:2]) >= 4 and rng.random() < 0.3:
            x = b.maxpool(f"pool{stack}", x)
    if rng.random() < 0.5:
        x = b.global_sum("sum", x)
    return b.program(b.dense("dense", b.flatten("flat", x), 3))


def draw_dense(seed):
    """Return two dense blocks: each layer's few channels join all that were there before."""
    rng = random.Random(seed)
    b = Builder((rng.randint(4, 8), rng.randint(4, 8), rng.randint(1, 3)), seed)
    x = b.requantize("q", b.conv("c", "x", rng.randint(2, 6)))
    for block in range(2):
        for layer in range(rng.randint(1, 2)):
            growth, kernel = rng.randint(1, 5), rng.choice([1, 3])
            name = f"{block}{layer}"
            y = b.requantize(f"q{name}", b.conv(f"c{name}", x, growth, kernel))
            parts = rng.choice([(x, y), (y, x), (y, x, y)])
            x = b.concat(f"j{name}", *parts)
        if rng.random() < 0.5:
            x = b.maxpool(f"pool{block}", x)
    if rng.random() < 0.3:
        x = b.concat("rows", x, x, axis=rng.choice([0, 1]))
    return b.program(b.dense("dense", b.flatten("flat", x), 3))


def _branch(b, rng, name, x, filters, wider, stride):
    """Return up to two convolutions and one that takes the stack's stride and width."""
    for layer in range(rng.randint(0, 2)):
        kernel = rng.choice([1, 3, 3])
        x = b.requantize(f"q{name}_{layer}", b.conv(f"c{name}_{layer}", x, filters, kernel))
    kernel = rng.choice([1, 3])
    return b.requantize(f"q{name}", b.conv(f"c{name}", x, wider, kernel, stride))


@dataclass(frozen=True, eq=False)
class Mapped:
    """A network with its FIFO depths, and the depths below which nothing is gained."""

    dataflow: Dataflow
    cycles_per_frame: int
    least: dict[str, int]

    @property
    def critical(self):
        """The deepest FIFO, None where every one is as shallow as is worth while."""
        depths = {c.name: c.depth for c in self.dataflow.channels if c.source}
        name = max(depths, key=lambda name: (depths[name] - self.least[name], name))
        return name if depths[name] > self.least[name] else None


def draw_mapped(seed, draw=draw_program):
    """Map what ``draw`` makes of a seed for a random frame rate, or the fastest that fits."""
    rng = random.Random(f"target {seed}")
    fps = rng.choice([None, 500.0, 5_000.0, 20_000.0])
    # One engine: what others offer takes long to weigh and does not matter here.
    wishes = Wishes(engines=("folded",))
    design = map_program(
        draw(seed), load_board("zcu104"), target_fps=fps, clock_mhz=100.0, wishes=wishes
    )
    bursts = {unit.name: burst_of(unit.params) for unit in design.units}
    least = {s.name: least_depth(s.beats, bursts[s.source]) for s in design.streams if s.source}
    return Mapped(dataflow_of(design), design.cycles_per_frame, least)


def neither_stops_nor_slows(mapped):
    """Whether it is proved to be as fast as with channels that hold anything."""
    found = steady(mapped.dataflow, doublings=4)
    return found.cycles_per_frame == mapped.cycles_per_frame == free_interval(mapped.dataflow)


def one_less_stops_or_slows(mapped, name):
    """Whether it is proved to need every element of a FIFO."""
    depth = next(c.depth for c in mapped.dataflow.channels if c.name == name)
    less = with_depths(mapped.dataflow, {name: depth - 1})
    try:
        return steady(less, doublings=4).cycles_per_frame > mapped.cycles_per_frame
    except Deadlock:
        return True
    except Unsettled:
        return False

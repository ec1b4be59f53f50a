"""A plan: the units and streams of a circuit for one interval, with foldings still open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import gcd, lcm

from ...hdl.beat import Beat
from ...hdl.concat.params import ConcatParams
from ...hdl.engines import Params
from ...hdl.fork.params import ForkParams
from ...hdl.width.params import WidthParams
from ...runtime.errors import UnsupportedError
from ...runtime.ops.add import Add
from ...runtime.ops.base import TensorType
from ...runtime.ops.concat import Concat
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.reshape import Reshape
from ...runtime.ops.sumpool import SumPool
from ...runtime.ops.threshold import Threshold
from ...runtime.program import Node, Program
from .concat import concat_params
from .divisors import divisors, fewest_lanes
from .elementwise import (
    add_options,
    beat_of,
    lookup_params,
    requantize_options,
    threshold_params,
)
from .names import unit_name
from .offers import Offers
from .refusals import node_problems
from .windowed import globalpool_params, is_global, pool_params


class TooFast(Exception):
    """No folding of a node is fast enough for the interval."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node


@dataclass(frozen=True)
class Edge:
    """A stream without a depth. ``source`` and ``target`` number slots; None is outside."""

    tensor: str
    beat: Beat
    beats: int
    source: int | None
    target: int | None


@dataclass(frozen=True)
class Slot:
    """A unit whose parameters are one of ``options``; ``inputs`` and ``outputs`` number edges."""

    name: str
    node: str | None
    options: tuple[Params, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Slots and edges in topological order."""

    slots: tuple[Slot, ...]
    edges: tuple[Edge, ...]


def make_plan(program: Program, interval: int, offers: Offers | None = None) -> Plan:
    """Lay out the units of a program so that each takes at most ``interval`` cycles a frame.

    Every stream has the fewest lanes that carry a frame in that time. A tensor that is used more
    than once gets a fork, and where lanes do not divide each other stand width converters.

    Parameters
    ----------
    program : Program
    interval : int
    offers : Offers, optional
        What the engines offer this program; by default all that they have.

    Raises
    ------
    TooFast
        If a node cannot be that fast with all its lanes.
    UnsupportedError
        If there is no engine for a node.
    """
    return _Planner(program, interval, Offers(program) if offers is None else offers).run()


def check_supported(node: Node) -> None:
    """Refuse a node that no engine computes.

    Raises
    ------
    UnsupportedError
    """
    for problem in node_problems([node]):
        raise UnsupportedError(str(problem))


class _Planner:
    """One walk through the program; ``loose`` holds the streams that still need a target."""

    def __init__(self, program: Program, interval: int, offers: Offers) -> None:
        self.program = program
        self.interval = interval
        self.offers = offers
        self.nodes = _live(program)
        self.slots: list[Slot] = []
        self.edges: list[Edge] = []
        self.loose: dict[str, list[int]] = {}
        self.root: dict[str, str] = {}
        for node in self.nodes:
            check_supported(node)
            if isinstance(node.op, Reshape):
                source = node.inputs[0]
                self.root[node.output] = self.root.get(source, source)
        self.uses = Counter(
            self._root(tensor)
            for node in self.nodes
            if not isinstance(node.op, Reshape)
            for tensor in node.inputs
        )
        self.uses.update(self._root(output.tensor) for output in program.outputs)

    def run(self) -> Plan:
        for entry in self.program.inputs:
            kind = self.program.types[entry.tensor]
            self._give(entry.tensor, beat_of(kind, self._lanes(kind, entry.name)), None, entry.name)
        for node in self.nodes:
            if not isinstance(node.op, Reshape):
                self._place(node)
        for output in self.program.outputs:
            number = self._take(output.tensor)
            edge = replace(self.edges[number], tensor=output.tensor)
            if edge.source is None:
                raise UnsupportedError(
                    f"output '{output.name}' must be computed, not be an input of the network"
                )
            self.edges[number] = edge
        return Plan(tuple(self.slots), tuple(self.edges))

    def _root(self, tensor: str) -> str:
        return self.root.get(tensor, tensor)

    def _lanes(self, kind: TensorType, name: str) -> int:
        lanes = fewest_lanes(kind.elements, kind.channels, self.interval)
        if lanes is None:
            raise TooFast(name)
        return lanes

    def _place(self, node: Node) -> None:
        """Add the unit of a node and whatever its inputs need to fit."""
        types = self.program.types
        sources = [types[tensor] for tensor in node.inputs]
        out = types[node.output]
        taken = [
            self._divide(self._take(tensor), kind.channels, node.name)
            for tensor, kind in zip(node.inputs, sources, strict=True)
        ]
        lanes = given = self.edges[taken[0]].beat.lanes
        op = node.op
        options: tuple[Params, ...] = ()
        if isinstance(op, Conv | Dense):
            kind = "conv" if isinstance(op, Conv) else "dense"
            given = self._lanes(out, node.name)
            options = self.offers.options(node.name, (lanes, given), self.interval)
        elif isinstance(op, MaxPool | SumPool):
            kind = "maxpool" if isinstance(op, MaxPool) else "sumpool"
            if is_global(op, sources[0]):
                options = (globalpool_params(op, sources[0], out, lanes),)
            else:
                pool = pool_params(op, sources[0], out, lanes, self.interval)
                if pool is not None:
                    options, given = (pool,), pool.out.lanes
        elif isinstance(op, Requantize):
            kind, options = "requantize", requantize_options(op, sources[0], out, lanes)
        elif isinstance(op, Threshold):
            kind, options = "threshold", (threshold_params(op, sources[0], out, lanes),)
        elif isinstance(op, Lookup):
            kind, options = "lookup", (lookup_params(op, sources[0], out, lanes),)
        elif isinstance(op, Add):
            if lanes != self.edges[taken[1]].beat.lanes:
                lanes = given = self._meeting(taken, out, node.name)
                taken = [self._fit(number, lanes, node.name) for number in taken]
            kind, options = "add", add_options(op, sources, out, lanes)
        elif isinstance(op, Concat):
            have = [self.edges[number].beat.lanes for number in taken]
            joined = concat_params(op, sources, out, have, self.interval)
            if joined is not None:
                kind, options, given = "concat", (joined,), joined.out.lanes
                fits = zip(taken, joined.beats, strict=True)
                taken = [self._fit(number, beat.lanes, node.name) for number, beat in fits]
        if not options:
            raise TooFast(node.name)
        slot = self._slot(kind, node.name, node.name, options, taken)
        if isinstance(options[0], ConcatParams) and options[0].together:
            # Nothing behind needs lanes for whole pixels.
            fewest = self._lanes(out, node.name)
            slot, given = self._narrowed(node, beat_of(out, given), slot, fewest), fewest
        self._give(node.output, beat_of(out, given), slot, node.name)

    def _narrowed(self, node: Node, beat: Beat, slot: int, lanes: int) -> int:
        """Return the width converter behind a unit, or the unit where its lanes are as many."""
        elements = self.program.types[node.output].elements
        if lanes == beat.lanes:
            return slot
        wide = self._edge(Edge(node.output, beat, elements // beat.lanes, slot, None))
        params = WidthParams(elements, beat, replace(beat, lanes=lanes))
        return self._slot("width", node.name, None, (params,), [wide])

    def _take(self, tensor: str) -> int:
        return self.loose[self._root(tensor)].pop(0)

    def _give(self, tensor: str, beat: Beat, source: int | None, name: str) -> None:
        """Open the streams of a tensor that was just made, behind a fork if it is used often."""
        uses = self.uses[tensor]
        if uses == 0:
            raise UnsupportedError(f"tensor '{tensor}' of '{name}' must be used by something")
        beats = self.program.types[tensor].elements // beat.lanes
        first = self._edge(Edge(tensor, beat, beats, source, None))
        if uses > 1:
            fork = self._slot("fork", name, None, (ForkParams(beat, beats, uses),), [first])
            edges = [self._edge(Edge(tensor, beat, beats, fork, None)) for _ in range(uses)]
            self.loose[tensor] = edges
        else:
            self.loose[tensor] = [first]

    def _divide(self, number: int, channels: int, name: str) -> int:
        """Return a stream whose lanes divide the channels (a Reshape may have changed them)."""
        return self._fit(number, gcd(self.edges[number].beat.lanes, channels), name)

    def _meeting(self, numbers: list[int], kind: TensorType, name: str) -> int:
        """Return the fewest lanes that every one of some streams can be converted to."""
        given = [self.edges[number].beat.lanes for number in numbers]
        for lanes in divisors(kind.channels):
            fast = kind.elements // lanes <= self.interval
            if fast and all(lanes % have == 0 or have % lanes == 0 for have in given):
                return lanes
        raise TooFast(name)

    def _fit(self, number: int, lanes: int, name: str) -> int:
        """Return a stream of so many lanes, behind width converters where it has others."""
        edge = self.edges[number]
        have = edge.beat.lanes
        if have == lanes:
            return number
        if have % lanes and lanes % have:
            # Through beats that hold a whole number of either.
            return self._fit(self._fit(number, lcm(have, lanes), name), lanes, name)
        elements = edge.beats * have
        out = replace(edge.beat, lanes=lanes)
        params = WidthParams(elements, edge.beat, out)
        if params.cycles > self.interval:
            raise TooFast(name)
        slot = self._slot("width", name, None, (params,), [number])
        return self._edge(Edge(edge.tensor, out, elements // lanes, slot, None))

    def _edge(self, edge: Edge) -> int:
        self.edges.append(edge)
        number = len(self.edges) - 1
        if edge.source is not None:
            slot = self.slots[edge.source]
            self.slots[edge.source] = replace(slot, outputs=(*slot.outputs, number))
        return number

    def _slot(
        self,
        kind: str,
        name: str,
        node: str | None,
        options: tuple[Params, ...],
        inputs: list[int],
    ) -> int:
        number = len(self.slots)
        self.slots.append(Slot(unit_name(number, kind, name), node, options, tuple(inputs), ()))
        for edge in inputs:
            self.edges[edge] = replace(self.edges[edge], target=number)
        return number


def _live(program: Program) -> tuple[Node, ...]:
    """Return the nodes that some output depends on."""
    needed = {output.tensor for output in program.outputs}
    kept: list[Node] = []
    for node in reversed(program.nodes):
        if node.output in needed:
            needed.update(node.inputs)
            kept.append(node)
    return tuple(reversed(kept))

"""Precedences: the rules of ``hdl/schedule.py`` as index arrays over firings.

Every rule says that a firing of one actor starts at least so many cycles after a firing of another
one. Tokens become such pairs by counting: the consumer's n-th token is the producer's (n −
initial)-th. A channel is two of them, its tokens forward and its free slots back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...hdl.schedule import (
    CREDIT_LATENCY,
    FIFO_LATENCY,
    Counts,
    InputPort,
    OutputPort,
    repeat,
)
from .graph import Channel, Dataflow


@dataclass(frozen=True, eq=False)
class Precedence:
    """``start[target][firings[i]] >= start[source][after[i]] + delays[i]`` for every i.

    Attributes
    ----------
    source, target : int
        Numbers of actors in the network.
    firings : int64 (n,)
        Of the target, strictly ascending.
    after : int64 (n,)
        Firings of the source, ascending.
    delays : int64 (n,)
        Cycles.
    channel : str or None
        The channel that it belongs to; None for links inside a process.
    credit : bool
        Whether it stands for free slots of the channel.
    reach : int
        Frames between a firing and the one that it waits for, at most.
    """

    source: int
    target: int
    firings: Counts
    after: Counts
    delays: Counts
    channel: str | None
    credit: bool
    reach: int

    @cached_property
    def dense(self) -> bool:
        """Whether ``firings`` are consecutive, so that a slice replaces an index array."""
        return len(self.firings) == 0 or bool(
            self.firings[-1] - self.firings[0] == len(self.firings) - 1
        )


@dataclass(frozen=True, eq=False)
class Network:
    """A Dataflow unfolded for a number of frames.

    Attributes
    ----------
    frames : int
    labels : tuple of str
        Name of the process of every actor (of the channel, for actors that stand for a sink).
    durations : tuple of int64 arrays
        Cycles of one frame's firings of every actor.
    precedences : tuple of Precedence
    sources : tuple of (int, int64 array)
        Actors that take beats from outside and the firings (of one frame) that do.
    """

    frames: int
    labels: tuple[str, ...]
    durations: tuple[Counts, ...]
    precedences: tuple[Precedence, ...]
    sources: tuple[tuple[int, Counts], ...]

    @property
    def reach(self) -> int:
        """Frames that a firing looks back, at most."""
        return max((edge.reach for edge in self.precedences), default=1)

    @property
    def reaches(self) -> tuple[int, ...]:
        """Per actor, the frames that firings of any actor look back at its own, at most."""
        result = [1] * len(self.durations)
        for edge in self.precedences:
            result[edge.source] = max(result[edge.source], edge.reach)
        return tuple(result)


class Ports:
    """Numbers of the actors and ports of a Dataflow in its network."""

    def __init__(self, dataflow: Dataflow) -> None:
        self._processes = dataflow.processes
        self.first: list[int] = []
        count = 0
        for process in dataflow.processes:
            self.first.append(count)
            count += len(process.schedule.actors)
        self.sinks: dict[str, int] = {}
        for channel in dataflow.channels:
            if channel.target is None:
                self.sinks[channel.name] = count
                count += 1

    def giver(self, channel: Channel) -> tuple[int, OutputPort] | None:
        """Return the actor and port that fill a channel; None where that is the outside."""
        if channel.source is None:
            return None
        end = channel.source
        port = self._processes[end.process].schedule.outputs[end.port]
        return self.first[end.process] + port.actor, port

    def taker(self, channel: Channel) -> tuple[int, Counts]:
        """Return the actor that empties a channel and what its firings take."""
        if channel.target is None:
            giver = self.giver(channel)
            if giver is None:
                raise ValueError(f"channel {channel.name} must have an end in the network")
            return self.sinks[channel.name], repeat(1, int(giver[1].gives.sum()))
        end = channel.target
        port: InputPort = self._processes[end.process].schedule.inputs[end.port]
        return self.first[end.process] + port.actor, port.takes


class Unfolding:
    """A Dataflow unfolded for a number of frames, of which only depths change.

    Parameters
    ----------
    dataflow : Dataflow
    frames : int

    Raises
    ------
    ValueError
        As ``unfold``.
    """

    def __init__(self, dataflow: Dataflow, frames: int) -> None:
        self.dataflow = dataflow
        self.free = unfold(dataflow, frames, bounded=False)
        self._ports = Ports(dataflow)
        self._credits: dict[str, tuple[int, Precedence]] = {}

    def bounded(self, depths: Mapping[str, int]) -> Network:
        """Return the network with bounded channels; depths not named are the channels' own."""
        credits: list[Precedence] = []
        for channel in self.dataflow.channels:
            giver = self._ports.giver(channel)
            if giver is None:
                continue
            depth = depths.get(channel.name, channel.depth)
            known = self._credits.get(channel.name)
            if known is None or known[0] != depth:
                taker = self._ports.taker(channel)
                known = (depth, credit(channel, giver, taker, depth, self.free.frames))
                self._credits[channel.name] = known
            credits.append(known[1])
        return replace(self.free, precedences=(*self.free.precedences, *credits))


def unfold(
    dataflow: Dataflow,
    frames: int,
    *,
    bounded: bool = True,
    depths: Mapping[str, int] | None = None,
) -> Network:
    """Unfold a network for a number of frames.

    Parameters
    ----------
    dataflow : Dataflow
    frames : int
    bounded : bool
        Whether channels hold no more than their depth; without, they hold anything.
    depths : mapping of str to int, optional
        Depths that replace the channels' own.

    Raises
    ------
    ValueError
        If a frame's tokens given and taken differ in number, or beats of one output would overlap.
    """
    ports = Ports(dataflow)
    labels: list[str] = []
    durations: list[Counts] = []
    edges: list[Precedence] = []
    for number, process in enumerate(dataflow.processes):
        labels += [process.name] * len(process.schedule.actors)
        durations += [actor.durations for actor in process.schedule.actors]
        for link in process.schedule.links:
            first = ports.first[number]
            edges.append(
                tokens(
                    (first + link.source, link.produces),
                    (first + link.target, link.consumes),
                    latency=link.latency,
                    initial=link.initial,
                    frames=frames,
                    name=f"a link of {process.name}",
                )
            )
    sources: list[tuple[int, Counts]] = []
    for channel in dataflow.channels:
        giver = ports.giver(channel)
        actor, takes = ports.taker(channel)
        if giver is None:
            sources.append((actor, np.flatnonzero(takes)))
            continue
        if channel.target is None:
            labels.append(channel.name)
            durations.append(repeat(1, len(takes)))
        edges.append(data(channel, giver, (actor, takes), durations[giver[0]], frames))
        if bounded:
            depth = (depths or {}).get(channel.name, channel.depth)
            edges.append(credit(channel, giver, (actor, takes), depth, frames))
    return Network(frames, tuple(labels), tuple(durations), tuple(edges), tuple(sources))


def data(
    channel: Channel,
    giver: tuple[int, OutputPort],
    taker: tuple[int, Counts],
    durations: Counts,
    frames: int,
) -> Precedence:
    """Return the forward precedence of a channel: a token is popped when it is valid."""
    actor, port = giver
    if (port.gives > np.maximum(durations, port.apart)).any():
        raise ValueError(f"channel {channel.name}: a firing must last as long as its burst")
    return tokens(
        (actor, port.gives),
        taker,
        latency=port.latencies + FIFO_LATENCY,
        frames=frames,
        name=f"channel {channel.name}",
        channel=channel.name,
        burst=True,
    )


def credit(
    channel: Channel,
    giver: tuple[int, OutputPort],
    taker: tuple[int, Counts],
    depth: int,
    frames: int,
) -> Precedence:
    """Return the backward precedence of a channel: a slot is claimed after it was popped."""
    return tokens(
        taker,
        (giver[0], giver[1].gives),
        latency=CREDIT_LATENCY,
        initial=depth,
        frames=frames,
        name=f"channel {channel.name}",
        channel=channel.name,
        credit=True,
    )


def tokens(
    produces: tuple[int, Counts],
    consumes: tuple[int, Counts],
    *,
    latency: int | Counts,
    frames: int,
    name: str,
    initial: int = 0,
    channel: str | None = None,
    credit: bool = False,
    burst: bool = False,
) -> Precedence:
    """Turn tokens between two actors into pairs of firings.

    Parameters
    ----------
    produces, consumes : (int, int64 array)
        Actor and its tokens per firing of one frame.
    latency : int, or int64 array with one entry per producing firing of a frame
        Cycles from the start of the producing firing to the use of its first token.
    initial : int
        Tokens that are there at reset.
    burst : bool
        Whether token j of a firing comes j cycles later than the first.
    """
    per_frame = int(produces[1].sum())
    if per_frame != int(consumes[1].sum()):
        raise ValueError(
            f"{name}: tokens taken in a frame must be those given ({per_frame}), "
            f"not {int(consumes[1].sum())}"
        )
    consumed = np.tile(consumes[1], frames)
    needed = np.cumsum(consumed) - initial
    firings = np.flatnonzero((consumed > 0) & (needed > 0))
    last = needed[firings] - 1
    produced = np.tile(produces[1], frames)
    after = np.repeat(np.arange(len(produced)), produced)[last]
    each = np.broadcast_to(np.asarray(latency, dtype=np.int64), produces[1].shape)
    delays = np.tile(each, frames)[after]
    if burst:
        delays += last - (np.cumsum(produced) - produced)[after]
    return Precedence(
        source=produces[0],
        target=consumes[0],
        firings=firings,
        after=after,
        delays=delays,
        channel=channel,
        credit=credit,
        reach=max(1, -(-initial // max(1, per_frame))),
    )

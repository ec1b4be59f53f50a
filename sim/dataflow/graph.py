"""The value Dataflow: units with schedules, joined by channels of bounded depth."""

from __future__ import annotations

from dataclasses import dataclass

from ...hdl.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Process:
    """One component: a name and the schedule of its actors."""

    name: str
    schedule: Schedule


@dataclass(frozen=True)
class Endpoint:
    """A port: number of the process, number of its input or output."""

    process: int
    port: int


@dataclass(frozen=True)
class Channel:
    """A stream between two ports, or between a port and the outside.

    Attributes
    ----------
    name : str
        Unique.
    source, target : Endpoint or None
        An output and an input; None is outside.
    depth : int
        Tokens that may be claimed and not yet popped; not used where the source is outside.
    """

    name: str
    source: Endpoint | None
    target: Endpoint | None
    depth: int


@dataclass(frozen=True, eq=False)
class Dataflow:
    """A network of processes, in topological order of its channels.

    Outside, the source is always valid (the first process pops when it fires) and the sink pops
    every token in the cycle in which it becomes valid.
    """

    processes: tuple[Process, ...]
    channels: tuple[Channel, ...]

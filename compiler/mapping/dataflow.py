"""The dataflow model of a design."""

from __future__ import annotations

from collections.abc import Iterable

from ...hdl.engines import engine_of
from ...sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from .design import Design, Stream, Unit


def dataflow_of(design: Design) -> Dataflow:
    """Return the units' schedules joined by the streams, under the same names."""
    return join(design.units, design.streams)


def join(units: Iterable[Unit], streams: Iterable[Stream]) -> Dataflow:
    """Return the Dataflow of units and streams in topological order."""
    processes: list[Process] = []
    givers: dict[str, Endpoint] = {}
    takers: dict[str, Endpoint] = {}
    for number, unit in enumerate(units):
        processes.append(Process(unit.name, engine_of(unit.params).schedule(unit.params)))
        takers |= {name: Endpoint(number, port) for port, name in enumerate(unit.inputs)}
        givers |= {name: Endpoint(number, port) for port, name in enumerate(unit.outputs)}
    channels = tuple(
        Channel(stream.name, givers.get(stream.name), takers.get(stream.name), stream.depth)
        for stream in streams
    )
    return Dataflow(tuple(processes), channels)

"""Small networks made by hand."""

from __future__ import annotations

from sangi.hdl.schedule import Actor, InputPort, OutputPort, Schedule, repeat
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process


def unit(count, duration, latency=1):
    one = repeat(1, count)
    return Schedule(
        (Actor(repeat(duration, count)),),
        (InputPort(0, one),),
        (OutputPort(0, one, latency),),
    )


def chain(durations, count=100, depth=8):
    processes = tuple(Process(f"p{i}", unit(count, d)) for i, d in enumerate(durations))
    channels = [Channel("in", None, Endpoint(0, 0), 0)]
    for i in range(len(processes)):
        target = Endpoint(i + 1, 0) if i + 1 < len(processes) else None
        channels.append(Channel(f"c{i}", Endpoint(i, 0), target, depth))
    return Dataflow(processes, tuple(channels))

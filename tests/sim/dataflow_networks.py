"""Small networks made by hand."""

from __future__ import annotations

from dataclasses import replace

from sangi.hdl.schedule import Actor, InputPort, OutputPort, Schedule, repeat
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process
from sangi.sim.dataflow.precedence import unfold
from sangi.sim.dataflow.trials import Trials


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


def with_depths(dataflow, depths):
    """Return the same network with other depths for the channels that are named."""
    channels = tuple(
        replace(channel, depth=depths.get(channel.name, channel.depth))
        for channel in dataflow.channels
    )
    return Dataflow(dataflow.processes, channels)


def sustains(dataflow, interval, *, slack, most_frames=24):
    """Return whether a network is proved to keep up with a frame every ``interval`` cycles."""
    trials = Trials(dataflow, interval, slack=slack)
    frames = unfold(dataflow, 1).reach + 2
    while frames <= most_frames:
        if trials.run({}, frames=frames) is not None:
            return True
        frames *= 2
    return False

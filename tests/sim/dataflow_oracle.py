"""A plain event loop over the rules of ``hdl/schedule.py``, and random networks to try it on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sangi.hdl.schedule import (
    CREDIT_LATENCY,
    FIFO_LATENCY,
    Actor,
    InputPort,
    Link,
    OutputPort,
    Schedule,
)
from sangi.sim.dataflow.graph import Channel, Dataflow, Endpoint, Process


def event_loop(dataflow, frames, releases=None, patience=300):
    """Return the starts of every actor, processes first, then sinks; None where it deadlocks.

    ``releases`` maps (process, actor, firing) to a cycle.
    """
    valid = {c.name: [] for c in dataflow.channels}  # cycles in which tokens become valid
    slots = {c.name: [0] * c.depth for c in dataflow.channels}  # cycles in which slots are free
    links = {
        (p, i): [-(10**9)] * link.initial
        for p, process in enumerate(dataflow.processes)
        for i, link in enumerate(process.schedule.links)
    }
    fed = {(c.target.process, c.target.port): c for c in dataflow.channels if c.target}
    filled = {(c.source.process, c.source.port): c for c in dataflow.channels if c.source}
    actors = [
        (p, a, actor)
        for p, process in enumerate(dataflow.processes)
        for a, actor in enumerate(process.schedule.actors)
    ]
    starts = {(p, a): [] for p, a, _ in actors}
    free = {(p, a): 0 for p, a, _ in actors}
    sinks = {c.name: [] for c in dataflow.channels if c.target is None}
    tokens_out = {
        c.name: frames * int(_port(dataflow, c).gives.sum())
        for c in dataflow.channels
        if c.target is None
    }

    def fire(p, a, actor, t):
        number = len(starts[p, a])
        length = len(actor.durations)
        if number == frames * length or free[p, a] > t:
            return False
        k = number % length
        if releases and releases.get((p, a, number), 0) > t:
            return False
        schedule = dataflow.processes[p].schedule
        takes, gives, uses, makes = [], [], [], []
        for i, port in enumerate(schedule.inputs):
            if port.actor == a and port.takes[k]:
                channel = fed[p, i]
                if channel.source is not None:
                    if not valid[channel.name] or valid[channel.name][0] > t:
                        return False
                    takes.append(channel.name)
        for i, port in enumerate(schedule.outputs):
            if port.actor == a and port.gives[k]:
                name = filled[p, i].name
                if sum(cycle <= t for cycle in slots[name]) < port.gives[k]:
                    return False
                gives.append((name, int(port.gives[k]), port.latency))
        for i, link in enumerate(schedule.links):
            if link.target == a and link.consumes[k]:
                count = int(link.consumes[k])
                if sum(cycle <= t for cycle in links[p, i]) < count:
                    return False
                uses.append((i, count))
            if link.source == a and link.produces[k]:
                makes.append((i, int(link.produces[k]), link.latency))
        for name in takes:
            valid[name].pop(0)
            slots[name].append(t + CREDIT_LATENCY)
        for name, count, latency in gives:
            slots[name] = sorted(slots[name])[count:]
            valid[name] += [t + latency + j + FIFO_LATENCY for j in range(count)]
        for i, count in uses:
            links[p, i] = sorted(links[p, i])[count:]
        for i, count, latency in makes:
            links[p, i] += [t + latency] * count
        starts[p, a].append(t)
        free[p, a] = t + int(actor.durations[k])
        return True

    t = idle = 0
    while True:
        going = any(
            len(starts[p, a]) < frames * len(actor.durations) for p, a, actor in actors
        ) or any(len(sinks[name]) < count for name, count in tokens_out.items())
        if not going:
            break
        fired = False
        again = True
        while again:
            again = False
            for p, a, actor in actors:
                again |= fire(p, a, actor, t)
            fired |= again
        for name, popped in sinks.items():
            if valid[name] and valid[name][0] <= t:
                valid[name].pop(0)
                slots[name].append(t + CREDIT_LATENCY)
                popped.append(t)
                fired = True
        idle = 0 if fired else idle + 1
        if idle > patience:
            return None
        t += 1
    return [*(starts[p, a] for p, a, _ in actors), *sinks.values()]


def _port(dataflow, channel):
    return dataflow.processes[channel.source.process].schedule.outputs[channel.source.port]


def arrange(draw, total, length, most=None):
    """Draw ``length`` counts ≥ 0 that sum to ``total``, each at most ``most``."""
    counts = np.zeros(length, dtype=np.int64)
    for _ in range(total):
        free = [i for i in range(length) if most is None or counts[i] < most]
        counts[draw(st.sampled_from(free))] += 1
    return counts


@st.composite
def schedules(draw, takes, gives):
    """Draw a schedule of one or two actors with so many tokens per frame on its ports."""
    two = draw(st.booleans())
    lengths = [
        max([*takes, 1]) + draw(st.integers(0, 2)),
        draw(st.integers(1, 4)),
    ]
    writer = 0
    reader = 1 if two else 0
    inputs = tuple(InputPort(writer, arrange(draw, n, lengths[writer], 1)) for n in takes)
    outputs = tuple(
        OutputPort(reader, arrange(draw, n, lengths[reader]), draw(st.integers(0, 4)))
        for n in gives
    )
    actors = []
    for number in range(2 if two else 1):
        bursts = [port.gives for port in outputs if port.actor == number]
        least = np.max([np.ones(lengths[number], dtype=np.int64), *bursts], axis=0)
        extra = [draw(st.integers(0, 3)) for _ in range(lengths[number])]
        actors.append(Actor(least + np.array(extra)))
    links = ()
    if two:
        count = draw(st.integers(1, 6))
        room = draw(st.integers(count, 2 * count + 4))
        made = arrange(draw, count, lengths[0])
        used = arrange(draw, count, lengths[1])
        links = (
            Link(0, made, 1, used, draw(st.integers(0, 3))),
            Link(1, used, 0, made, draw(st.integers(1, 3)), room),
        )
    return Schedule(tuple(actors), inputs, outputs, links)


@st.composite
def dataflows(draw, size=5):
    """Draw a network of forks and joins: one source, at least one sink."""
    loose = [(None, draw(st.integers(1, 5)))]  # (endpoint, tokens per frame) not yet consumed
    processes, channels = [], []

    def join(end, target):
        depth = draw(st.integers(3, 16))
        channels.append(Channel(f"c{len(channels)}", end, target, depth))

    for number in range(draw(st.integers(1, size))):
        ways_in = draw(st.integers(1, min(2, len(loose))))
        picked = [loose.pop(draw(st.integers(0, len(loose) - 1))) for _ in range(ways_in)]
        gives = [draw(st.integers(1, 5)) for _ in range(draw(st.integers(1, 2)))]
        schedule = draw(schedules([count for _, count in picked], gives))
        processes.append(Process(f"p{number}", schedule))
        for port, (end, _) in enumerate(picked):
            join(end, Endpoint(number, port))
        loose += [(Endpoint(number, port), count) for port, count in enumerate(gives)]
    for end, _ in loose:
        join(end, None)
    return Dataflow(tuple(processes), tuple(channels))

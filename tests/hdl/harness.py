"""Component tests: a circuit in Amaranth's simulator against NumPy and against its schedule.

``simulate`` runs a component, with or without random stalls on every stream; ``predict`` executes
its schedule by the rules written in ``hdl/schedule.py``, one cycle after the other, sharing no code
with the dataflow model; ``check`` compares both with the expected numbers.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator
from numpy.typing import ArrayLike

from sangi.hdl.beat import Beat
from sangi.hdl.fifo.params import FifoParams
from sangi.hdl.schedule import CREDIT_LATENCY, FIFO_LATENCY, Schedule

SEEDS = (1, 2)


@dataclass(frozen=True)
class Run:
    """What passed through a component.

    Attributes
    ----------
    accepted : list per input port of cycles in which a beat was accepted
    popped : list per output port of cycles in which a beat was taken out
    payloads : list per output port of payloads, unsigned
    """

    accepted: list[list[int]]
    popped: list[list[int]]
    payloads: list[list[int]]


def pack(array: ArrayLike, beat: Beat) -> list[int]:
    """Return the payloads of an array of elements in stream order (channels innermost)."""
    mask = (1 << beat.bits) - 1
    return [
        sum((int(value) & mask) << (lane * beat.bits) for lane, value in enumerate(row))
        for row in np.asarray(array).reshape(-1, beat.lanes)
    ]


def unpack(payloads: Sequence[int], beat: Beat) -> np.ndarray:
    """Return the elements of payloads as a flat int64 array in stream order."""
    mask = (1 << beat.bits) - 1
    half = 1 << (beat.bits - 1)
    return np.array(
        [
            ((payload >> (lane * beat.bits) & mask) ^ half) - half
            if beat.signed
            else payload >> (lane * beat.bits) & mask
            for payload in payloads
            for lane in range(beat.lanes)
        ],
        dtype=np.int64,
    )


def fifo(beat: Beat, depth: int, burst: int = 1, style: str = "distributed") -> FifoParams:
    """Return the parameters of an output FIFO of ``beat``."""
    return FifoParams(width=beat.width, depth=depth, burst=burst, style=style)  # type: ignore[arg-type]


def ports(component: wiring.Component, letter: str) -> list:
    """Return the streams ``i`` or ``i0, i1, …`` (likewise ``o``) of a component."""
    if hasattr(component, letter):
        return [getattr(component, letter)]
    found = []
    while hasattr(component, f"{letter}{len(found)}"):
        found.append(getattr(component, f"{letter}{len(found)}"))
    return found


def simulate(
    component: wiring.Component,
    inputs: Sequence[Sequence[int]],
    counts: Sequence[int],
    *,
    seed: int | None = None,
    limit: int = 200_000,
) -> Run:
    """Run a component until ``counts`` beats left each output and all inputs are taken.

    Parameters
    ----------
    inputs : payloads for each input port
    counts : beats expected at each output port
    seed : stalls every stream at random, with a rate that changes from time to time; None: sources
        are always valid from cycle 0 on (until exhausted) and sinks always ready
    limit : cycles after which the run fails

    Raises
    ------
    AssertionError
        If the run does not end in time, or more beats than expected leave an output.
    """
    sources, sinks = ports(component, "i"), ports(component, "o")
    assert len(sources) == len(inputs) and len(sinks) == len(counts)
    chance = random.Random(seed)
    run = Run([[] for _ in sources], [[] for _ in sinks], [[] for _ in sinks])

    async def bench(ctx) -> None:
        offered = [False] * len(sources)
        rates = [1.0] * (len(sources) + len(sinks))
        extra = 8
        for cycle in range(limit):
            if seed is not None and cycle % 64 == 0:
                rates = [chance.choice((0.1, 0.5, 0.9, 1.0)) for _ in rates]
            for index, source in enumerate(sources):
                place = len(run.accepted[index])
                if place < len(inputs[index]) and not offered[index]:
                    offered[index] = seed is None or chance.random() < rates[index]
                ctx.set(source.valid, offered[index])
                if offered[index]:
                    ctx.set(Value.cast(source.payload), inputs[index][place])
                elif seed is not None:
                    # Nobody may look at the payload of a beat that is not offered.
                    ctx.set(
                        Value.cast(source.payload),
                        chance.getrandbits(len(Value.cast(source.payload))),
                    )
            for index, sink in enumerate(sinks):
                rate = rates[len(sources) + index]
                ctx.set(sink.ready, seed is None or chance.random() < rate)
            watched = [s.ready for s in sources]
            watched += [s.valid & s.ready for s in sinks] + [s.payload for s in sinks]
            _, _, *seen = await ctx.tick().sample(*watched)
            for index in range(len(sources)):
                if offered[index] and seen[index]:
                    run.accepted[index].append(cycle)
                    offered[index] = False
            for index in range(len(sinks)):
                if seen[len(sources) + index]:
                    run.popped[index].append(cycle)
                    run.payloads[index].append(seen[len(sources) + len(sinks) + index])
            if all(len(p) >= n for p, n in zip(run.payloads, counts, strict=True)) and all(
                len(a) == len(beats) for a, beats in zip(run.accepted, inputs, strict=True)
            ):
                extra -= 1
                if not extra:
                    return
        raise AssertionError(
            f"after {limit} cycles: {[len(a) for a in run.accepted]} of "
            f"{[len(beats) for beats in inputs]} beats in, {[len(p) for p in run.payloads]} of "
            f"{list(counts)} beats out"
        )

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert [len(p) for p in run.payloads] == list(counts)
    return run


def predict(schedule: Schedule, depths: Sequence[int], frames: int) -> Run:
    """Execute a schedule from reset; sources are always valid, sinks always ready.

    Returns the cycles (no payloads) of ``frames`` frames of input.
    """
    actors = schedule.actors
    firings = [0] * len(actors)
    free_at = [0] * len(actors)
    last = [frames * len(actor.durations) for actor in actors]
    # Per output: cycles in which tokens become valid, slots taken, cycles in which slots return.
    coming: list[deque[int]] = [deque() for _ in schedule.outputs]
    claimed = [0] * len(schedule.outputs)
    returning: list[deque[int]] = [deque() for _ in schedule.outputs]
    tokens = [link.initial for link in schedule.links]
    arriving: list[deque[tuple[int, int]]] = [deque() for _ in schedule.links]
    run = Run([[] for _ in schedule.inputs], [[] for _ in schedule.outputs], [])

    def ready(actor: int, cycle: int) -> bool:
        if firings[actor] >= last[actor] or free_at[actor] > cycle:
            return False
        phase = firings[actor] % len(actors[actor].durations)
        for port, output in enumerate(schedule.outputs):
            gives = int(output.gives[phase]) if output.actor == actor else 0
            if gives and claimed[port] + gives > depths[port]:
                return False
        return all(
            tokens[index] >= link.consumes[phase]
            for index, link in enumerate(schedule.links)
            if link.target == actor
        )

    def fire(actor: int, cycle: int) -> None:
        phase = firings[actor] % len(actors[actor].durations)
        for port, source in enumerate(schedule.inputs):
            if source.actor == actor and source.takes[phase]:
                run.accepted[port].append(cycle)
        for port, output in enumerate(schedule.outputs):
            if output.actor == actor:
                claimed[port] += int(output.gives[phase])
                first = cycle + int(output.latencies[phase]) + FIFO_LATENCY
                coming[port].extend(first + place for place in range(int(output.gives[phase])))
        for index, link in enumerate(schedule.links):
            if link.target == actor:
                tokens[index] -= int(link.consumes[phase])
            if link.source == actor and link.produces[phase]:
                arriving[index].append((cycle + link.latency, int(link.produces[phase])))
        firings[actor] += 1
        free_at[actor] = cycle + int(actors[actor].durations[phase])

    idle, cycle = 0, 0
    while idle < 10_000:
        for index, queue in enumerate(arriving):
            while queue and queue[0][0] <= cycle:
                tokens[index] += queue.popleft()[1]
        for port, queue in enumerate(returning):
            while queue and queue[0] <= cycle:
                queue.popleft()
                claimed[port] -= 1
        idle += 1
        # A firing only claims and consumes: the order of the actors in a cycle does not matter.
        for actor in range(len(actors)):
            if ready(actor, cycle):
                fire(actor, cycle)
                idle = 0
        for port, queue in enumerate(coming):
            if queue and queue[0] <= cycle:
                queue.popleft()
                run.popped[port].append(cycle)
                returning[port].append(cycle + CREDIT_LATENCY)
                idle = 0
        if firings == last and not any(coming):
            break
        cycle += 1
    return run


def check(
    component: wiring.Component,
    schedule: Schedule,
    depths: Sequence[int],
    inputs: Sequence[tuple[ArrayLike, Beat]],
    outputs: Sequence[tuple[ArrayLike, Beat]],
    frames: int,
    *,
    seeds: Sequence[int] = SEEDS,
) -> None:
    """Assert exact cycles without stalls, and exact elements with and without stalls.

    Parameters
    ----------
    schedule : what ``predict`` executes
    depths : logical depth of each output's FIFO
    inputs, outputs : elements of ``frames`` frames in stream order and the port's beat
    seeds : one stalled run for each
    """
    payloads = [pack(array, beat) for array, beat in inputs]
    expected = [np.asarray(array).reshape(-1) for array, _ in outputs]
    counts = [len(flat) // beat.lanes for flat, (_, beat) in zip(expected, outputs, strict=True)]
    for seed in (None, *seeds):
        run = simulate(component, payloads, counts, seed=seed)
        for port, (_, beat) in enumerate(outputs):
            np.testing.assert_array_equal(
                unpack(run.payloads[port], beat), expected[port], f"output {port}, seed {seed}"
            )
        if seed is None:
            model = predict(schedule, depths, frames)
            assert run.accepted == model.accepted
            assert run.popped == model.popped

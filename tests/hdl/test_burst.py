"""Results that leave in several beats: every beat of every burst, as early as it may come."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out
from amaranth.sim import Simulator

from sangi.hdl.burst import push_burst
from sangi.hdl.burst_cost import SELECTED, burst_cost
from sangi.hdl.fifo.circuit import CreditFifo
from sangi.hdl.fifo.params import FifoParams

WIDTH = 7


class Bench(Component):
    """A burst into a FIFO; what is pushed is seen outside."""

    def __init__(self, beats: int) -> None:
        self.beats = beats
        super().__init__(
            {
                "results": In(WIDTH * beats),
                "done": In(1),
                "push": Out(1),
                "payload": Out(WIDTH),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.fifo = fifo = CreditFifo(FifoParams(WIDTH, self.beats, self.beats))
        push_burst(m, fifo, self.results, self.done, self.beats)
        m.d.comb += [self.push.eq(fifo.push), self.payload.eq(fifo.payload), fifo.o.ready.eq(1)]
        # Keeps the clock where there is no register.
        m.d.sync += Signal(name="unused").eq(self.done)
        return m


@pytest.mark.parametrize("beats", [1, 2, 3, 8, SELECTED - 1, SELECTED, SELECTED + 1, 20, 37, 48])
def test_beats(beats):
    rng = np.random.default_rng(beats)
    bursts = rng.integers(0, 1 << WIDTH, (6, beats))
    # The first ones follow each other without a gap, the others after one, two and more cycles.
    starts = np.cumsum([3, beats, beats, beats + 1, beats + 2, 2 * beats + 5])
    late = int(beats > 1)
    bench, pushed = Bench(beats), []

    async def process(ctx):
        for cycle in range(int(starts[-1]) + beats + 4):
            begins = np.flatnonzero(starts == cycle)
            ctx.set(bench.done, len(begins))
            # Whatever stands there while nothing is done must not matter.
            whole = bursts[begins[0]] if len(begins) else rng.integers(0, 1 << WIDTH, beats)
            ctx.set(bench.results, sum(int(beat) << (WIDTH * k) for k, beat in enumerate(whole)))
            if ctx.get(bench.push):
                pushed.append((cycle, ctx.get(bench.payload)))
            await ctx.tick()

    simulator = Simulator(bench)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    expected = [
        (int(start) + late + k, int(beat))
        for start, burst in zip(starts, bursts, strict=True)
        for k, beat in enumerate(burst)
    ]
    assert pushed == expected


@pytest.mark.parametrize("family", ["xc7", "ecp5", "ice40"])
def test_cost_grows_with_the_burst(family):
    luts = [burst_cost(WIDTH, beats, family).lut for beats in range(1, 40)]
    assert luts[0] == 0
    assert luts == sorted(luts)
    # Less than a multiplexer in front of every bit.
    assert all(lut < WIDTH * beats for beats, lut in enumerate(luts, 1) if beats > 4)

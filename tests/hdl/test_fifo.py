"""The credit FIFO: order, timing to the cycle, and its exact logical depth."""

import random

import pytest
from amaranth.sim import Simulator

from sangi.hdl.fifo.circuit import CreditFifo
from sangi.hdl.fifo.params import FifoParams
from sangi.hdl.schedule import CREDIT_LATENCY, FIFO_LATENCY


@pytest.mark.parametrize("style", ["registers", "distributed", "block"])
@pytest.mark.parametrize(("depth", "burst"), [(1, 1), (2, 1), (3, 1), (4, 4), (7, 3), (16, 1)])
@pytest.mark.parametrize("seed", [1, 2])
def test_against_a_queue(style, depth, burst, seed):
    """Every cycle of ``space`` and ``valid`` follows from claims, pushes and pops."""
    chance = random.Random(seed)
    dut = CreditFifo(FifoParams(width=9, depth=depth, burst=burst, style=style))

    async def bench(ctx):
        claimed = 0  # claims less pops, seen with the latency of credits
        due = []  # (cycle to push, payload): bursts start a random time after their claim
        pushed = []  # (cycle pushed, payload)
        popped = 0
        pops = []
        tokens = 0
        for cycle in range(600):
            visible = claimed - sum(1 for pop in pops if pop + CREDIT_LATENCY <= cycle)
            space = visible + burst <= depth
            claim = space and chance.random() < 0.7
            if claim:
                start = max(cycle + chance.randrange(4), due[-1][0] + 1 if due else 0)
                due += [(start + place, chance.getrandbits(9)) for place in range(burst)]
                claimed += burst
            push = bool(due) and due[0][0] == cycle
            valid = popped < len(pushed) and pushed[popped][0] + FIFO_LATENCY <= cycle
            ready = chance.random() < 0.6
            payload = due[0][1] if push else chance.getrandbits(9)
            ctx.set(dut.claim, claim)
            ctx.set(dut.push, push)
            ctx.set(dut.payload, payload)
            ctx.set(dut.o.ready, ready)
            _, _, saw_space, saw_valid, saw = await ctx.tick().sample(
                dut.space, dut.o.valid, dut.o.payload
            )
            assert saw_space == space
            assert saw_valid == valid
            if push:
                pushed.append((cycle, due.pop(0)[1]))
            if valid:
                assert saw == pushed[popped][1]
            if valid and ready:
                popped += 1
                pops.append(cycle)
                tokens += 1
        assert tokens > 20

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_depth_below_burst_is_refused():
    with pytest.raises(ValueError, match=r"depth must be at least the burst \(4\), not 3"):
        FifoParams(width=8, depth=3, burst=4)

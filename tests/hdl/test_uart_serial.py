"""Bytes over a serial line, at rates that differ a little."""

import random
from fractions import Fraction

import pytest
from amaranth.hdl import ClockDomain, DomainRenamer, Module
from amaranth.sim import Simulator

from sangi.hdl.shell.uart.serial import SerialReceiver, SerialTransmitter
from sangi.hdl.shell.uart.top import plan_top


# Where bits differ by a cycle, less is left for the clocks to differ.
@pytest.mark.parametrize(("divisor", "most"), [(8, 0.03), (Fraction(25, 3), 0.02), (17, 0.03)])
@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_bytes_cross_the_line(divisor, most, sign):
    m = Module()
    m.domains.other = ClockDomain()
    m.submodules.transmitter = transmitter = SerialTransmitter(divisor)
    m.submodules.receiver = receiver = DomainRenamer("other")(SerialReceiver(divisor))
    m.d.comb += receiver.line.eq(transmitter.line)
    sent = [*random.Random(float(divisor)).randbytes(12), 0, 255, 0]
    received = []

    async def send(ctx):
        for number, byte in enumerate(sent):
            ctx.set(transmitter.bytes.payload, byte)
            ctx.set(transmitter.bytes.valid, 1)
            await ctx.tick().until(transmitter.bytes.ready)
            ctx.set(transmitter.bytes.valid, 0)
            if number % 4 == 0:
                await ctx.tick().repeat(int(divisor * 3) + 1)
        await ctx.tick().repeat(int(divisor * 12))

    async def receive(ctx):
        ctx.set(receiver.bytes.ready, 1)
        while True:
            _, _, valid, byte = await ctx.tick("other").sample(
                receiver.bytes.valid, receiver.bytes.payload
            )
            if valid:
                received.append(byte)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_clock(1e-6 * (1 + sign * most), domain="other", phase=0.3e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(receive, background=True)
    simulator.run()
    assert received == sent


def receive_line(levels, divisor=8):
    """Bytes that a receiver makes of a line's levels, one a bit."""
    receiver = SerialReceiver(divisor)
    received = []

    async def bench(ctx):
        ctx.set(receiver.bytes.ready, 1)
        for level in levels:
            ctx.set(receiver.line, level)
            for _ in range(divisor):
                _, _, valid, byte = await ctx.tick().sample(
                    receiver.bytes.valid, receiver.bytes.payload
                )
                if valid:
                    received.append(byte)

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return received


def test_a_byte_without_a_stop_bit_is_dropped():
    good = [0, 1, 0, 1, 0, 0, 0, 0, 0, 1]
    broken = [0] * 12
    assert receive_line([1, *good, *broken, 1, *good, 1, 1]) == [5, 5]


def test_a_short_spike_is_no_start_bit():
    receiver = SerialReceiver(16)
    seen = []

    async def bench(ctx):
        for level, cycles in ((1, 5), (0, 4), (1, 400)):
            ctx.set(receiver.line, level)
            for _ in range(cycles):
                _, _, valid = await ctx.tick().sample(receiver.bytes.valid)
                seen.append(valid)

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert not any(seen)


def test_rates_are_checked():
    with pytest.raises(ValueError, match="divisor must be at least 8 cycles a bit, not 7"):
        SerialReceiver(7)
    with pytest.raises(ValueError, match="baud must be at most an eighth"):
        plan_top("ecp5", 25, 12.5, 3_500_000)


@pytest.mark.parametrize(
    "family, oscillator, clock, baud, variant, apart, divisor",
    [
        ("ecp5", 25, 60, 3_000_000, "", True, Fraction(25, 3)),
        ("ecp5", 25, 61.25, 1_000_000, "", True, 25),
        ("ecp5", 100, 60, 3_000_000, "", False, 20),  # too fast for the shell
        ("ice40", 12, 36, 3_000_000, "", False, 12),  # too slow for the line
        ("ice40", 12, 24, 1_000_000, "pad", False, 24),  # ends in the PLL
        ("ice40", 12, 12, 1_000_000, "pad", False, 12),  # no PLL
    ],
)
def test_shell_and_core_have_clocks_of_their_own(
    family, oscillator, clock, baud, variant, apart, divisor
):
    params = plan_top(family, oscillator, clock, baud, variant=variant)
    assert (params.apart, params.divisor) == (apart, divisor)
    assert params.pll.output_mhz == Fraction(clock)
    assert params.baud == pytest.approx(baud, rel=0.002)

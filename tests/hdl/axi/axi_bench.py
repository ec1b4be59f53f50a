"""Runs within the simulator: the AXI shell against the bus models of cocotbext-axi."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge, Timer
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)
from shapes import DIGEST, Shape

from sangi.runtime.registers import (
    ABORTED,
    CONTROL,
    EVENTS,
    IDENT,
    INTERRUPT,
    OVERLONG_FRAME,
    SHORT_FRAME,
    STATUS,
    STREAM,
    VERSION,
    Trailer,
    register,
)

SHAPE = Shape.load(Path.cwd())
SOURCE, SINK = SHAPE.params.source, SHAPE.params.sink
RESETS = 12
CLOCKS_NS = [(10, 14), (10, 10), (44, 6)]
"""Periods of ``aclk`` and ``core_clk``."""


class Bench:
    """The shell out of reset, with a model at each of its buses."""

    def __init__(self, dut, seed):
        self.dut = dut
        self.chance = random.Random(seed)
        for logger in ("s_axis", "m_axis", "s_axi"):
            logging.getLogger(f"cocotb.{dut._name}.{logger}").setLevel(logging.WARNING)
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)

    async def start(self, clocks=CLOCKS_NS[0]):
        self.dut.aresetn.value = 0
        for signal, period in zip((self.dut.aclk, self.dut.core_clk), clocks, strict=True):
            cocotb.start_soon(Clock(signal, period, unit="ns").start())
        await ClockCycles(self.dut.aclk, 20)
        self.dut.aresetn.value = 1
        await self.until_ready()
        return self

    async def until_ready(self):
        while await self.field(STATUS, "resetting"):
            pass

    async def read(self, name):
        entry = register(name)
        low = await self.lite.read_dword(entry.offset)
        high = await self.lite.read_dword(entry.offset + 4) if entry.words == 2 else 0
        return low | high << 32

    async def field(self, entry, name):
        return entry.field(name).of(await self.lite.read_dword(entry.offset))

    async def write(self, entry, value):
        await self.lite.write_dword(entry.offset, value)

    def pauses(self):
        """Let every bus pause at random, at rates that change."""

        def pattern():
            while True:
                rate = self.chance.choice((0, 0, 0.1, 0.5, 0.9))
                for _ in range(self.chance.randrange(1, 60)):
                    yield self.chance.random() < rate

        for bus in (self.source, self.sink):
            bus.set_pause_generator(pattern())
        for channel in (
            self.lite.write_if.aw_channel,
            self.lite.write_if.w_channel,
            self.lite.write_if.b_channel,
            self.lite.read_if.ar_channel,
            self.lite.read_if.r_channel,
        ):
            channel.set_pause_generator(pattern())

    def frame(self):
        return self.chance.randbytes(SOURCE.frame_bytes)

    async def send(self, data, keep=None):
        await self.source.send(AxiStreamFrame(data, tkeep=keep))

    async def expect(self, number, frame, flags=0):
        """Take a result and compare every byte of it."""
        got = bytes((await self.sink.recv()).tdata)
        filled = SHAPE.result(frame).ljust(SINK.words * SINK.word_bytes, b"\0")
        trailer = Trailer(number % (1 << 24), flags).pack().ljust(SINK.word_bytes, b"\0")
        assert got == filled + trailer, f"result {number}: {got.hex()}"


@cocotb.test()
async def the_registers_tell_what_circuit_this_is(dut):
    bench = await Bench(dut, 1).start()
    assert await bench.read("IDENT") == IDENT
    assert await bench.read("VERSION") == VERSION
    low, high = await bench.read("DIGEST_LOW"), await bench.read("DIGEST_HIGH")
    assert (low | high << 32).to_bytes(8, "little").hex() == DIGEST[:16]
    assert await bench.read("FRAME_BYTES") == SOURCE.frame_bytes
    assert await bench.read("RESULT_BYTES") == SINK.frame_bytes
    assert await bench.field(STREAM, "input") == SOURCE.word_bytes
    assert await bench.field(STREAM, "output") == SINK.word_bytes
    await bench.write(register("IDENT"), 0)
    assert await bench.read("IDENT") == IDENT
    assert await bench.lite.read_dword(0xFC) == 0
    # Bytes that the strobe leaves out stay.
    await bench.write(INTERRUPT, 7)
    await bench.lite.write(INTERRUPT.offset + 1, b"\0\0")
    assert await bench.read("INTERRUPT") == 7


@cocotb.test()
@cocotb.parametrize(clocks=CLOCKS_NS, paused=[False, True])
async def no_frame_is_lost_invented_or_changed(dut, clocks, paused):
    bench = await Bench(dut, 2).start(clocks)
    count = int(cocotb.plusargs["frames"])
    if paused:
        bench.pauses()
    frames = [bench.frame() for _ in range(count)]
    done = cocotb.start_soon(_read_all_the_time(bench))
    for frame in frames:
        await bench.send(frame)
    for number, frame in enumerate(frames):
        await bench.expect(number, frame)
    done.cancel()
    await ClockCycles(dut.aclk, 100)
    assert bench.sink.empty()
    assert await bench.read("FRAMES") == await bench.read("RESULTS") == count
    assert await bench.read("SHORT") == await bench.read("OVERLONG") == 0
    assert await bench.field(STATUS, "busy") == 0
    await _counters_fit(bench, paused)


async def _read_all_the_time(bench):
    last = 0
    while True:
        assert await bench.read("IDENT") == IDENT
        results = await bench.read("RESULTS")
        assert results >= last
        last = results
        await _capture(bench)
        assert await bench.read("BUSY") <= await bench.read("SPAN") <= await bench.read("CYCLES")


async def _capture(bench):
    await bench.write(CONTROL, CONTROL.field("capture").mask)
    while await bench.field(CONTROL, "capture"):
        pass


async def _counters_fit(bench, paused):
    await _capture(bench)
    values = {name: await bench.read(name) for name in ("CYCLES", "SPAN", "BUSY", "STALLS")}
    assert 0 < values["BUSY"] <= values["SPAN"] < values["CYCLES"]
    assert values["STALLS"] < values["CYCLES"]
    await ClockCycles(bench.dut.core_clk, 1000)
    assert await bench.read("CYCLES") == values["CYCLES"]
    await _capture(bench)
    assert await bench.read("CYCLES") >= values["CYCLES"] + 1000
    assert await bench.read("SPAN") == values["SPAN"]


@cocotb.test()
async def short_and_overlong_frames_are_marked_and_the_next_is_right(dut):
    bench = await Bench(dut, 3).start()
    bench.pauses()
    size, words = SOURCE.frame_bytes, SOURCE.words
    short = overlong = 0
    sent = []
    for number in range(int(cocotb.plusargs["frames"])):
        data = bench.chance.randbytes(size + 3 * SOURCE.word_bytes)
        kind = bench.chance.choice(("right", "short", "overlong", "filled", "holes"))
        flags = 0
        if kind == "right":
            data = data[:size]
        elif kind == "short":
            data = data[: bench.chance.randrange(1, size)]
        elif kind == "filled":
            data = data[: words * SOURCE.word_bytes]
        elif kind == "overlong":
            data = data[: bench.chance.randrange(words * SOURCE.word_bytes + 1, len(data))]
        keep = [1] * len(data)
        if kind == "holes":
            data = data[:size]
            place = bench.chance.randrange(size)
            keep = [int(index != place) for index in range(size)]
        if kind in ("short", "holes"):
            flags = SHORT_FRAME
            short += 1
        if kind == "overlong":
            flags = OVERLONG_FRAME
            overlong += 1
        seen = bytes(byte if there else 0 for byte, there in zip(data, keep, strict=True))
        sent.append((number, seen[:size].ljust(size, b"\0"), flags))
        await bench.send(data, keep)
    for number, frame, flags in sent:
        await bench.expect(number, frame, flags)
    assert await bench.read("SHORT") == short
    assert await bench.read("OVERLONG") == overlong
    assert await bench.read("FRAMES") == await bench.read("RESULTS") == len(sent)
    events = await bench.read("EVENTS")
    for name, count in (("result", len(sent)), ("short", short), ("overlong", overlong)):
        assert EVENTS.field(name).of(events) == (count > 0)


@cocotb.test()
async def the_interrupt_follows_events_and_mask(dut):
    bench = await Bench(dut, 4).start()
    await bench.send(frame := bench.frame())
    await bench.expect(0, frame)
    await ClockCycles(dut.aclk, 4)
    assert dut.interrupt.value == 0
    await bench.write(INTERRUPT, EVENTS.field("result").mask)
    await ClockCycles(dut.aclk, 4)
    assert dut.interrupt.value == 1
    await bench.write(EVENTS, EVENTS.field("short").mask)
    await ClockCycles(dut.aclk, 4)
    assert dut.interrupt.value == 1
    await bench.write(EVENTS, EVENTS.field("result").mask)
    await ClockCycles(dut.aclk, 4)
    assert dut.interrupt.value == 0
    rise = RisingEdge(dut.interrupt)
    await bench.send(frame := bench.frame())
    assert await First(rise, Timer(100, "us")) is rise
    await bench.expect(1, frame)


@cocotb.test()
@cocotb.parametrize(clocks=CLOCKS_NS)
async def a_reset_at_any_moment_ends_frames_and_the_next_is_right(dut, clocks):
    bench = await Bench(dut, 5).start(clocks)
    for turn in range(RESETS):
        bench.sink.pause = bench.chance.random() < 0.3
        for _ in range(bench.chance.randrange(5)):
            await bench.send(bench.frame())
        await ClockCycles(dut.aclk, bench.chance.randrange(1, 40 * SOURCE.words))
        await bench.write(CONTROL, CONTROL.field("reset").mask)
        while not bench.source.empty() or not bench.source.idle():
            await RisingEdge(dut.aclk)
        if turn % 2:
            await ClockCycles(dut.aclk, bench.chance.randrange(100))
        bench.sink.pause = False
        await bench.write(CONTROL, 0)
        await bench.until_ready()
        await ClockCycles(dut.aclk, 20)
        # Every result that was begun has been ended.
        cut = 0
        while not bench.sink.empty():
            got = bytes((await bench.sink.recv()).tdata)
            trailer = Trailer.unpack(got[-SINK.word_bytes :])
            cut += trailer.flags == ABORTED
            assert trailer.flags in (0, ABORTED)
            assert trailer.flags == ABORTED or len(got) == (SINK.words + 1) * SINK.word_bytes
        assert cut <= 1
        assert bench.sink.idle()
        assert await bench.read("FRAMES") == await bench.read("RESULTS") == 0
        for number in range(2):
            await bench.send(frame := bench.frame())
            await bench.expect(number, frame)


@cocotb.test()
async def back_to_back_frames_take_a_cycle_more_than_their_words(dut):
    """With a fast core and nobody who pauses, the bus is what bounds the rate."""
    period = 40
    bench = await Bench(dut, 6).start((period, 4))
    count = 20
    for _ in range(count):
        await bench.send(bench.frame())
    ends = [(await bench.sink.recv()).sim_time_end for _ in range(count)]
    # Between two frames the input needs a cycle, and a result has its trailer.
    cycles = max(SOURCE.words, SINK.words) + 1
    assert ends[-1] - ends[3] <= (count - 4) * cycles * period

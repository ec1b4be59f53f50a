"""The circuit of global pooling."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ..fifo.params import FifoParams
from ..pipeline import counter, delay_valid, output_fifo, register, start
from ..stream import beat_stream, join, split
from .params import GlobalPoolParams
from .schedule import LATENCY


class GlobalPool(Component):
    """Maximum or sum of all pixels of a frame, per channel.

    Beats in the order pixel, channel word; the beats of the last pixel give the results, one each.
    Initiation interval 1; latency ``LATENCY``. The accumulators are read, updated and written back
    in one cycle, so that a channel word may follow itself directly. Sums are modulo
    ``2**out.bits``.

    Parameters
    ----------
    params : GlobalPoolParams
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o : Out(stream of ``params.out``)
    """

    def __init__(self, params: GlobalPoolParams, fifos: Sequence[FifoParams]) -> None:
        self.params = params
        self.fifos = tuple(fifos)
        super().__init__({"i": In(beat_stream(params.beat)), "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build counters, accumulators and their update."""
        m = Module()
        params = self.params
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")

        taken = Signal()
        word, last_word = counter(m, taken, params.words, "word")
        _, last_pixel = counter(m, taken & last_word, params.pixels, "pixel")
        first_pixel = Signal(init=1)
        with m.If(taken & last_word):
            m.d.sync += first_pixel.eq(last_pixel)
        m.d.comb += taken.eq(start(m, [self.i], [fifo], LATENCY, last_pixel))

        beat = split(register(m, self.i.payload, "beat"), params.beat)
        first = register(m, first_pixel, "first")
        before = Signal(params.out.width)
        after = []
        for x, accumulator in zip(beat, split(before, params.out), strict=True):
            if params.kind == "sum":
                updated = x + Mux(first, 0, accumulator)
            else:
                updated = Mux(first | (x > accumulator), x, accumulator)
            after.append(updated)
        updated = join(after, params.out)
        store = delay_valid(m, taken, 1)
        if params.words == 1:
            with m.If(store):
                m.d.sync += before.eq(updated)
        else:
            # No style is asked for: with its asynchronous port every tool takes LUT RAM, and
            # registers where there is none (ice40).
            memory = Memory(shape=unsigned(params.out.width), depth=params.words, init=[])
            m.submodules.accumulators = memory
            address = register(m, word, "word_beat")
            read = memory.read_port(domain="comb")
            write = memory.write_port()
            m.d.comb += [
                read.addr.eq(address),
                before.eq(read.data),
                write.addr.eq(address),
                write.data.eq(updated),
                write.en.eq(store),
            ]
        m.d.comb += fifo.payload.eq(register(m, updated, "result"))
        return m

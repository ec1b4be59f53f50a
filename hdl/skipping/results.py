"""Results of windows that are computed side by side, until they leave one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...runtime.numerics import bits_for, clog2
from ..memories import told_style
from ..memory import ram_attributes
from ..pipeline import counter, delay, delay_valid
from .params import SkippingParams
from .schedule import DRAIN_LATENCY, waiting


class Results(Component):
    """A ring of words, each with a beat of every window, that is read once for each window.

    Words come group by group. The first window's beats leave as they come, filters innermost; the
    other windows' lie behind in the same words, which are read again from the first group on. Only
    the reading for the last window frees them. One beat a cycle: ``take`` claims a slot of the
    output FIFO, and the beat is pushed ``DRAIN_LATENCY`` cycles later.

    Parameters
    ----------
    params : SkippingParams
        With ``waits``.

    Attributes
    ----------
    claim : In(1)
        Reserve places for the ``params.pushes`` words of a firing; only where ``space`` is high.
    space : Out(1)
        Whether so many are free, from a register.
    push : In(1)
        Store ``payload`` in this cycle, in a place that was claimed before.
    payload : In(pixels * out.width)
        The first window lowest.
    room : In(1)
        Whether the output FIFO has space, from a register.
    take : Out(1)
    given : Out(1)
        Push ``beat`` in this cycle.
    beat : Out(out.width)
    """

    def __init__(self, params: SkippingParams) -> None:
        self.params = params
        super().__init__(
            {
                "claim": In(1),
                "space": Out(1),
                "push": In(1),
                "payload": In(params.pixels * params.out.width),
                "room": In(1),
                "take": Out(1),
                "given": Out(1),
                "beat": Out(params.out.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the ring, the walk through it, and the counts of words and places."""
        m = Module()
        params = self.params
        plan, words = waiting(params), params.out_channels // params.out.lanes
        depth, places = plan.depth, 1 << clog2(plan.depth)
        m.submodules.waiting = ring = Memory(
            shape=unsigned(plan.width),
            depth=places,
            init=[],
            attrs=ram_attributes(told_style(plan.style, places, plan.width, platform)),
        )
        write, read = ring.write_port(), ring.read_port()
        write_place, read_place = Signal(range(places)), Signal(range(places))
        with m.If(self.push):
            m.d.sync += write_place.eq(write_place + 1)

        _, word_last = counter(m, self.take, words, "word")
        next_window = Signal()
        window, window_last = counter(m, next_window, params.pixels, "window")
        is_first = Signal(init=1)
        with m.If(next_window):
            m.d.sync += is_first.eq(window_last)
        back = (1 - words) % places
        with m.If(self.take):
            m.d.sync += read_place.eq(read_place + Mux(word_last & ~window_last, back, 1))

        # Words that the first window has not read, less one, and free places less those of a
        # firing: the signs say whether there are any, and whether there is space.
        unread = Signal(signed(bits_for(-1, depth)), init=-1)
        free = Signal(signed(bits_for(-params.pushes, depth)), init=depth - params.pushes)
        m.d.comb += [
            self.space.eq(~free[-1]),
            self.take.eq((~is_first | ~unread[-1]) & self.room),
            next_window.eq(self.take & word_last),
            write.en.eq(self.push),
            write.addr.eq(write_place),
            write.data.eq(self.payload),
            read.addr.eq(read_place),
            self.given.eq(delay_valid(m, self.take, DRAIN_LATENCY)),
        ]
        m.d.sync += [
            unread.eq(unread + self.push - (self.take & is_first)),
            free.eq(free + (self.take & window_last) - Mux(self.claim, params.pushes, 0)),
            self.beat.eq(read.data.word_select(delay(m, window, 1, "window"), params.out.width)),
        ]
        return m

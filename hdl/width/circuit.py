"""The circuit of the stream width converter."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from ..fifo.circuit import CreditFifo
from ..fifo.params import FifoParams
from ..pipeline import counter, output_fifo, start
from ..stream import beat_stream
from .params import WidthParams
from .schedule import latency


class Width(Component):
    """Repacks beats of ``params.beat.lanes`` into beats of ``params.out.lanes``, lowest lane first.

    Narrowing: a beat is registered and leaves as ``ratio`` beats in the next cycles; initiation
    interval ``ratio``. Widening: beats are kept until the last of a group passes, which gives the
    wide beat in the same cycle; initiation interval 1. Latency ``latency(params)``.

    Parameters
    ----------
    params : WidthParams
    fifos : sequence of one FifoParams
        Its burst is ``params.burst``.

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o : Out(stream of ``params.out``)

    Raises
    ------
    ValueError
        If the burst of the FIFO is another one.
    """

    def __init__(self, params: WidthParams, fifos: Sequence[FifoParams]) -> None:
        if fifos[0].burst != params.burst:
            raise ValueError(f"burst must be {params.burst}, not {fifos[0].burst}")
        self.params = params
        self.fifos = tuple(fifos)
        super().__init__({"i": In(beat_stream(params.beat)), "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build the converter."""
        m = Module()
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        if self.params.narrowing:
            self._narrow(m, fifo)
        else:
            self._widen(m, fifo)
        return m

    def _narrow(self, m: Module, fifo: CreditFifo) -> None:
        """Shift a registered beat out, one narrow beat a cycle."""
        params = self.params
        held = Signal(params.beat.width, reset_less=True)
        left = Signal(range(params.ratio + 1))
        fire = Signal()
        m.d.comb += [
            # The next beat is taken as the last part of this one leaves.
            fire.eq(self.i.valid & fifo.space & (left <= 1)),
            self.i.ready.eq(fire),
            fifo.claim.eq(fire),
            fifo.push.eq(left != 0),
            fifo.payload.eq(held),
        ]
        m.d.sync += held.eq(held >> params.out.width)
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.If(fire):
            m.d.sync += [held.eq(self.i.payload), left.eq(params.ratio)]

    def _widen(self, m: Module, fifo: CreditFifo) -> None:
        """Keep all but the last beat of a group in a shift register."""
        params = self.params
        taken = Signal()
        _, last = counter(m, taken, params.ratio, "index")
        m.d.comb += taken.eq(start(m, [self.i], [fifo], latency(params), last))
        kept = Signal(params.out.width - params.beat.width, reset_less=True)
        whole = Cat(kept, self.i.payload)
        with m.If(taken):
            m.d.sync += kept.eq(whole[params.beat.width :])
        m.d.comb += fifo.payload.eq(whole)

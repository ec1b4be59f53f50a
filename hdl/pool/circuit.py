"""The circuit of local pooling."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..beat import Beat
from ..fifo.params import FifoParams
from ..pipeline import delay_valid, output_fifo
from ..stream import beat_stream, join, split
from ..tables import shape_of
from ..window.circuit import Window
from .params import PoolParams


class Pool(Component):
    """Maximum or sum over windows of ``params.window.lanes`` channels at a time.

    A firing goes through the places of one window for one word of channels, one place a cycle, and
    gives one beat; all words of a window come before the next window. What lies outside the
    frame counts as ``window.pad_value``. Initiation interval ``window.steps``; latency
    ``latency(params)``. Sums are modulo ``2**out.bits``.

    Parameters
    ----------
    params : PoolParams
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i : In(stream of ``params.window.beat``)
    o : Out(stream of ``params.out``)
    """

    def __init__(self, params: PoolParams, fifos: Sequence[FifoParams]) -> None:
        self.params = params
        self.fifos = tuple(fifos)
        super().__init__(
            {"i": In(beat_stream(params.window.beat)), "o": Out(beat_stream(params.out))}
        )

    def elaborate(self, platform: object) -> Module:
        """Build the window buffer and the accumulators."""
        m = Module()
        params = self.params
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        m.submodules.window = window = Window(params.window, params.window.steps)
        connect(m, flipped(self.i), window.i)
        m.d.comb += [window.space.eq(fifo.space), fifo.claim.eq(window.fire)]

        beat = params.window.beat
        word = Beat(params.window.lanes, beat.bits, beat.signed)
        accumulators = []
        for lane, x in enumerate(split(window.word, word)):
            name = f"lane{lane}_accumulator"
            accumulator = Signal(shape_of(params.out), name=name, reset_less=True)
            if params.kind == "sum":
                m.d.sync += accumulator.eq(x + Mux(window.first, 0, accumulator))
            else:
                larger = window.first | (x > accumulator)
                m.d.sync += accumulator.eq(Mux(larger, x, accumulator))
            accumulators.append(accumulator.as_unsigned())
        m.d.comb += [
            fifo.push.eq(delay_valid(m, window.valid & window.last, 1)),
            fifo.payload.eq(join(accumulators, params.out)),
        ]
        return m

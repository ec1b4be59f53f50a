"""The circuit of the concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..beat import Beat
from ..fifo.circuit import CreditFifo
from ..fifo.params import FifoParams
from ..pipeline import delay_valid, output_fifo, register, start
from ..stream import beat_stream, join, split
from ..tables import shape_of
from .params import ConcatParams
from .schedule import latency


class Concat(Component):
    """Beats of several streams one behind the other, or joined to one.

    A firing takes one beat of the input whose turn it is, extends its lanes to those of the output
    and gives it. With ``params.together`` it takes one of every input and gives all their lanes,
    the first input's lowest. Initiation interval 1; latency ``latency(params)``.

    Parameters
    ----------
    params : ConcatParams
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i0, i1, … : In(streams of ``params.beats``)
    o : Out(stream of ``params.out``)
    """

    def __init__(self, params: ConcatParams, fifos: Sequence[FifoParams]) -> None:
        self.params = params
        self.fifos = tuple(fifos)
        ports = {f"i{index}": In(beat_stream(beat)) for index, beat in enumerate(params.beats)}
        super().__init__({**ports, "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build the selection or the joint."""
        m = Module()
        params = self.params
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        ports = [getattr(self, f"i{index}") for index in range(len(params.beats))]
        words = [
            _extended(m, port.payload, beat, params.out, f"input{index}")
            for index, (port, beat) in enumerate(zip(ports, params.beats, strict=True))
        ]
        if params.together:
            start(m, ports, [fifo], latency(params))
            m.d.comb += fifo.payload.eq(Cat(words))
        else:
            self._select(m, ports, words, fifo)
        return m

    def _select(self, m: Module, ports: list[Value], words: list[Value], fifo: CreditFifo) -> None:
        """Go through the inputs; ``mine`` is high for the one whose turn it is."""
        counts = self.params.counts
        mine = [Signal(name=f"turn{index}", init=index == 0) for index in range(len(counts))]
        left = Signal(range(max(counts)), init=counts[0] - 1)
        last = Signal(init=counts[0] == 1)
        fire = Signal()
        offered = [turn & port.valid for turn, port in zip(mine, ports, strict=True)]
        m.d.comb += [
            fire.eq(Cat(offered).any() & fifo.space),
            fifo.claim.eq(fire),
            fifo.push.eq(delay_valid(m, fire, latency(self.params))),
        ]
        m.d.comb += [port.ready.eq(turn & fire) for turn, port in zip(mine, ports, strict=True)]
        following = [*counts[1:], counts[0]]
        with m.If(fire):
            m.d.sync += [left.eq(left - 1), last.eq(left == 1)]
            with m.If(last):
                m.d.sync += [turn.eq(mine[index - 1]) for index, turn in enumerate(mine)]
                for turn, count in zip(mine, following, strict=True):
                    with m.If(turn):
                        m.d.sync += [left.eq(count - 1), last.eq(count == 1)]
        masked = [
            Mux(turn, word, Const(0, len(word))) for turn, word in zip(mine, words, strict=True)
        ]
        selected = masked[0]
        for word in masked[1:]:
            selected = selected | word
        m.d.comb += fifo.payload.eq(register(m, selected, "selected"))


def _extended(m: Module, payload: Value, beat: Beat, out: Beat, name: str) -> Value:
    """Return the lanes of a beat, each as wide as those of the output."""
    lanes = []
    for lane, value in enumerate(split(payload, beat)):
        wide = Signal(shape_of(out), name=f"{name}_lane{lane}")
        m.d.comb += wide.eq(value)
        lanes.append(wide.as_unsigned())
    return join(lanes, replace(out, lanes=beat.lanes))

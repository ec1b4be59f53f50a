"""The circuit of the fork."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from ..fifo.params import FifoParams
from ..pipeline import output_fifo, start
from ..stream import beat_stream
from .params import ForkParams
from .schedule import LATENCY


class Fork(Component):
    """Every input beat goes to each of ``params.ways`` outputs, as soon as all have space.

    Initiation interval 1; latency ``LATENCY``: wires between the FIFOs.

    Parameters
    ----------
    params : ForkParams
    fifos : sequence of ``params.ways`` FifoParams

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o0, o1, … : Out(streams of ``params.beat``)

    Raises
    ------
    ValueError
        If there is not one FIFO for each way.
    """

    def __init__(self, params: ForkParams, fifos: Sequence[FifoParams]) -> None:
        if len(fifos) != params.ways:
            raise ValueError(f"fifos must be {params.ways}, not {len(fifos)}")
        self.params = params
        self.fifos = tuple(fifos)
        ports = {f"o{way}": Out(beat_stream(params.beat)) for way in range(params.ways)}
        super().__init__({"i": In(beat_stream(params.beat)), **ports})

    def elaborate(self, platform: object) -> Module:
        """Build the FIFOs and their common firing."""
        m = Module()
        fifos = [
            output_fifo(m, params, getattr(self, f"o{way}"), f"fifo{way}")
            for way, params in enumerate(self.fifos)
        ]
        start(m, [self.i], fifos, LATENCY)
        m.d.comb += [fifo.payload.eq(self.i.payload) for fifo in fifos]
        return m

"""The circuit of the lookup unit."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import Component, In, Out

from ..fifo.params import FifoParams
from ..pipeline import counter, output_fifo, register, start
from ..stream import beat_stream, join, split
from ..tables import Table, check_entries, check_range, pack, rom, shape_of
from .params import LookupParams
from .schedule import LATENCY


class Lookup(Component):
    """``y = table[c, x - low]`` on every lane.

    The bits of x themselves are the address, so nothing is subtracted. A row that all channels
    share is stored once for every two lanes, the ports of a block RAM; rows per channel are stored
    by lane. Beats in the order row, column, channel word, one out for each one in. Initiation
    interval 1; latency ``LATENCY``.

    Parameters
    ----------
    params : LookupParams
    table : int64 (params.entries, params.size)
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o : Out(stream of ``params.out``)

    Raises
    ------
    ValueError
        If the table has another shape or its values do not fit ``params.out``.
    """

    def __init__(self, params: LookupParams, table: Table, fifos: Sequence[FifoParams]) -> None:
        check_entries(table, params.entries, "table")
        check_entries(table.T, params.size, "a row of the table")
        check_range(table, shape_of(params.out), "table")
        self.params = params
        self.table = table
        self.fifos = tuple(fifos)
        super().__init__({"i": In(beat_stream(params.beat)), "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build the tables of all lanes."""
        m = Module()
        params = self.params
        lanes = params.beat.lanes
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        fire = start(m, [self.i], [fifo], LATENCY)
        shared = params.entries == 1
        word, _ = counter(m, fire, 1 if shared else params.words, "word")
        word = register(m, word, "word_beat")
        beat = split(register(m, self.i.payload, "beat"), params.beat)

        results: list[Value] = []
        for lane in range(0, lanes, 2 if shared else 1):
            rows = self.table if shared else self.table[lane::lanes]
            users = beat[lane : lane + 2] if shared else beat[lane : lane + 1]
            content = [self._at(row, raw) for row in rows for raw in range(1 << params.beat.bits)]
            addresses = [Cat(x, word) for x in users]
            results += rom(m, content, params.out.bits, addresses, f"lane{lane}_table")
        m.d.comb += fifo.payload.eq(join(results, params.out))
        return m

    def _at(self, row: Table, raw: int) -> int:
        """Return the output's bits where the input's bits are ``raw``; 0 where it cannot occur."""
        beat = self.params.beat
        negative = beat.signed and raw >> (beat.bits - 1)
        index = raw - (negative << beat.bits) - self.params.low
        return pack([int(row[index])], self.params.out.bits) if 0 <= index < len(row) else 0

"""The circuit of the requantizer."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Shape, signed
from amaranth.lib.wiring import Component, In, Out

from ..arithmetic import fetch_cycles
from ..fifo.params import FifoParams
from ..multiply import multiply
from ..pipeline import counter, delay, output_fifo, register, start
from ..rounding import round_clamp
from ..stream import beat_stream, join, split
from ..tables import Table, channel_constants, check_channels
from .params import RequantizeParams
from .schedule import latency, product


class Requantize(Component):
    """``y = clamp((x * multiplier[c] + offset[c]) >> shift, low, high)`` on every lane.

    Beats in the order row, column, channel word, one out for each one in. Initiation interval 1;
    latency ``latency(params)``: fetch of the constants, multiplication, addition, ties, comparison,
    each behind registers.

    Parameters
    ----------
    params : RequantizeParams
    multiplier, offset : int64 (params.entries or 1,)
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o : Out(stream of ``params.out``)

    Raises
    ------
    ValueError
        If a table has another length or its values do not fit their widths.
    """

    def __init__(
        self,
        params: RequantizeParams,
        multiplier: Table,
        offset: Table,
        fifos: Sequence[FifoParams],
    ) -> None:
        factor = Shape(params.multiplier_bits, params.multiplier_signed)
        check_channels(multiplier, params.entries, factor, "multiplier")
        check_channels(offset, params.entries, signed(params.offset_bits), "offset")
        self.params = params
        self.multiplier = multiplier
        self.offset = offset
        self.fifos = tuple(fifos)
        super().__init__({"i": In(beat_stream(params.beat)), "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build the pipeline of all lanes."""
        m = Module()
        params = self.params
        plan = product(params)
        lanes = params.beat.lanes
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        fire = start(m, [self.i], [fifo], latency(params))
        word, _ = counter(m, fire, params.words if params.entries > 1 else 1, "word")

        beat = delay(m, self.i.payload, fetch_cycles(params.entries, params.words), "beat")
        shape = Shape(params.multiplier_bits, params.multiplier_signed)
        factors = channel_constants(m, self.multiplier, lanes, shape, word, "multipliers")
        later = delay(m, word, plan.stages, "word_offset")
        shape = signed(params.offset_bits)
        offsets = channel_constants(m, self.offset, lanes, shape, later, "offsets")

        results = []
        width = params.product_bits
        for lane, x in enumerate(split(beat, params.beat)):
            scaled = multiply(m, plan, x, factors[lane], width, f"lane{lane}")
            total = register(m, scaled + offsets[lane], f"lane{lane}_sum", signed(width))
            results.append(
                round_clamp(
                    m,
                    total,
                    params.shift,
                    params.ties,
                    params.low,
                    params.high,
                    params.out.bits,
                    f"lane{lane}",
                )
            )
        m.d.comb += fifo.payload.eq(join(results, params.out))
        return m

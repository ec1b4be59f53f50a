"""The circuit of the requantizing adder."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Shape, Value, signed
from amaranth.lib.wiring import Component, In, Out

from ..arithmetic import fetch_cycles
from ..fifo.params import FifoParams
from ..multiply import multiply
from ..pipeline import counter, delay, output_fifo, register, start
from ..rounding import round_clamp
from ..stream import beat_stream, join, split
from ..tables import Table, channel_constants, check_channels
from .params import AddParams
from .schedule import latency, products


class Add(Component):
    """``y = clamp((a*multipliers[0][c] + b*multipliers[1][c] + offset[c]) >> shift, low, high)``.

    Beats in the order row, column, channel word; a firing takes one of each input in the same cycle
    and gives one. Initiation interval 1; latency ``latency(params)``: fetch of the constants,
    multiplications, sum, offset, ties, comparison, each behind registers. A factor that is the same
    power of two for all channels costs no multiplier.

    Parameters
    ----------
    params : AddParams
    multipliers : int64 (2, params.entries or 1)
    offset : int64 (params.entries or 1,)
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i0, i1 : In(streams of ``params.beats``)
    o : Out(stream of ``params.out``)

    Raises
    ------
    ValueError
        If a table has another length or its values do not fit their widths.
    """

    def __init__(
        self,
        params: AddParams,
        multipliers: Table,
        offset: Table,
        fifos: Sequence[FifoParams],
    ) -> None:
        for index, (table, bits) in enumerate(
            zip(multipliers, params.multiplier_bits, strict=True)
        ):
            factor = Shape(bits, params.multiplier_signed)
            check_channels(table, params.entries, factor, f"multipliers[{index}]")
        check_channels(offset, params.entries, signed(params.offset_bits), "offset")
        self.params = params
        self.multipliers = multipliers
        self.offset = offset
        self.fifos = tuple(fifos)
        super().__init__(
            {
                "i0": In(beat_stream(params.beats[0])),
                "i1": In(beat_stream(params.beats[1])),
                "o": Out(beat_stream(params.out)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the pipeline of all lanes."""
        m = Module()
        params = self.params
        lanes, width = params.out.lanes, params.product_bits
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        fire = start(m, [self.i0, self.i1], [fifo], latency(params))
        word, _ = counter(m, fire, params.words if params.entries > 1 else 1, "word")
        fetch = fetch_cycles(params.entries, params.words)
        plans = products(params)
        slowest = max(plan.stages for plan in plans)

        scaled: list[list[Value]] = []
        for index, (port, plan) in enumerate(zip((self.i0, self.i1), plans, strict=True)):
            beat = delay(m, port.payload, fetch, f"beat{index}")
            shape = Shape(plan.b_bits, plan.b_signed)
            factors = channel_constants(
                m, self.multipliers[index], lanes, shape, word, f"multipliers{index}"
            )
            scaled.append([])
            for lane, x in enumerate(split(beat, params.beats[index])):
                name = f"lane{lane}_{index}"
                product = multiply(m, plan, x, factors[lane], width, name)
                scaled[index].append(delay(m, product, slowest - plan.stages, f"{name}_later"))

        later = delay(m, word, slowest + 1, "word_offset")
        shape = signed(params.offset_bits)
        offsets = channel_constants(m, self.offset, lanes, shape, later, "offsets")
        results = []
        for lane, (first, second) in enumerate(zip(*scaled, strict=True)):
            both = register(m, first + second, f"lane{lane}_both", signed(width))
            total = register(m, both + offsets[lane], f"lane{lane}_sum", signed(width))
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

"""The circuit of the threshold unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from ...runtime.numerics import bits_for
from ..fifo.params import FifoParams
from ..pipeline import counter, delay, output_fifo, register, start
from ..stream import beat_stream, join, split
from ..tables import Table, check_entries, check_range, pack, rom, shape_of
from .params import ThresholdParams
from .schedule import latency, levels


class Threshold(Component):
    """``y = values[c, count(x >= thresholds[c])]`` on every lane, by pipelined binary search.

    Level k compares with one of ``2**k`` thresholds per channel; the bits found so far and the
    channel word are its address. Beats in the order row, column, channel word, one out for each one
    in. Initiation interval 1; latency ``latency(params)``: one cycle a level, and one for the first
    table.

    Parameters
    ----------
    params : ThresholdParams
    thresholds : int64 (params.entries, params.steps)
        Ascending; equal ones allowed.
    values : int64 (params.entries, params.steps + 1)
    fifos : sequence of one FifoParams

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    o : Out(stream of ``params.out``)

    Raises
    ------
    ValueError
        If a table has another shape, its values do not fit their widths, the thresholds descend, or
        the values do not count up from one base though ``params.affine``.
    """

    def __init__(
        self,
        params: ThresholdParams,
        thresholds: Table,
        values: Table,
        fifos: Sequence[FifoParams],
    ) -> None:
        check_entries(thresholds, params.entries, "thresholds")
        check_entries(values, params.entries, "values")
        check_entries(thresholds.T, params.steps, "a row of thresholds")
        check_entries(values.T, params.steps + 1, "a row of values")
        check_range(thresholds, signed(params.threshold_bits), "thresholds")
        check_range(values, shape_of(params.out), "values")
        if np.any(np.diff(thresholds) < 0):
            raise ValueError("thresholds must ascend")
        counting = values[0, 0] + np.arange(params.steps + 1)
        if params.affine and np.any(values != counting):
            raise ValueError(f"values must be {counting[0]} … {counting[-1]} where affine")
        self.params = params
        self.thresholds = thresholds
        self.values = values
        self.fifos = tuple(fifos)
        super().__init__({"i": In(beat_stream(params.beat)), "o": Out(beat_stream(params.out))})

    def elaborate(self, platform: object) -> Module:
        """Build the levels of all lanes."""
        m = Module()
        params = self.params
        depth = levels(params)
        fifo = output_fifo(m, self.fifos[0], self.o, "fifo")
        fire = start(m, [self.i], [fifo], latency(params))
        word, _ = counter(m, fire, params.words if params.entries > 1 else 1, "word")
        words = [delay(m, word, level, f"word{level}") for level in range(depth + 1)]
        beat = register(m, self.i.payload, "beat")
        results = [self._lane(m, lane, x, words) for lane, x in enumerate(split(beat, params.beat))]
        m.d.comb += fifo.payload.eq(join(results, params.out))
        return m

    def _lane(self, m: Module, lane: int, x: Value, words: Sequence[Value]) -> Value:
        """Return the result of one lane; ``words[k]`` is the channel word k cycles after firing."""
        params = self.params
        depth = levels(params)
        rows = slice(lane, None, params.beat.lanes) if params.entries > 1 else slice(None)
        # A full tree has 2**depth - 1 thresholds: those that are missing stand in front, with the
        # lowest input, so that they always count.
        missing = (1 << depth) - 1 - params.steps
        lowest = -(1 << (params.beat.bits - 1)) if params.beat.signed else 0
        clipped = np.maximum(self.thresholds[rows], lowest)
        tree = np.pad(clipped, ((0, 0), (missing, 0)), constant_values=lowest)
        shape = signed(bits_for(min(-1, int(tree.min())), int(tree.max())))

        found: Value = Const(0, 0)
        for level in range(depth):
            stride = 1 << (depth - 1 - level)
            places = [int(value) for row in tree for value in row[stride - 1 :: 2 * stride]]
            encoded = [pack([value], shape.width) for value in places]
            address = Cat(found, words[level])
            name = f"lane{lane}_thresholds{level}"
            (data,) = rom(m, encoded, shape.width, [address], name)
            reached = Signal(name=f"lane{lane}_reached{level}")
            m.d.comb += reached.eq(x >= data.as_signed())
            before = register(m, found, f"lane{lane}_found{level}") if level else found
            found = Cat(reached, before)
            x = register(m, x, f"lane{lane}_x{level}")
        if params.affine:
            index = register(m, found, f"lane{lane}_index")
            base = int(self.values[0, 0]) - missing
            result = Signal(shape_of(params.out), name=f"lane{lane}_result")
            m.d.comb += result.eq(index + base)
            return result
        table = np.pad(self.values[rows], ((0, 0), (missing, 0)), mode="edge")
        encoded = [pack([int(value)], params.out.bits) for row in table for value in row]
        address = Cat(found, words[depth])
        (data,) = rom(m, encoded, params.out.bits, [address], f"lane{lane}_values")
        return data

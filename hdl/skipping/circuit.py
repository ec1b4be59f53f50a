"""The skipping engine: a banked ring of pixels, an index memory, lanes and accumulators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ...runtime.numerics import clog2
from ..arithmetic import fetch_cycles
from ..burst import push_burst
from ..fifo.params import FifoParams
from ..filters import Weights, negative_counts
from ..lanes import sum_of_products
from ..layer_circuit import LayerCircuit
from ..memories import told_style
from ..memory import ram_attributes
from ..pipeline import counter, delay, delay_valid, output_fifo, register
from ..stored import stored
from ..tables import channel_constants
from ..window.ring import Position, Written, fire_windows, release_words, sequence, write_words
from ..window.schedule import outside_masks, released
from .params import SkippingParams
from .schedule import READ_CYCLES
from .weights import check_weights, entries_of, varying


class Skipping(LayerCircuit[SkippingParams]):
    """A convolution or dense layer in which a weight of zero takes no time.

    ``y[oy, ox, f] = sum w[f, ky, kx, c] * x[oy * s + ky * d - p, …, c]`` modulo 2**out.bits, with
    ``pad_value`` outside the frame (Dense: a 1×1 kernel on a 1×1 frame). Input: beats of
    ``window.beat``, row by row, channels innermost. Output: likewise, ``out.lanes`` filters a beat.

    Channel c lies in bank ``c % banks`` of the ring, and stays there while the window slides, so
    that no window is copied. Every bank has its own list of places and weights per filter and
    reads one input a cycle for each of the ``pe`` filters (of which each has a copy of the banks):
    a static schedule without arbitration. Lists of equal length (bank-balanced sparsity, Cao et
    al., FPGA 2019) keep all lanes busy; where they are not, a group takes as long as its longest.

    A firing computes ``pe`` filters for one window in ``steps[group]`` cycles and gives ``burst``
    beats, the first ``latencies(params)[group]`` cycles after its start (``schedule.py``). One beat
    a cycle is accepted while the ring has places.

    Parameters
    ----------
    params : SkippingParams
    weights : int64 (filters, kernel height, kernel width, channels)
    fifos : one FifoParams
        Of the output; its burst is ``params.burst``.

    Raises
    ------
    ValueError
        If the weights do not fit the parameters, or the FIFO does not fit the output.
    """

    def __init__(
        self, params: SkippingParams, weights: Weights, fifos: Sequence[FifoParams]
    ) -> None:
        check_weights(params, weights)
        super().__init__(params, weights, fifos)

    def elaborate(self, platform: object) -> Module:
        """Build the path index memory → places → ring → products → sum → accumulator → FIFO."""
        m = Module()
        params, window = self.params, self.params.window
        fifo = output_fifo(m, self.fifo, self.o, "output_fifo")
        given_back = Signal(range(int(released(window).max()) + 1))
        written = write_words(m, window, self.i, given_back)
        fire, step, step_last = Signal(), Signal(), Signal()
        position = fire_windows(m, window, fire, (~step | step_last) & fifo.space, written)
        m.d.comb += fifo.claim.eq(fire)
        self._walk(m, fire, step, step_last)
        end = Signal()
        m.d.comb += end.eq(step & step_last)
        # The last place is read so late that what it releases is held back for a cycle.
        m.d.sync += given_back.eq(release_words(m, fire, position, end))

        entries = self._entries(m, step)
        inputs = self._inputs(m, fire, position, written, entries, platform)
        stages = params.dot.stages
        first = delay(m, fire, 1 + READ_CYCLES + stages, "first")
        done = delay_valid(m, end, READ_CYCLES + stages + 1)
        initial = self._initial(m, end)
        weight_at = params.entry_bits - params.weight_bits
        accumulators = []
        for p in range(params.pe):
            lanes = range(p * params.banks, (p + 1) * params.banks)
            codes = [delay(m, entries[lane][weight_at:], 3, f"weight_{lane}") for lane in lanes]
            total = sum_of_products(
                m, params.dot, [inputs[lane] for lane in lanes], Cat(codes), str(p)
            )
            accumulator = Signal(params.out.bits, name=f"accumulator_{p}", reset_less=True)
            m.d.sync += accumulator.eq(Mux(first, initial[p], accumulator) + total)
            accumulators.append(accumulator)
        push_burst(m, fifo, Cat(accumulators), done, params.burst)
        return m

    def _walk(self, m: Module, fire: Signal, step: Signal, step_last: Signal) -> None:
        """Drive ``step``, high in the cycles after a firing, and ``step_last`` in the last one."""
        steps = np.array(self.params.steps, dtype=np.int64)[None, :]
        group, _ = counter(m, fire, steps.size, "next_group")
        length = sequence(m, steps, (Const(0), group), fire, "length")
        left = Signal(range(int(steps.max()) + 1))
        m.d.sync += [
            step.eq(fire | (step & ~step_last)),
            left.eq(Mux(fire, length, left - 1)),
            step_last.eq(Mux(fire, length == 1, left == 2)),
        ]

    def _entries(self, m: Module, step: Value) -> list[Value]:
        """Return what every lane shall do: from a register, two cycles after its step."""
        params = self.params
        table = entries_of(params.window, params.pe, params.steps, self.weights)
        address, _ = counter(m, step, len(table), "index_address")
        words = [0] * len(table)
        entries: list[list[Value]] = []
        used = 0
        word = Signal(params.index_bits, name="index_word", reset_less=True)
        for lane, mask in enumerate(varying(table).tolist()):
            bits: list[Value] = []
            for place in range(params.entry_bits):
                column = (table[:, lane] >> place & 1).tolist()
                if mask >> place & 1:
                    words = [old | bit << used for old, bit in zip(words, column, strict=True)]
                    bits.append(word[used])
                    used += 1
                else:
                    bits.append(Const(column[0], 1))
            entries.append(bits)
        if used:
            data = stored(m, words, used, params.weight_style, address)
            m.d.sync += word.eq(data)
        return [Cat(bits) for bits in entries]

    def _inputs(
        self,
        m: Module,
        fire: Value,
        position: Position,
        written: Written,
        entries: Sequence[Value],
        platform: object,
    ) -> list[Value]:
        """Return what the lanes read, three cycles after their entries."""
        params, window = self.params, self.params.window
        place_bits = clog2(window.capacity)
        base = Signal.like(position.base, name="window_base", reset_less=True)
        with m.If(fire):
            m.d.sync += base.eq(position.base)
        base_now = delay(m, base, 2, "window_base")
        outside = self._outside(m, fire, position, entries)
        shape = Shape(window.beat.bits, window.beat.signed)
        style = told_style(window.style, window.capacity, shape.width, platform)
        padding = Const(window.pad_value & ((1 << shape.width) - 1), shape.width)
        inputs = []
        for lane, entry in enumerate(entries):
            bank = lane % params.banks
            ring = Memory(
                shape=unsigned(shape.width),
                depth=window.capacity,
                init=[],
                attrs=ram_attributes(style),
            )
            m.submodules[f"pixels_{lane}"] = ring
            write, read = ring.write_port(), ring.read_port()
            place = Signal(place_bits, name=f"place_{lane}", reset_less=True)
            m.d.sync += place.eq(base_now + entry[:place_bits])
            m.d.comb += [
                write.en.eq(written.enable),
                write.addr.eq(written.address),
                write.data.eq(written.word.word_select(bank, shape.width)),
                read.addr.eq(place),
            ]
            value = read.data if outside is None else Mux(outside[lane], padding, read.data)
            held = register(m, value, f"input_{lane}")
            inputs.append(held.as_signed() if shape.signed else held)
        return inputs

    def _outside(
        self, m: Module, fire: Value, position: Position, entries: Sequence[Value]
    ) -> list[Value] | None:
        """Return, for each lane, whether what it reads lies outside the frame: beside the data."""
        window = self.params.window
        if not window.padded:
            return None
        beyond = []
        for axis, (advance, index) in enumerate(
            ((position.next_row, position.row), (position.advance, position.column))
        ):
            masks = outside_masks(window, axis)
            coming = sequence(m, masks[None, :], (Const(0), index), advance, f"outside_{axis}")
            mask = Signal(window.kernel[axis], name=f"outside_now_{axis}", reset_less=True)
            with m.If(fire):
                m.d.sync += mask.eq(coming)
            beyond.append(delay(m, mask, 2, f"outside_now_{axis}"))
        place_bits = clog2(window.capacity)
        row_bits = clog2(window.kernel[0])
        outside = []
        for lane, entry in enumerate(entries):
            row = entry[place_bits : place_bits + row_bits]
            column = entry[place_bits + row_bits : place_bits + self.params.tap_bits]
            now = beyond[0].bit_select(row, 1) | beyond[1].bit_select(column, 1)
            outside.append(delay(m, now, 2, f"outside_{lane}"))
        return outside

    def _initial(self, m: Module, end: Value) -> list[Value]:
        """Return what each accumulator starts from: ternary lanes give ``~x`` for ``-x``."""
        params = self.params
        if params.multiplier != "ternary":
            return [Const(0, 1)] * params.pe
        # The group counts on as a firing ends, late enough for the last accumulation to start right
        # and early enough for the memory of the next group's constants.
        fetch = fetch_cycles(params.out_channels, params.window.groups)
        ended = delay_valid(m, end, READ_CYCLES + params.dot.stages - fetch)
        group, _ = counter(m, ended, params.window.groups, "group")
        counts = negative_counts(self.weights, params.pe)
        shape = unsigned(max(1, int(counts.max()).bit_length()))
        return channel_constants(m, counts.ravel(), params.pe, shape, group, "negatives")

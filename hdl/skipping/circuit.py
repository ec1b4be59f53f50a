"""The skipping engine: a banked ring of pixels, an index memory, lanes and accumulators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ...runtime.numerics import clog2
from ..arithmetic import fetch_cycles
from ..burst import push_burst
from ..fifo.circuit import CreditFifo
from ..fifo.params import FifoParams
from ..filters import Weights, negative_counts
from ..lanes import sum_of_products
from ..layer_circuit import LayerCircuit
from ..memories import told_style
from ..memory import ram_attributes
from ..pipeline import counter, delay, delay_valid, output_fifo, register
from ..schedule import Counts
from ..stored import stored
from ..tables import channel_constants
from ..window.ring import Position, Written, fire_windows, release_words, sequence, write_words
from ..window.schedule import outside_masks, released
from .params import SkippingParams
from .results import Results
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

    A firing computes ``pe`` filters for ``pixels`` neighbouring windows in ``steps[group]`` cycles
    and gives ``beats`` beats, the first ``latencies(params)[group]`` cycles after its start
    (``schedule.py``). Several windows read the same place: beside an input lie those that are the
    windows' distance before it. Their results wait until they can leave in order (``results.py``),
    but where a firing computes all filters. One beat a cycle is accepted while the ring has places,
    but for ``trailing`` cycles behind a frame.

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
        results = self._results(m, fifo)
        position = fire_windows(m, window, fire, (~step | step_last) & results.space, written)
        m.d.comb += results.claim.eq(fire)
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
        sums: list[list[Value]] = []
        for p in range(params.pe):
            lanes = range(p * params.banks, (p + 1) * params.banks)
            codes = [delay(m, entries[lane][weight_at:], 3, f"weight_{lane}") for lane in lanes]
            accumulators: list[Value] = []
            for pixel in range(params.pixels):
                name = self._name(p, pixel)
                values = [inputs[lane][pixel] for lane in lanes]
                total = sum_of_products(m, params.dot, values, Cat(codes), name)
                accumulator = Signal(params.out.bits, name=f"accumulator_{name}", reset_less=True)
                m.d.sync += accumulator.eq(Mux(first, initial[p], accumulator) + total)
                accumulators.append(accumulator)
            sums.append(accumulators)
        push_burst(m, results, self._in_order(sums), done, params.pushes)
        return m

    def _name(self, number: int, pixel: int) -> str:
        """Return how signals of a filter or lane are called for one of the windows."""
        return str(number) if self.params.pixels == 1 else f"{number}_{pixel}"

    def _results(self, m: Module, fifo: CreditFifo) -> CreditFifo | Results:
        """Return where results go: the output FIFO, or in front of it where they wait."""
        if not self.params.waits:
            return fifo
        m.submodules.results = results = Results(self.params)
        m.d.comb += [
            results.room.eq(fifo.space),
            fifo.claim.eq(results.take),
            fifo.push.eq(results.given),
            fifo.payload.eq(results.beat),
        ]
        return results

    def _in_order(self, sums: list[list[Value]]) -> Value:
        """Return ``sums[filter][window]`` as they are handed on: beat by beat of all windows."""
        params = self.params
        each = params.out.lanes if params.waits else params.pe
        return Cat(
            sums[first + lane][pixel]
            for first in range(0, params.pe, each)
            for pixel in range(params.pixels)
            for lane in range(each)
        )

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
            data = stored(m, words, used, params.weight_style, address, "weights")
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
    ) -> list[list[Value]]:
        """Return what the lanes read for every window, three cycles after their entries."""
        params, window = self.params, self.params.window
        place_bits = clog2(window.capacity)
        base = Signal.like(position.base, name="window_base", reset_less=True)
        with m.If(fire):
            m.d.sync += base.eq(position.base)
        base_now = delay(m, base, 2, "window_base")
        outside = self._outside(m, fire, position, entries)
        shape = Shape(window.beat.bits, window.beat.signed)
        bits = params.pixels * shape.width
        style = told_style(window.style, window.capacity, bits, platform)
        padding = Const(window.pad_value & ((1 << shape.width) - 1), shape.width)
        words = self._words(m, written)
        inputs = []
        for lane, entry in enumerate(entries):
            bank = lane % params.banks
            place = Signal(place_bits, name=f"place_{lane}", reset_less=True)
            m.d.sync += place.eq(base_now + entry[:place_bits])
            ring = Memory(
                shape=unsigned(bits),
                depth=window.capacity,
                init=[],
                attrs=ram_attributes(style),
            )
            m.submodules[f"pixels_{lane}"] = ring
            write, read = ring.write_port(), ring.read_port()
            m.d.comb += [
                write.en.eq(written.enable),
                write.addr.eq(written.address),
                write.data.eq(Cat(word.word_select(bank, shape.width) for word in words)),
                read.addr.eq(place),
            ]
            values: list[Value] = []
            for pixel in range(params.pixels):
                value = read.data
                if params.pixels > 1:
                    value = value.word_select(pixel, shape.width)
                if outside is not None:
                    value = Mux(outside[lane][pixel], padding, value)
                held = register(m, value, f"input_{self._name(lane, pixel)}")
                values.append(held.as_signed() if shape.signed else held)
            inputs.append(values)
        return inputs

    def _words(self, m: Module, written: Written) -> list[Value]:
        """Return what is written for each window: of the last one the word that came now."""
        params, window = self.params, self.params.window
        words: list[Value] = [written.word]
        for pixel in reversed(range(params.pixels - 1)):
            word = words[0]
            for place in range(window.stride[1] * window.words):
                before = Signal.like(word, name=f"before_{pixel}_{place}", reset_less=True)
                with m.If(written.enable):
                    m.d.sync += before.eq(word)
                word = before
            words.insert(0, word)
        return words

    def _outside(
        self, m: Module, fire: Value, position: Position, entries: Sequence[Value]
    ) -> list[list[Value]] | None:
        """Return, per lane and window, whether what is read lies outside the frame: beside it."""
        params, window = self.params, self.params.window
        if not window.padded:
            return None
        rows = outside_masks(window, 0)
        beyond = self._beyond(m, fire, rows, position.next_row, position.row, "0")
        masks = outside_masks(window, 1)
        columns = [
            self._beyond(
                m,
                fire,
                masks[pixel :: params.pixels],
                position.advance,
                position.column,
                self._name(1, pixel),
            )
            for pixel in range(params.pixels)
        ]
        place_bits = clog2(window.capacity)
        row_bits = clog2(window.kernel[0])
        outside = []
        for lane, entry in enumerate(entries):
            row = entry[place_bits : place_bits + row_bits]
            column = entry[place_bits + row_bits : place_bits + params.tap_bits]
            each: list[Value] = []
            for pixel, mask in enumerate(columns):
                now = beyond.bit_select(row, 1) | mask.bit_select(column, 1)
                each.append(delay(m, now, 2, f"outside_{self._name(lane, pixel)}"))
            outside.append(each)
        return outside

    def _beyond(
        self, m: Module, fire: Value, masks: Counts, advance: Value, index: Value, name: str
    ) -> Value:
        """Return which rows or columns of the kernel lie outside the frame: beside the entries."""
        coming = sequence(m, masks[None, :], (Const(0), index), advance, f"outside_{name}")
        size = self.params.window.kernel[0 if name == "0" else 1]
        mask = Signal(size, name=f"outside_now_{name}", reset_less=True)
        with m.If(fire):
            m.d.sync += mask.eq(coming)
        return delay(m, mask, 2, f"outside_now_{name}")

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

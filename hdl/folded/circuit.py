"""The folded engine: a window buffer, the weights' memory, lanes and accumulators."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib.wiring import Component, In, Out, connect, flipped

from ..arithmetic import fetch_cycles
from ..burst import push_burst
from ..fifo.params import FifoParams
from ..filters import Weights, negative_counts
from ..lanes import sum_of_products
from ..pipeline import counter, delay, delay_valid, output_fifo, register
from ..stored import stored
from ..stream import beat_stream
from ..tables import channel_constants
from ..window.circuit import Window
from .params import FoldedParams
from .weights import check_weights, weight_words

READ_CYCLES = 2
"""Cycles from a step of the window to its word."""


class Folded(Component):
    """A convolution or dense layer, folded onto ``pe`` × ``simd`` multiply–accumulate lanes.

    ``y[oy, ox, f] = sum w[f, ky, kx, c] * x[oy * s + ky * d - p, …, c]`` modulo 2**out.bits, with
    ``pad_value`` outside the frame (Dense: a 1×1 kernel on a 1×1 frame). Input: beats of
    ``window.beat``, row by row, channels innermost. Output: likewise, ``out.lanes`` filters a beat.

    A firing computes ``pe`` filters for one window and gives ``burst`` beats. It takes
    ``duration = max(steps, burst)`` cycles, its first beat is pushed ``latency(params)`` cycles
    after its start (``schedule.py``). One beat a cycle is accepted while the ring has places.

    Parameters
    ----------
    params : FoldedParams
    weights : int64 (filters, kernel height, kernel width, channels)
    fifos : one FifoParams
        Of the output; its burst is ``params.burst``.

    Raises
    ------
    ValueError
        If the weights do not fit the parameters, or the FIFO does not fit the output.
    """

    def __init__(self, params: FoldedParams, weights: Weights, fifos: Sequence[FifoParams]) -> None:
        check_weights(params, weights)
        (self.fifo,) = fifos
        self.fifo.check_output(params.out.width, params.burst)
        self.params = params
        self.weights = weights
        super().__init__(
            {"i": In(beat_stream(params.window.beat)), "o": Out(beat_stream(params.out))}
        )

    def elaborate(self, platform: object) -> Module:
        """Build the path window, weights → products → sum → accumulator → FIFO."""
        m = Module()
        params = self.params
        m.submodules.window = window = Window(params.window, params.duration)
        connect(m, flipped(self.i), window.i)
        fifo = output_fifo(m, self.fifo, self.o, "output_fifo")
        m.d.comb += [window.space.eq(fifo.space), fifo.claim.eq(window.fire)]

        weights, initial = self._weights(m, window)
        shape = Shape(params.window.beat.bits, params.window.beat.signed)
        inputs = [
            _cast(window.word[lane * shape.width : (lane + 1) * shape.width], shape)
            for lane in range(params.simd)
        ]
        stages = params.dot.stages
        first = delay(m, window.first, stages, "first")
        done = delay_valid(m, window.end, READ_CYCLES + stages + 1)
        accumulators = []
        lane_bits = params.simd * params.weight_bits
        for pe in range(params.pe):
            codes = weights[pe * lane_bits : (pe + 1) * lane_bits]
            total = sum_of_products(m, params.dot, inputs, codes, str(pe))
            accumulator = Signal(params.out.bits, name=f"accumulator_{pe}", reset_less=True)
            m.d.sync += accumulator.eq(Mux(first, initial[pe], accumulator) + total)
            accumulators.append(accumulator)
        push_burst(m, fifo, Cat(accumulators), done, params.burst)
        return m

    def _weights(self, m: Module, window: Window) -> tuple[Value, list[Value]]:
        """Return the weights beside ``window.word`` and what each accumulator starts from."""
        params = self.params
        words = weight_words(params, self.weights)
        address, _ = counter(m, window.step, len(words), "weight_address")
        word = stored(
            m, words, params.pe * params.simd * params.weight_bits, params.weight_style, address
        )
        weights = register(m, word, "weight_word")
        if params.multiplier != "ternary":
            return weights, [Const(0, 1)] * params.pe
        # The group counts on as a firing ends, late enough for the last accumulation to start right
        # and early enough for the memory of the next group's constants.
        fetch = fetch_cycles(params.out_channels, params.window.groups)
        ended = delay_valid(m, window.end, READ_CYCLES + params.dot.stages - fetch)
        group, _ = counter(m, ended, params.window.groups, "group")
        counts = negative_counts(self.weights, params.pe)
        shape = unsigned(max(1, int(counts.max()).bit_length()))
        return weights, channel_constants(m, counts.ravel(), params.pe, shape, group, "negatives")


def _cast(value: Value, shape: Shape) -> Value:
    """Return the bits of ``value`` as a number of ``shape``."""
    return value.as_signed() if shape.signed else value

"""The grouped engine: a window buffer, the weights' memory, lanes and accumulators."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module
from amaranth.lib.wiring import connect, flipped

from ..accumulate import accumulate, start_values
from ..beat import Beat
from ..fifo.params import FifoParams
from ..filters import Weights
from ..lanes import sum_of_products
from ..layer_circuit import LayerCircuit
from ..packed import Term
from ..pipeline import output_fifo, register
from ..stream import split
from ..weight_memory import stored_weights
from ..window.circuit import Window
from .params import GroupedParams
from .weights import check_weights, weight_words


class Grouped(LayerCircuit[GroupedParams]):
    """A grouped or depthwise convolution, folded onto ``pe`` × ``simd`` lanes.

    ``y[oy, ox, f] = sum w[f, ky, kx, c] * x[oy * s + ky * d - p, …, g * depth + c]`` modulo
    2**out.bits, where g is the group of filter f and ``depth`` the channels of a group, with
    ``pad_value`` outside the frame. Input: beats of ``window.beat``, row by row, channels
    innermost. Output: likewise, ``out.lanes`` filters a beat.

    A firing computes ``pe`` filters for one window and gives ``burst`` beats. It takes
    ``duration = max(steps, burst)`` cycles, where ``steps`` counts the words of the kernel's places
    in the groups that it reads alone; its first beat is pushed ``latency(params)`` cycles after its
    start (``schedule.py``). One beat a cycle is accepted while the ring has places.

    Parameters
    ----------
    params : GroupedParams
    weights : int64 (filters, kernel height, kernel width, channels of a group)
    fifos : one FifoParams
        Of the output; its burst is ``params.burst``.

    Raises
    ------
    ValueError
        If the weights do not fit the parameters, or the FIFO does not fit the output.
    """

    def __init__(
        self, params: GroupedParams, weights: Weights, fifos: Sequence[FifoParams]
    ) -> None:
        check_weights(params, weights)
        super().__init__(params, weights, fifos)

    def elaborate(self, platform: object) -> Module:
        """Build the path window, weights → products → sum → accumulator → FIFO."""
        m = Module()
        params = self.params
        m.submodules.window = window = Window(params.window, params.duration)
        connect(m, flipped(self.i), window.i)
        fifo = output_fifo(m, self.fifo, self.o, "output_fifo")
        m.d.comb += [window.space.eq(fifo.space), fifo.claim.eq(window.fire)]

        lane_bits = params.simd * params.weight_bits
        words = weight_words(params, self.weights)
        word = stored_weights(m, words, params.pe * lane_bits, params.weight_style, window.step)
        weights = register(m, word, "weight_word")
        start = start_values(m, params, self.weights, window)
        beat = params.window.beat
        channels = split(window.word, Beat(params.window.lanes, beat.bits, beat.signed))
        totals = []
        for pe in range(params.pe):
            group = pe * params.side // params.pe
            inputs = channels[group * params.simd : (group + 1) * params.simd]
            codes = weights[pe * lane_bits : (pe + 1) * lane_bits]
            totals.append(Term(sum_of_products(m, params.dot, inputs, codes, str(pe))))
        accumulate(m, params, window, start, totals, fifo)
        return m

"""The folded engine: a window buffer, the weights' memory, lanes and accumulators."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import connect, flipped

from ..accumulate import accumulate, start_values
from ..beat import Beat
from ..fifo.params import FifoParams
from ..filters import Weights
from ..lanes import sum_of_products
from ..layer_circuit import LayerCircuit
from ..packed import Term, operands, packed_sums
from ..pipeline import output_fifo, register
from ..stream import split
from ..weight_memory import stored_weights
from ..window.circuit import Window
from .params import FoldedParams
from .weights import check_weights, weight_words


class Folded(LayerCircuit[FoldedParams]):
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
        super().__init__(params, weights, fifos)

    def elaborate(self, platform: object) -> Module:
        """Build the path window, weights → products → sum → accumulator → FIFO."""
        m = Module()
        params = self.params
        m.submodules.window = window = Window(params.window, params.duration)
        connect(m, flipped(self.i), window.i)
        fifo = output_fifo(m, self.fifo, self.o, "output_fifo")
        m.d.comb += [window.space.eq(fifo.space), fifo.claim.eq(window.fire)]

        words = weight_words(params, self.weights)
        word = stored_weights(m, words, params.word_bits, params.weight_style, window.step)
        start = start_values(m, params, self.weights, window)
        beat = params.window.beat
        inputs = split(window.word, Beat(params.simd, beat.bits, beat.signed))
        accumulate(m, params, window, start, self._sums(m, inputs, word), fifo)
        return m

    def _sums(self, m: Module, inputs: list[Value], word: Value) -> list[Term]:
        """Return what every filter adds to its accumulator, ``dot.stages`` after its inputs.

        ``word`` of the weights comes a cycle before them.
        """
        params, packing = self.params, self.params.packing
        if packing is None:
            weights = register(m, word, "weight_word")
            bits = params.simd * params.weight_bits
            return [
                Term(sum_of_products(m, params.dot, inputs, weights[low : low + bits], str(pe)))
                for pe, low in enumerate(range(0, len(weights), bits))
            ]
        packed = operands(m, packing, word, "weights")
        return [
            term
            for index, low in enumerate(range(0, len(packed), params.simd))
            for term in packed_sums(
                m, packing, inputs, packed[low : low + params.simd], params.out.bits, str(index)
            )
        ]

"""The unrolled engine: inputs in registers, a network of adders, all filters at once."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from ..burst import push_burst
from ..fifo.circuit import CreditFifo
from ..fifo.params import FifoParams
from ..filters import check_shape
from ..layer_circuit import LayerCircuit
from ..pipeline import delay_valid, output_fifo
from .adders import adder_network
from .apart import apart
from .cells import Cells
from .collecting import push_sums
from .network import Matrix
from .params import UnrolledParams
from .planes import read_planes
from .reading import read_digits
from .schedule import WINDOW_LATENCY
from .serial import digit_network
from .size import network_of, pipeline_of, size_of
from .window import window_registers


class Unrolled(LayerCircuit[UnrolledParams]):
    """A convolution or dense layer whose weights are wires between adders.

    ``y[oy, ox, f] = sum w[f, ky, kx, c] * x[oy * s + ky * d - p, …, c]`` modulo 2**out.bits, with
    ``pad_value`` outside the frame (Dense: a 1×1 kernel on a 1×1 frame). Input: beats of
    ``window.beat``, row by row, channels innermost. Output: likewise, ``out.lanes`` filters a beat.

    The frame is shifted, pixel by pixel, through a line buffer and the window behind it; after
    the last pixel the window is shifted on until the last row is done. Where a window is complete
    it is held, and all its sums are computed at once: whole in ``depth`` cycles, with a new window
    in any cycle, or, with ``digit`` > 0, ``digit`` bits of every sum a cycle by adders of that
    width, the lowest bits first, a new window every ``digits`` cycles. Windows take ``duration``
    cycles each and give ``burst`` beats (``schedule.py``). One beat a cycle is accepted.

    Windows of a single pixel that are read digit by digit (``params.planes``) need neither: a
    pixel's digits go from its beats to the adders in shift registers (``planes.py``), and its last
    beat waits until the sums of the pixel before leave time for it.

    Parameters
    ----------
    params : UnrolledParams
    weights : int64 (filters, kernel height, kernel width, channels)
    fifos : one FifoParams
        Of the output; its burst is ``params.burst``.

    Raises
    ------
    ValueError
        If the weights do not fit the parameters, or the FIFO does not fit the output.
    """

    def __init__(
        self, params: UnrolledParams, weights: Matrix, fifos: Sequence[FifoParams]
    ) -> None:
        check_shape(weights, (params.out_channels, *params.window.kernel, params.window.channels))
        beat = params.window.beat
        network = network_of(weights, beat.bits, beat.signed)
        self.plan = pipeline_of(network, beat.bits, beat.signed, params.levels)
        if (found := size_of(self.plan)) != params.size:
            raise ValueError(f"size must be that of the weights' network, {found}")
        super().__init__(params, weights, fifos)

    def elaborate(self, platform: object) -> Module:
        """Build the path window or planes → adders → (collected digits) → FIFO."""
        m = Module()
        params = self.params
        fifo = output_fifo(m, self.fifo, self.o, "output_fifo")
        if params.planes:
            emit, read, more = read_planes(m, params, self.i, fifo.space)
            m.d.comb += fifo.claim.eq(emit)
            self._serial(m, fifo, read, more, delay_valid(m, emit, len(params.blocks)))
            return m
        free = Signal()
        emit, inputs = window_registers(m, params, self.i, free, platform)
        if params.duration == 1:
            m.d.comb += [free.eq(fifo.space), fifo.claim.eq(emit)]
            started, delay = emit, WINDOW_LATENCY
        else:
            # The next window may replace the held one as soon as its last digit is taken.
            waiting, left = Signal(), Signal(range(params.duration + 1))
            fire = Signal()
            m.d.comb += [
                free.eq(~waiting & (left <= 2)),
                fire.eq(waiting & (left <= 1) & fifo.space),
                fifo.claim.eq(fire),
            ]
            m.d.sync += [
                waiting.eq(emit | (waiting & ~fire)),
                left.eq(Mux(fire, params.duration, Mux(left == 0, 0, left - 1))),
            ]
            started, delay = fire, WINDOW_LATENCY - 1
        early = delay_valid(m, started, delay - 1)
        if params.digit:
            read, more = read_digits(m, inputs, params.digit, params.digits, early)
            self._serial(m, fifo, read, more, delay_valid(m, early, 1))
            return m
        sums = adder_network(m, self.plan, inputs, "sum")
        done = delay_valid(m, early, 1 + params.depth)
        results: list[Value] = []
        for number, total in enumerate(sums):
            result = Signal(signed(params.out.bits), name=f"accumulator_{number}")
            m.d.comb += result.eq(total)
            results.append(result)
        push_burst(m, fifo, Cat(results), done, params.burst)
        return m

    def _serial(
        self, m: Module, fifo: CreditFifo, read: list[Value], more: Value, begun: Value
    ) -> None:
        """Add digits that are there for the first time in the cycle after ``begun``."""
        cells = Cells(self.plan, self.params.operands)
        if cells.most > 2:
            sums = apart(m, cells, read, more)
        else:
            sums = digit_network(m, cells, read, more, "sum")
        push_sums(m, self.params, fifo, sums, begun)

"""The window buffer: writes a frame's words into a ring and walks its windows."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...runtime.numerics import bits_for, clog2
from ..memories import told_style
from ..memory import ram_attributes
from ..pipeline import counter
from ..stream import beat_stream
from .params import WindowParams
from .ring import Position, Written, fire_windows, release_words, write_words
from .schedule import released


class Window(Component):
    """A ring of pixels and the walk through its windows, the front of every engine with a kernel.

    Beats are packed to words of ``params.lanes`` channels and written wherever there is a free
    place. A *firing* reads one block of a window for one group, a word a cycle, in the order
    (ky, kx, word). Windows go row by row, all groups of a window before the next and those of a
    block before the next block; frames follow without gap. A firing starts as soon as the last one
    is ``duration`` cycles old, all words of its window are written and ``space`` is high.

    Relative to the cycle t in which ``fire`` is high:

    * ``step`` is high in t + 1 … t + steps (one read a cycle; memories that are read beside the
      window take their addresses in these cycles); ``end`` is high in the last of them,
    * ``word`` holds the words of the window in t + 3 … t + 2 + steps (``WORD_LATENCY``), where
      ``valid`` is high; ``first`` and ``last`` mark the first and the last of them.

    Words outside the frame have ``pad_value`` in every lane. Initiation interval: one beat and one
    word a cycle. Schedule: ``hdl/window/schedule.py``.

    Parameters
    ----------
    params : WindowParams
    duration : int
        Cycles from one firing to the next, at least ``params.steps``.

    Attributes
    ----------
    i : In(stream of ``params.beat``)
    space : In(1)
        From a register: whether the engine can take the results of another firing.
    fire, step, end, valid, first, last : Out(1)
        See above; ``first`` and ``last`` count only where ``valid`` is high.
    word : Out(params.lanes * params.beat.bits)

    Raises
    ------
    ValueError
        If ``duration`` is too short.
    """

    def __init__(self, params: WindowParams, duration: int) -> None:
        if duration < params.steps:
            raise ValueError(f"duration must be at least {params.steps}, not {duration}")
        self.params = params
        self.duration = duration
        super().__init__(
            {
                "i": In(beat_stream(params.beat)),
                "space": In(1),
                "fire": Out(1),
                "step": Out(1),
                "end": Out(1),
                "valid": Out(1),
                "first": Out(1),
                "last": Out(1),
                "word": Out(params.lanes * params.beat.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build writer, control of the firings, walk and read path."""
        m = Module()
        params = self.params
        given_back = Signal(range(int(released(params).max()) + 1))
        written = write_words(m, params, self.i, given_back)
        idle = _interval(m, self.fire, self.duration)
        position = fire_windows(m, params, self.fire, idle & self.space, written)

        # Walk.
        word_last, kx_last, step_last = self._kernel_counters(m)
        pixel = params.words
        line = params.width * pixel
        address = Signal(clog2(params.capacity), reset_less=True)
        inner = params.block_words - 1
        to_kx = params.dilation[1] * pixel
        to_ky = params.dilation[0] * line - (params.kernel[1] - 1) * to_kx
        m.d.sync += address.eq(address + 1)
        with m.If(word_last):
            m.d.sync += address.eq(address + (to_kx - inner) % params.capacity)
            with m.If(kx_last):
                m.d.sync += address.eq(address + (to_ky - inner) % params.capacity)
        with m.If(self.fire):
            m.d.sync += address.eq(position.base)

        m.d.comb += self.end.eq(self.step & step_last)
        m.d.comb += given_back.eq(release_words(m, self.fire, position, self.end))
        m.d.sync += self.step.eq(self.fire | (self.step & ~step_last))

        # Read path: address, memory, padding.
        pixels = self._memory(m, written, address, platform)
        outside = self._outside(m, position, word_last, kx_last)
        step_first = Signal(reset_less=True)
        first_read, last_read = Signal(reset_less=True), Signal(reset_less=True)
        valid_read = Signal()
        code = params.pad_value & ((1 << params.beat.bits) - 1)
        padding = Const(code, params.beat.bits).replicate(params.lanes)
        m.d.sync += [
            step_first.eq(self.fire),
            first_read.eq(step_first),
            last_read.eq(step_last),
            valid_read.eq(self.step),
            self.first.eq(first_read),
            self.last.eq(last_read),
            self.valid.eq(valid_read),
            self.word.eq(Mux(outside, padding, pixels)),
        ]
        return m

    def _kernel_counters(self, m: Module) -> tuple[Value, Value, Value]:
        """Return whether this step is the last of its pixel, of its kernel row, of its window."""
        params = self.params
        _, word_last = counter(m, self.step, params.block_words, "word_index")
        _, kx_last = counter(m, self.step & word_last, params.kernel[1], "kx")
        _, ky_last = counter(m, self.step & word_last & kx_last, params.kernel[0], "ky")
        step_last = Signal()
        m.d.comb += step_last.eq(word_last & kx_last & ky_last)
        return word_last, kx_last, step_last

    def _memory(self, m: Module, written: Written, address: Signal, platform: object) -> Value:
        """Add the ring and return the word at ``address``, one cycle later."""
        params = self.params
        style = told_style(params.style, params.capacity, len(written.word), platform)
        m.submodules.pixels = ring = Memory(
            shape=unsigned(len(written.word)),
            depth=params.capacity,
            init=[],
            attrs=ram_attributes(style),
        )
        write, read = ring.write_port(), ring.read_port()
        m.d.comb += [
            write.en.eq(written.enable),
            write.addr.eq(written.address),
            write.data.eq(written.word),
            read.addr.eq(address),
        ]
        return read.data

    def _outside(self, m: Module, position: Position, word_last: Value, kx_last: Value) -> Value:
        """Return whether the word read in the cycle before lies outside the frame."""
        params = self.params
        if not params.padded:
            return Const(0, 1)
        down, top, y = _axis(params, 0)
        across, left, x = _axis(params, 1)
        next_pixel = Signal()
        m.d.comb += next_pixel.eq(word_last & self.step)
        with m.If(position.advance):
            m.d.sync += left.eq(left + across)
        with m.If(position.next_row):
            m.d.sync += [left.eq(left.init), top.eq(top + down)]
        with m.If(position.next_frame):
            m.d.sync += top.eq(top.init)
        kernel_left = Signal.like(x, name="kernel_left", reset_less=True)
        with m.If(next_pixel):
            m.d.sync += x.eq(x + params.dilation[1])
            with m.If(kx_last):
                m.d.sync += [x.eq(kernel_left), y.eq(y + params.dilation[0])]
        with m.If(self.fire):
            m.d.sync += [x.eq(left), kernel_left.eq(left), y.eq(top)]
        outside = Signal(reset_less=True)
        # Negative places are large numbers without sign.
        m.d.sync += outside.eq(
            (y.as_unsigned() >= params.height) | (x.as_unsigned() >= params.width)
        )
        return outside


def _axis(params: WindowParams, axis: int) -> tuple[int, Signal, Signal]:
    """Return the stride and the registers of a window's start and of the place that is read."""
    size = (params.height, params.width)[axis]
    windows = (params.out_height, params.out_width)[axis]
    stride, padding = params.stride[axis], params.padding[axis]
    reach = (windows - 1) * stride + params.dilation[axis] * (params.kernel[axis] - 1)
    shape = signed(bits_for(-max(1, padding), max(size, reach - padding)))
    names = (("top", "y"), ("left", "x"))[axis]
    return (
        stride,
        Signal(shape, name=names[0], init=-padding),
        Signal(shape, name=names[1], reset_less=True),
    )


def _interval(m: Module, fire: Value, duration: int) -> Value:
    """Return whether the last firing is at least ``duration`` cycles old."""
    if duration == 1:
        return Const(1, 1)
    idle = Signal(init=1)
    remaining = Signal(range(max(2, duration - 1)))
    m.d.sync += remaining.eq(remaining - 1)
    with m.If(remaining == 0):
        m.d.sync += idle.eq(1)
    with m.If(fire):
        m.d.sync += [idle.eq(0), remaining.eq(duration - 2)]
    return idle

"""The window of the unrolled engine: line buffer and shift registers that hold all its inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ...runtime.numerics import clog2
from ..fifo.circuit import CreditFifo
from ..memories import told_style
from ..memory import ram_attributes
from ..pipeline import counter, delay_valid, start
from ..window.ring import sequence
from ..window.schedule import outside_masks
from .params import UnrolledParams
from .steps import completing, first_step, steps


def window_registers(
    m: Module, params: UnrolledParams, port: Value, free: Value, platform: object
) -> tuple[Signal, list[Value]]:
    """Shift the frame through a window, and hold the inputs of one that is complete.

    A step shifts the line buffer by one pixel, or, after the frame's last pixel, by whatever is
    there: what lies outside the frame is replaced by ``pad_value`` where a window is copied.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
    port : stream of ``window.beat``
    free : Value
        From registers: whether another window can be taken.
    platform : object
        Of ``elaborate``.

    Returns
    -------
    emit : Signal
        High in the cycle of a step that completes a window.
    inputs : list of Value
        In the order (ky, kx, channel), from the second cycle after ``emit`` until the same cycle
        of the next window.
    """
    window = params.window
    emits = Signal(init=first_step(window) == 0)
    flushing = Signal()
    allowed = ~emits | free
    step, pixel = _pixels(m, params, port, allowed, flushing)
    emit = Signal()
    m.d.comb += emit.eq(step & emits)
    place = window_place(m, params, emit)
    count_steps(m, params, step, place, emits, flushing)

    stepped = delay_valid(m, step, 1)
    column = _lines(m, params, pixel, stepped, platform)
    emitted = delay_valid(m, emit, 1)
    outside = _outside(m, params, place)
    bits, across = len(pixel), window.dilation[1]
    code = Const(window.pad_value & ((1 << window.beat.bits) - 1), window.beat.bits)
    shape = Shape(window.beat.bits, window.beat.signed)
    inputs: list[Value] = []
    for ky, newest in enumerate(column):
        row = [newest]
        for age in range(across * (window.kernel[1] - 1)):
            older = Signal(bits, name=f"row_{ky}_{age}", reset_less=True)
            with m.If(stepped):
                m.d.sync += older.eq(row[-1])
            row.append(older)
        for kx in range(window.kernel[1]):
            tap = row[across * (window.kernel[1] - 1 - kx)]
            held = Signal(bits, name=f"window_{ky}_{kx}", reset_less=True)
            beyond = outside[0][ky] | outside[1][kx]
            with m.If(emitted):
                m.d.sync += held.eq(Mux(beyond, code.replicate(window.channels), tap))
            for channel in range(window.channels):
                lane = held[channel * shape.width : (channel + 1) * shape.width]
                inputs.append(lane.as_signed() if shape.signed else lane)
    return emit, inputs


def _pixels(
    m: Module, params: UnrolledParams, port: Value, allowed: Value, flushing: Value
) -> tuple[Signal, Signal]:
    """Return the steps, and the pixel of each one a cycle later."""
    window = params.window
    bits = window.channels * window.beat.bits
    ratio = window.channels // window.beat.lanes
    step = Signal()
    pixel = Signal(bits, name="pixel", reset_less=True)
    if not params.places:
        taken = Signal()
        _, beat_last = counter(m, taken, ratio, "beat")
        m.d.comb += [
            taken.eq(port.valid & port.ready),
            port.ready.eq(~flushing & (~beat_last | allowed)),
            step.eq(Mux(flushing, allowed, taken & beat_last)),
        ]
        with m.If(taken):
            m.d.sync += pixel.eq(Cat(pixel, port.payload)[window.beat.width :])
        return step, pixel
    m.submodules.pixels = fifo = CreditFifo(params.fifo)
    packed = Signal()
    _, beat_last = counter(m, packed, ratio, "beat")
    m.d.comb += packed.eq(start(m, [port], [fifo], 0, beat_last))
    kept = Signal(max(0, bits - window.beat.width), name="kept", reset_less=True)
    whole = Cat(kept, port.payload)
    with m.If(packed):
        m.d.sync += kept.eq(whole[window.beat.width :])
    m.d.comb += [
        fifo.payload.eq(whole),
        fifo.o.ready.eq(~flushing & allowed),
        step.eq((flushing | fifo.o.valid) & allowed),
    ]
    with m.If(step):
        m.d.sync += pixel.eq(fifo.o.payload)
    return step, pixel


@dataclass(frozen=True, eq=False)
class Place:
    """Row and column of the window that is complete next, and when they advance."""

    row: Value
    column: Value
    advance: Value
    next_row: Value


def window_place(m: Module, params: UnrolledParams, emit: Value) -> Place:
    """Return a count of the windows, each complete where ``emit`` is high."""
    next_row = Signal()
    column, column_last = counter(m, emit, params.window.out_width, "column")
    row, _ = counter(m, next_row, params.window.out_height, "row")
    m.d.comb += next_row.eq(emit & column_last)
    return Place(row, column, emit, next_row)


def count_steps(
    m: Module, params: UnrolledParams, step: Value, place: Place, emits: Signal, flushing: Signal
) -> None:
    """Drive ``emits`` and ``flushing``: whether the next step completes a window, has no pixel."""
    window = params.window
    pixels = window.height * window.width
    flushed = steps(window) - pixels
    if flushed:
        _, pixel_last = counter(m, step & ~flushing, pixels, "pixel_index")
        _, flush_last = counter(m, step & flushing, flushed, "flush_index")
        with m.If(step):
            m.d.sync += flushing.eq(Mux(flushing, ~flush_last, pixel_last))
    # Steps from every window to the next, the first one of the next frame behind the last.
    places = completing(window)
    gaps = np.diff(places, append=steps(window) + places[0]).reshape(
        window.out_height, window.out_width
    )
    if (gaps == 1).all():
        m.d.sync += emits.eq(1)
        return
    gap = sequence(m, gaps, (place.row, place.column), place.advance, "gap")
    start_after = first_step(window)
    left = Signal(range(int(max(gaps.max(), start_after)) + 1), init=start_after)
    after = Signal.like(left)
    m.d.comb += after.eq(Mux(emits, gap, left) - 1)
    with m.If(step):
        m.d.sync += [left.eq(after), emits.eq(after == 0)]


def _lines(
    m: Module, params: UnrolledParams, pixel: Signal, stepped: Value, platform: object
) -> list[Value]:
    """Return the newest column of the window, the oldest row first, in the cycle of ``stepped``."""
    lines, width, bits = params.lines, params.window.width, len(pixel)
    if not lines:
        return [pixel]
    above: Value
    if width == 1:
        held = Signal(bits * lines, name="lines", reset_less=True)
        with m.If(stepped):
            m.d.sync += held.eq(Cat(pixel, held))
        above = held
    else:
        # A delay of a line: every step reads the place that the one before the last line wrote.
        places = 1 << clog2(width)
        style = told_style(params.line_style, places, bits * lines, platform)
        m.submodules.lines = memory = Memory(
            shape=unsigned(bits * lines),
            depth=places,
            init=[],
            attrs=ram_attributes(style),
        )
        write, read = memory.write_port(), memory.read_port()
        place = Signal(range(width), name="line_place")
        following = Signal(range(width), name="line_next")
        m.d.comb += following.eq(Mux(place == width - 1, 0, place + 1))
        with m.If(stepped):
            m.d.sync += place.eq(following)
        m.d.comb += [
            read.addr.eq(Mux(stepped, following, place)),
            write.addr.eq(place),
            write.en.eq(stepped),
            write.data.eq(Cat(pixel, read.data)),
        ]
        above = read.data
    rows = [pixel, *(above[index * bits : (index + 1) * bits] for index in range(lines))]
    return rows[:: params.window.dilation[0]][::-1]


def _outside(m: Module, params: UnrolledParams, place: Place) -> list[Value]:
    """Return which rows and columns of a window lie outside, a cycle after it is complete."""
    window = params.window
    if not window.padded:
        return [Const(0, size) for size in window.kernel]
    masks: list[Value] = []
    axes = ((place.next_row, place.row), (place.advance, place.column))
    for axis, (advance, index) in enumerate(axes):
        values = outside_masks(window, axis)[None, :]
        mask = Signal(window.kernel[axis], name=f"outside_{axis}", reset_less=True)
        m.d.sync += mask.eq(sequence(m, values, (Const(0), index), advance, f"beyond_{axis}"))
        masks.append(mask)
    return masks

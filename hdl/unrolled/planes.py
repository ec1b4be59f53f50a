"""Reading of a pixel digit by digit that arrives beat by beat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ..pipeline import counter
from .params import PLANES, UnrolledParams
from .serial import waiting
from .span import Span, opened
from .steps import first_step
from .window import count_steps, window_place


def read_planes(
    m: Module, params: UnrolledParams, port: Value, space: Value
) -> tuple[Signal, list[Value], Value]:
    """Take a frame whose windows are single pixels, and read their digits.

    A *plane* is one digit of the channels of a beat; every plane comes a cycle later than the one
    below it. Up to ``PLANES`` of them are merged to one in which as many digits follow each other,
    and so on until one is left. What is merged is copied to registers that are 0 in all other
    cycles: a sum of bits then does for a selection. A merge serves the channels of a block of beats
    (``params.blocks``), and those of the block before have moved on to shift registers by then, as
    have all of a pixel when its last block is read: the fewer beats, the fewer sums of bits.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
        ``planes`` is more than 0.
    port : stream of ``window.beat``
    space : Value
        From a register: whether the results of another pixel have space.

    Returns
    -------
    emit : Signal
        High in the cycle of the last beat of a pixel whose sums are computed.
    digits : list of Value
        A digit of every channel, ``len(params.blocks) + 1`` cycles after ``emit`` for the first
        time.
    more : Value
        Whether they are not the last ones; 0 where there are none.
    """
    emits, taken, emit = Signal(init=first_step(params.window) == 0), Signal(), Signal()
    step = Signal()
    last: Value = Const(1, 1)
    ends: list[Value] = []
    for size, block in pairwise((1, *params.blocks)):
        _, block_last = counter(m, taken & last, block // size, f"block_{len(ends)}")
        last = last & block_last
        ends.append(last)
    idle = _idle(m, params, emit)
    m.d.comb += [
        port.ready.eq(~last | ~emits | (idle & space)),
        taken.eq(port.valid & port.ready),
        step.eq(taken & last),
        emit.eq(step & emits),
    ]
    count_steps(m, params, step, window_place(m, params, emit), emits, Signal())
    pulses = [taken, *(taken & end & emits for end in ends)]
    row = _merged(m, params, _planes(m, params, port.payload), pulses)
    digits = [row[k : k + params.digit] for k in range(0, len(row), params.digit)]
    more: Value = Const(0, 1)
    if params.digits > 1:
        more = Span(m, emit, params.digits - 1, "digits_follow").later(len(params.blocks))
    return emit, digits, more


def _idle(m: Module, params: UnrolledParams, emit: Value) -> Value:
    """Return whether the sums of the pixel before leave time for another one, from a register."""
    if params.paced:
        return Const(1, 1)
    left = Signal(range(params.duration), name="left")
    idle = Signal(name="idle", init=1)
    m.d.sync += [
        left.eq(Mux(emit, params.duration - 1, left - 1)),
        idle.eq(~emit & (idle | (left == 1))),
    ]
    return idle


def _planes(m: Module, params: UnrolledParams, payload: Value) -> list[Value]:
    """Return the digits of a beat: the lowest ones a cycle after it, each of the others later."""
    beat, digit = params.window.beat, params.digit
    lanes = [payload[k * beat.bits : (k + 1) * beat.bits] for k in range(beat.lanes)]
    planes: list[Value] = []
    for plane in range(params.planes):
        low, high = (min(number * digit, beat.bits) for number in (plane, plane + 1))
        parts: list[Value] = []
        for lane in lanes:
            fill = lane[-1] if beat.signed else Const(0, 1)
            parts += [lane[low:high], fill.replicate(digit - (high - low))]
        planes.append(waiting(m, Cat(parts), 1 + plane, f"beat_{plane}"))
    return planes


def _merged(
    m: Module, params: UnrolledParams, planes: list[Value], pulses: Sequence[Value]
) -> Value:
    """Merge planes until one is left, and return a digit of every channel of a pixel.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
    planes : values
        The digits of a beat.
    pulses : values
        The first is high where a beat is taken, the others where it is the last one of a block.
    """
    spans: dict[tuple[int, int, bool], Span] = {}

    def during(level: int, cycles: int, low: bool = False) -> Span:
        if (level, cycles, low) not in spans:
            name = f"block_{level}_{'closed' if low else 'open'}_{cycles}"
            spans[level, cycles, low] = Span(m, pulses[level], cycles, name, low)
        return spans[level, cycles, low]

    before, highest = 1, len(params.blocks) - 1
    for level, block in enumerate(params.blocks):
        length = PLANES**level
        copies: list[Value] = []
        for number, plane in enumerate(planes):
            first, count = number * length, min(length, params.planes - number * length)
            late, name = level + first, f"plane_{level}_{number}"
            if block > before:
                moving = during(level, count).later(late)
                plane = _gathered(m, plane, count, block // before, moving, name)
            if level == highest and params.window.beat.signed:
                # What follows the highest digit equals it.
                copied = Signal(len(plane), name=f"{name}_open", reset_less=True)
                with m.If(during(level + 1, count).later(late)):
                    m.d.sync += copied.eq(plane)
            else:
                closed = during(level + 1, count, low=True).later(late)
                copied = opened(m, plane, closed, f"{name}_open")
            copies.append(copied)
        sets = (copies[k : k + PLANES] for k in range(0, len(copies), PLANES))
        planes = [reduce(or_, merged) for merged in sets]
        before = block
    return planes[0]


def _gathered(m: Module, plane: Value, count: int, groups: int, moving: Value, name: str) -> Value:
    """Return the digits of ``groups`` blocks, the oldest first, while the newest one's come.

    Parameters
    ----------
    m : Module
    plane : Value
        A digit of every channel of a block: ``count`` of them in a row.
    count, groups : int
    moving : Value
        High while the digits of any block come.
    name : str
    """
    size = len(plane)
    # Reset, so that they do not become shift registers in LUTs, as in ``waiting``.
    held = Signal(size * count * (groups - 1), name=name)
    with m.If(moving):
        m.d.sync += held.eq(Cat(plane, held))
    ends = [age * count * size for age in range(groups - 1, 0, -1)]
    return Cat(*(held[end - size : end] for end in ends), plane)

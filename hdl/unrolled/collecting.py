"""Collecting of serial sums: whole ones again, and beats of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ..burst import push_burst
from ..burst_cost import SELECTED
from ..fifo.circuit import CreditFifo
from ..pipeline import delay_valid
from .params import PLANES, UnrolledParams
from .serial import waiting
from .span import Span, opened


def push_sums(
    m: Module, params: UnrolledParams, fifo: CreditFifo, sums: Sequence[Value], begun: Value
) -> None:
    """Push sums that come digit by digit, the lowest first.

    A single beat is pushed in the cycle after the last digits, the first of several a cycle later,
    or two where they are ``regrouped``.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
    fifo : CreditFifo
        Its slots are claimed already.
    sums : values
        A digit of every filter.
    begun : Value
        High ``depth + 1`` cycles before the first ones come.
    """
    if params.regrouped:
        _push_regrouped(m, params, fifo, sums, delay_valid(m, begun, params.depth))
        return
    last = delay_valid(m, begun, params.depth + params.digits)
    if 1 < params.burst <= SELECTED:
        _push_spread(m, params, fifo, sums, last)
        return
    whole = [_whole(m, params, value, number) for number, value in enumerate(sums)]
    results = Cat(_sized(m, params, total) for total in whole)
    push_burst(m, fifo, results, delay_valid(m, last, 1), params.burst)


def _push_spread(
    m: Module, params: UnrolledParams, fifo: CreditFifo, sums: Sequence[Value], last: Value
) -> None:
    """Push a few beats.

    The sums of every beat are complete a cycle after those of the one before, and are copied in
    that cycle to registers that are 0 in all others, so that the beats need not be selected.
    """
    lanes, beats = params.out.lanes, params.burst
    whole = [
        _whole(m, params, waiting(m, value, number // lanes, f"sum_late_{number}"), number)
        for number, value in enumerate(sums)
    ]
    closed = Signal(beats + 1, name="beat_closed", init=(2 << beats) - 1)
    pushing = Signal(name="pushing")
    m.d.sync += [
        closed.eq(Cat(~last, closed)),
        pushing.eq(~closed[0] | (pushing & closed[-1])),
    ]
    chosen: list[Value] = [Const(0, 1)] * lanes
    for number, total in enumerate(whole):
        beat, lane = divmod(number, lanes)
        bits = min(len(total), params.out.bits)
        chosen[lane] = chosen[lane] | opened(m, total[:bits], closed[beat], f"sum_{number}")
    m.d.comb += [
        fifo.push.eq(pushing),
        fifo.payload.eq(Cat(_sized(m, params, total) for total in chosen)),
    ]


def _push_regrouped(
    m: Module, params: UnrolledParams, fifo: CreditFifo, sums: Sequence[Value], soon: Value
) -> None:
    """Push many beats, in which a selection of each bit among all of them would be large.

    It is the way of ``read_planes``, backwards: two sums of ``PLANES`` bits or so do for one of all
    beats. Digits are taken in groups of ``PLANES``. Every ``PLANES``-th beat sends its group over
    the same wire, *passed*, each in as many cycles; there are ``PLANES`` such wires, on which
    groups end one cycle after each other, so that each is copied in a cycle of its own.

    With ``soon`` in cycle 0 digit k of beat n comes in cycle 1 + k + n, is on its wire a cycle
    later, and its group, from digit f to before digit g, is whole in cycle 2 + g + n, is chosen
    in the next one and waits for the highest group, until cycle 3 + digits + n.
    """
    digit, lanes, count, beats = params.digit, params.out.lanes, params.digits, params.burst
    # Low while the first group of the first beat comes.
    passes = Span(m, soon, PLANES, "group_closed", low=True)
    # Low in the first cycle of every group on a wire.
    begins = [soon]
    for _ in range(beats // PLANES - 1):
        begins.append(delay_valid(m, begins[-1], PLANES))
    copies = Span(m, reduce(or_, begins), 1, "beat_closed", low=True)
    late = [
        waiting(m, value, number // lanes, f"sum_late_{number}")
        for number, value in enumerate(sums)
    ]
    parts: list[list[Value]] = [[] for _ in range(lanes)]
    for first in range(0, count, PLANES):
        size = min(PLANES, count - first)
        for lane, part in enumerate(parts):
            chosen: Value = Const(0, 1)
            for v in range(PLANES):
                passed: Value = Const(0, 1)
                for u, value in enumerate(late[v * lanes + lane :: PLANES * lanes]):
                    place = first + PLANES * u + v
                    name = f"sum_{lane}_{first}_{v}_{u}"
                    passed = passed | opened(m, value, passes.later(place), name)
                group = Signal(digit * size, name=f"group_{lane}_{first}_{v}", reset_less=True)
                m.d.sync += group.eq(Cat(group, passed)[digit:])
                place = first + size + 1 + v
                name = f"copy_{lane}_{first}_{v}"
                chosen = chosen | opened(m, group, copies.later(place), name)
            part.append(waiting(m, chosen, count - first - size, f"early_{lane}_{first}"))
    m.d.comb += [
        fifo.push.eq(Span(m, delay_valid(m, soon, count + 2), beats, "pushing").later(0)),
        fifo.payload.eq(Cat(_sized(m, params, Cat(part)) for part in parts)),
    ]


def _whole(m: Module, params: UnrolledParams, value: Value, number: int) -> Signal:
    """Return a sum of which a digit comes in every cycle."""
    total = Signal(params.digit * params.digits, name=f"sum_whole_{number}", reset_less=True)
    m.d.sync += total.eq(Cat(total, value)[params.digit :])
    return total


def _sized(m: Module, params: UnrolledParams, total: Value) -> Value:
    """Return a sum in two's complement with the bits of the output."""
    sized = Signal(signed(params.out.bits), name="accumulator")
    m.d.comb += sized.eq(total.as_signed())
    return sized

"""Collecting of serial sums: whole ones again, and beats of them."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ..burst import push_burst
from ..burst_cost import SELECTED
from ..fifo.circuit import CreditFifo
from ..pipeline import delay_valid
from .params import UnrolledParams
from .serial import waiting


def push_sums(
    m: Module, params: UnrolledParams, fifo: CreditFifo, sums: Sequence[Value], last: Value
) -> None:
    """Push sums that come digit by digit, the lowest first.

    A single beat is pushed in the cycle after ``last``, the first of several a cycle later. The
    sums of every beat are complete a cycle after those of the one before, and are copied in that
    cycle to registers that are 0 in all others, so that the beats need not be selected. Where a
    burst is long they are held instead, because of what would come a long time after the first.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
    fifo : CreditFifo
        Its slots are claimed already.
    sums : values
        A digit of every filter.
    last : Value
        High where they are the last ones.
    """
    digit, lanes, beats = params.digit, params.out.lanes, params.burst
    spread = 1 < beats <= SELECTED
    done = delay_valid(m, last, 1)
    whole: list[Value] = []
    for number, value in enumerate(sums):
        if spread:
            value = waiting(m, value, number // lanes, f"sum_late_{number}")
        total = Signal(digit * params.digits, name=f"sum_whole_{number}", reset_less=True)
        m.d.sync += total.eq(Cat(total, value)[digit:])
        whole.append(total)
    if not spread:
        push_burst(m, fifo, Cat(_sized(m, params, total) for total in whole), done, beats)
        return
    closed = Signal(beats + 1, name="beat_closed", init=(2 << beats) - 1)
    pushing = Signal(name="pushing")
    m.d.sync += [
        closed.eq(Cat(~last, closed)),
        pushing.eq(~closed[0] | (pushing & closed[-1])),
    ]
    chosen: list[Value] = [Const(0, 1)] * lanes
    for number, total in enumerate(whole):
        beat, lane = divmod(number, lanes)
        copied = Signal(min(len(total), params.out.bits), name=f"sum_{number}", reset_less=True)
        with m.If(closed[beat]):
            m.d.sync += copied.eq(0)
        with m.Else():
            m.d.sync += copied.eq(total)
        chosen[lane] = chosen[lane] | copied
    m.d.comb += [
        fifo.push.eq(pushing),
        fifo.payload.eq(Cat(_sized(m, params, total) for total in chosen)),
    ]


def _sized(m: Module, params: UnrolledParams, total: Value) -> Value:
    """Return a sum in two's complement with the bits of the output."""
    sized = Signal(signed(params.out.bits), name="accumulator")
    m.d.comb += sized.eq(total.as_signed())
    return sized

"""Handing a group's results to an output FIFO, several beats long where they are wider than one."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component

from .burst_cost import SELECTED


def push_burst(m: Module, fifo: Component, results: Value, done: Value, beats: int) -> None:
    """Push ``results`` where ``done`` is high, in ``beats`` beats, the lowest bits first.

    A single beat is pushed at once, the first of several a cycle later. They are held, and a ring
    of ``SELECTED`` bits, of which one is high, selects among so many beats; longer bursts move on
    when it has gone round, so that the selection's depth is bounded.

    Parameters
    ----------
    m : Module
    fifo : CreditFifo, or what has its ``push`` and ``payload``
        ``len(results) // beats`` bits wide; its slots are claimed already.
    results, done : Value
    beats : int
        ``done`` is high at most once in as many cycles.
    """
    if beats == 1:
        m.d.comb += [fifo.push.eq(done), fifo.payload.eq(results)]
        return
    width, columns = len(results) // beats, min(beats, SELECTED)
    held = Signal(len(results), name="results", reset_less=True)
    ring = Signal(columns, name="beat_ring")
    again: Value = ring[-1]
    if beats > columns:
        left = Signal(range(beats + 1), name="beats_left")
        m.d.sync += left.eq(Mux(done, beats, Mux(left != 0, left - 1, 0)))
        m.d.comb += fifo.push.eq(left != 0)
        with m.If(ring[-1]):
            m.d.sync += held.eq(held[columns * width :])
    else:
        pushing = Signal(name="pushing")
        m.d.sync += pushing.eq(done | (pushing & ~ring[-1]))
        m.d.comb += fifo.push.eq(pushing)
        again = Const(0, 1)
    m.d.sync += ring.eq(Cat(again, ring))
    with m.If(done):
        m.d.sync += [held.eq(results), ring.eq(1)]
    chosen = [held[k * width : (k + 1) * width] & ring[k].replicate(width) for k in range(columns)]
    m.d.comb += fifo.payload.eq(reduce(or_, chosen))

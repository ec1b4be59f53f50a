"""Handing a group's results to an output FIFO, several beats long where they are wider than one."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value

from .fifo.circuit import CreditFifo


def push_burst(m: Module, fifo: CreditFifo, results: Value, done: Value, beats: int) -> None:
    """Push ``results`` where ``done`` is high, in ``beats`` beats, the lowest bits first.

    A single beat is pushed at once, the first of several a cycle later.

    Parameters
    ----------
    m : Module
    fifo : CreditFifo
        ``len(results) // beats`` bits wide; its slots are claimed already.
    results, done : Value
    beats : int
        ``done`` is high at most once in as many cycles.
    """
    if beats == 1:
        m.d.comb += [fifo.push.eq(done), fifo.payload.eq(results)]
        return
    width = len(results) // beats
    held = Signal(len(results), name="results", reset_less=True)
    left = Signal(range(beats + 1), name="beats_left")
    m.d.comb += [fifo.push.eq(left != 0), fifo.payload.eq(held[:width])]
    m.d.sync += [held.eq(held[width:]), left.eq(Mux(fifo.push, left - 1, 0))]
    with m.If(done):
        m.d.sync += [held.eq(results), left.eq(beats)]

"""Accumulators behind the lanes of a folded engine, and the burst of what they held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .burst import push_burst
from .filters import Weights
from .firing import DenseFirings
from .packed import Term, add
from .pipeline import delay, delay_valid
from .weight_memory import READ_CYCLES, negatives
from .window.circuit import Window


def start_values(m: Module, params: DenseFirings, weights: Weights, window: Window) -> list[Value]:
    """Return what the accumulators of every firing start from, one a filter of ``pe``."""
    if params.multiplier == "ternary":
        return negatives(m, weights, params.pe, window.end, params.dot.stages)
    return [Const(0, 1)] * params.pe


def accumulate(
    m: Module,
    params: DenseFirings,
    window: Window,
    start: Sequence[Value],
    totals: Sequence[Term],
    fifo: Any,
) -> None:
    """Add up what the lanes give in every step of a firing; push the sums, modulo 2**out.bits.

    Parameters
    ----------
    m : Module
    params : DenseFirings
    window : Window
        Its steps and their marks.
    start : sequence of Value
        See ``start_values``.
    totals : sequence of Term
        One a filter, ``dot.stages`` cycles after the lanes' inputs.
    fifo : component of the output FIFO
    """
    stages = params.dot.stages
    first = delay(m, window.first, stages, "first")
    done = delay_valid(m, window.end, READ_CYCLES + stages + 1)
    accumulators = []
    for pe, total in enumerate(totals):
        accumulator = Signal(params.out.bits, name=f"accumulator_{pe}", reset_less=True)
        m.d.sync += accumulator.eq(add(Mux(first, start[pe], accumulator), total))
        accumulators.append(accumulator)
    push_burst(m, fifo, Cat(accumulators), done, params.burst)

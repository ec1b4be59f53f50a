"""Building blocks of pipelines that never stall: registers, delays, counters, firings."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value
from amaranth.lib.wiring import connect, flipped

from .fifo.circuit import CreditFifo
from .fifo.params import FifoParams


def register(m: Module, value: Value, name: str, shape: Shape | None = None) -> Value:
    """Return ``value`` one cycle later, from a register without reset; a constant stays as it is.

    With ``shape`` the value is cut or extended to it.
    """
    value = Value.cast(value)
    if isinstance(value, Const):
        return value
    held = Signal(shape or value.shape(), name=name, reset_less=True)
    m.d.sync += held.eq(value)
    return held


def delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return ``value`` ``cycles`` cycles later (data, without reset)."""
    for cycle in range(1, cycles + 1):
        value = register(m, value, f"{name}_{cycle}")
    return value


def delay_valid(m: Module, valid: Value, cycles: int) -> Value:
    """Return the control bit ``valid`` ``cycles`` cycles later, 0 after reset."""
    for cycle in range(1, cycles + 1):
        later = Signal(name=f"valid_{cycle}")
        m.d.sync += later.eq(valid)
        valid = later
    return valid


def counter(m: Module, enable: Value, count: int, name: str) -> tuple[Value, Value]:
    """Return a counter 0 … ``count - 1`` that advances where ``enable``, and its being at the end.

    Both come from registers; they are constants for a count of 1.
    """
    if count == 1:
        return Const(0, 1), Const(1, 1)
    value = Signal(range(count), name=name)
    last = Signal(name=f"{name}_last")
    with m.If(enable):
        m.d.sync += [value.eq(value + 1), last.eq(value == count - 2)]
        with m.If(last):
            m.d.sync += value.eq(0)
    return value, last


def output_fifo(m: Module, params: FifoParams, port: Value, name: str) -> CreditFifo:
    """Return a new FIFO, a submodule ``name``, whose output is the component's stream ``port``."""
    m.submodules[name] = fifo = CreditFifo(params)
    connect(m, fifo.o, flipped(port))
    return fifo


def start(
    m: Module,
    inputs: Sequence[Value],
    fifos: Sequence[CreditFifo],
    latency: int,
    gives: Value | None = None,
) -> Value:
    """Let a unit fire whenever all ``inputs`` (streams) are valid and its FIFOs have space.

    The beats are taken and the slots are claimed in the cycle of the firing; ``push`` follows
    ``latency`` cycles later.

    Parameters
    ----------
    m : Module
    inputs : streams
        Popped by every firing.
    fifos : CreditFifos
        Each takes what a firing gives.
    latency : int
        Cycles from the firing to the push.
    gives : Value, optional
        From registers: whether a firing gives something; one that does not needs no space.

    Returns
    -------
    The control bit that is high in the cycle of a firing.
    """
    gives = Const(1, 1) if gives is None else gives
    space = Cat(fifo.space for fifo in fifos).all()
    fire = Signal()
    m.d.comb += fire.eq(Cat(port.valid for port in inputs).all() & (space | ~gives))
    m.d.comb += [port.ready.eq(fire) for port in inputs]
    push = delay_valid(m, fire & gives, latency)
    for fifo in fifos:
        m.d.comb += [fifo.claim.eq(fire & gives), fifo.push.eq(push)]
    return fire

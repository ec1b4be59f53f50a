"""Shift, round half to even, clamp: the end of every requantization."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from .pipeline import register


def round_clamp(
    m: Module, total: Value, shift: int, ties: bool, low: int, high: int, width: int, name: str
) -> Value:
    """Return ``clamp(total >> shift, low, high)``, ``rounding_stages(ties)`` cycles later.

    Parameters
    ----------
    m : Module
    total : Value
        Two's complement, from a register.
    shift : int
        Bits shifted out (floor).
    ties : bool
        Decrement an odd quotient where no remainder is shifted out: its lowest bit is cleared.
    low, high : int
        Ends of the range.
    width : int
        Bits of the result, of which ``low`` and ``high`` decide the signedness.
    name : str
        Prefix of the registers.

    Returns
    -------
    ``width`` bits, one multiplexer behind a register.
    """
    quotient = total[min(shift, len(total) - 1) :].as_signed()
    if ties:
        # Two bits at least: an odd -1 becomes -2.
        even = Signal(signed(max(2, len(quotient))), name=f"{name}_quotient_even")
        m.d.comb += even.eq(quotient)
        if shift < len(total):
            with m.If(~total[:shift].any() if shift else Const(1)):
                m.d.comb += even[0].eq(0)
        quotient = register(m, even, f"{name}_even")
    over = register(m, _above(quotient, high), f"{name}_over")
    under = register(m, _below(quotient, low), f"{name}_under")
    held = register(m, quotient, f"{name}_quotient", signed(width))
    return Mux(over, high, Mux(under, low, held))[:width]


def _above(value: Value, bound: int) -> Value:
    """Return whether a signed ``value`` is greater than ``bound``.

    The bits above those of the bound are only looked at for being equal: a comparison of a wide
    value costs an adder, this costs a few gates.
    """
    if bound < 0:
        return ~_below(value, bound + 1)
    bits = bound.bit_length()
    if len(value) <= bits:
        return Const(0, 1)
    beyond = value[bits:].any()
    if bound != (1 << bits) - 1:
        beyond = beyond | (value[:bits] > bound)
    return ~value[-1] & beyond


def _below(value: Value, bound: int) -> Value:
    """Return whether a signed ``value`` is less than ``bound`` (see ``_above``)."""
    if bound > 0:
        return ~_above(value, bound - 1)
    if bound == 0:
        return value[-1]
    bits = (-bound - 1).bit_length()
    if len(value) <= bits:
        return Const(0, 1)
    beyond = ~value[bits:].all()
    if bound != -(1 << bits):
        beyond = beyond | (value[:bits] < (bound & ((1 << bits) - 1)))
    return value[-1] & beyond

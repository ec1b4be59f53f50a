"""Adders of up to four operands, in a module of their own."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import Component, In, Out

from .cells import Cells
from .serial import digit_network

ADDERS = "adder_logic"
"""Name of the module.

It is to be synthesized apart from what surrounds it: beside longer paths its tables of six inputs
are taken apart to spare depth that nobody needs, and become more (Yosys 0.70, 96x16 weights, xc7:
560 instead of 510).
"""


class DigitAdders(Component):
    """``sums`` are the digits of a network's taps, ``cells.depth`` cycles after ``digits``.

    Attributes
    ----------
    digits : In
        A bit of every input.
    more : In(1)
        As of ``digit_network``.
    sums : Out
        A bit of every tap.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        network = cells.plan.network
        super().__init__(
            {"digits": In(network.inputs), "more": In(1), "sums": Out(len(network.taps))}
        )

    def elaborate(self, platform: object) -> Module:
        """Build the network."""
        m = Module()
        sums = digit_network(m, self.cells, list(self.digits), self.more, "sum")
        m.d.comb += self.sums.eq(Cat(sums))
        return m


def apart(m: Module, cells: Cells, digits: Sequence[Value], more: Value) -> list[Value]:
    """Return what ``digit_network`` returns of digits of one bit, from a new submodule."""
    m.submodules[ADDERS] = adders = DigitAdders(cells)
    m.d.comb += [adders.digits.eq(Cat(digits)), adders.more.eq(more)]
    return list(adders.sums)

"""The PLLs of Intel's Cyclone V (altera_pll), MAX 10 (altpll) and Arria 10 (IOPLL).

Limits: CV-51002 (grade -7), M10-DATASHEET (grade -7), A10-DATASHEET (the slowest grade).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Cat, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .limits import nearest

MAX_COUNTER = 512
"""Of the counters N, M and C."""

IOPLL = "iopll"
"""Module that the project of an Arria 10 makes with Platform Designer: IOPLL has no primitive."""


@dataclass(frozen=True)
class Limits:
    """MHz between which phase comparator, VCO and output of a family work."""

    title: str
    pfd: tuple[int, int]
    vco: tuple[int, int]
    output: tuple[int, int]


LIMITS = {
    "cyclonev": Limits("Cyclone V", (5, 325), (600, 1600), (2, 550)),
    "max10": Limits("MAX 10", (5, 325), (600, 1300), (2, 450)),
    "arria10": Limits("Arria 10", (10, 325), (600, 1250), (2, 500)),
}
"""By the family of a board's file."""


@dataclass(frozen=True)
class PllParams:
    """Counters: VCO = input / n · m, output = VCO / c.

    Attributes
    ----------
    input_mhz : Fraction
        The oscillator.
    n, m, c : int
        The counters, 1 … 512. Quartus chooses them again from the frequencies; these show that
        there are some.
    family : str
        A key of ``LIMITS``.
    """

    input_mhz: Fraction
    n: int
    m: int
    c: int
    family: str

    @property
    def vco_mhz(self) -> Fraction:
        """Frequency of the oscillator inside."""
        return self.input_mhz / self.n * self.m

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.vco_mhz / self.c


def plan_pll(input_mhz: Fraction, output_mhz: Fraction, *, family: str) -> PllParams:
    """Find counters that make a clock within ``limits.TOLERANCE``.

    The most exact are taken; of equals those with the fastest phase comparator, then with the
    fastest VCO.

    Parameters
    ----------
    input_mhz, output_mhz : Fraction
        Oscillator and clock.
    family : str
        A key of ``LIMITS``.

    Raises
    ------
    ValueError
        If no counters make it; the message names the nearest clocks below and above.
    """
    limits = LIMITS[family]
    plans = [
        PllParams(input_mhz, n, m, int(c), family)
        for n in range(1, min(MAX_COUNTER, int(input_mhz / limits.pfd[0])) + 1)
        if input_mhz / n <= limits.pfd[1]
        for m in range(1, MAX_COUNTER + 1)
        if limits.vco[0] <= input_mhz / n * m <= limits.vco[1]
        for c in (input_mhz / n * m // output_mhz, input_mhz / n * m // output_mhz + 1)
        if 1 <= c <= MAX_COUNTER
    ]
    return min(
        nearest(limits.title, input_mhz, output_mhz, limits.output, plans),
        key=lambda p: (abs(p.output_mhz - output_mhz), p.n, -p.vco_mhz),
    )


class Pll(wiring.Component):
    """The family's PLL with one output and internal feedback.

    Parameters
    ----------
    params : PllParams
        Counters.

    Attributes
    ----------
    source : in
        The board's oscillator.
    clock : out
        The clock made.
    locked : out
        High when it is stable; asynchronous.
    """

    source: Signal
    clock: Signal
    locked: Signal

    def __init__(self, params: PllParams) -> None:
        self.params = params
        super().__init__({"source": In(1), "clock": Out(1), "locked": Out(1)})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        makers = {"cyclonev": self._altera_pll, "max10": self._altpll, "arria10": self._iopll}
        m.submodules.pll = makers[self.params.family](m)
        return m

    def _altera_pll(self, m: Module) -> Instance:
        return Instance(
            "altera_pll",
            p_fractional_vco_multiplier="false",
            p_reference_clock_frequency=f"{float(self.params.input_mhz):.6f} MHz",
            p_operation_mode="direct",
            p_number_of_clocks=1,
            p_output_clock_frequency0=f"{float(self.params.output_mhz):.6f} MHz",
            p_phase_shift0="0 ps",
            p_duty_cycle0=50,
            p_pll_type="General",
            p_pll_subtype="General",
            i_refclk=self.source,
            i_rst=0,
            i_fbclk=0,
            o_outclk=self.clock,
            o_locked=self.locked,
        )

    def _altpll(self, m: Module) -> Instance:
        ratio = self.params.output_mhz / self.params.input_mhz
        clocks = Signal(5)
        m.d.comb += self.clock.eq(clocks[0])
        return Instance(
            "altpll",
            p_bandwidth_type="AUTO",
            p_intended_device_family="MAX 10",
            p_lpm_type="altpll",
            p_operation_mode="NORMAL",
            p_compensate_clock="CLK0",
            p_pll_type="AUTO",
            p_inclk0_input_frequency=round(1_000_000 / self.params.input_mhz),  # its period, ps
            p_clk0_multiply_by=ratio.numerator,
            p_clk0_divide_by=ratio.denominator,
            p_clk0_duty_cycle=50,
            p_clk0_phase_shift="0",
            p_port_inclk0="PORT_USED",
            p_port_clk0="PORT_USED",
            p_port_locked="PORT_USED",
            p_port_areset="PORT_USED",
            p_width_clock=5,
            i_inclk=Cat(self.source, Const(0, 1)),
            i_areset=0,
            o_clk=clocks,
            o_locked=self.locked,
        )

    def _iopll(self, m: Module) -> Instance:
        return Instance(
            IOPLL,
            i_refclk_clk=self.source,
            i_reset_reset=0,
            o_outclk0_clk=self.clock,
            o_locked_export=self.locked,
        )

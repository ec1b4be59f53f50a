"""The PLL of Gowin GW1N and GW2A, rPLL (UG286; limits from data sheets DS117 and DS226)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .limits import nearest

_ODIVS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


@dataclass(frozen=True)
class Limits:
    """MHz between which phase comparator, VCO and output of a series work."""

    pfd: tuple[int, int]
    vco: tuple[int, int]
    output: tuple[Fraction, int]


LIMITS = {
    "GW1N-9C": Limits((3, 400), (400, 1200), (Fraction(25, 8), 600)),
    "GW2A-18": Limits((3, 500), (500, 1250), (Fraction(125, 32), 625)),
    "GW2A-18C": Limits((3, 500), (500, 1250), (Fraction(125, 32), 625)),
}
"""By nextpnr's name of the series, at the speed grades C6/I5 and C8/I7."""


@dataclass(frozen=True)
class PllParams:
    """Dividers: output = input / (idiv + 1) · (fbdiv + 1), VCO = output · odiv.

    Attributes
    ----------
    input_mhz : Fraction
        The oscillator.
    idiv, fbdiv : int
        IDIV_SEL and FBDIV_SEL, 0 … 63.
    odiv : int
        ODIV_SEL.
    series : str
        A key of ``LIMITS``.
    """

    input_mhz: Fraction
    idiv: int
    fbdiv: int
    odiv: int
    series: str

    @property
    def pfd_mhz(self) -> Fraction:
        """Frequency that the phases are compared at."""
        return self.input_mhz / (self.idiv + 1)

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.pfd_mhz * (self.fbdiv + 1)

    @property
    def vco_mhz(self) -> Fraction:
        """Frequency of the oscillator inside."""
        return self.output_mhz * self.odiv


def plan_pll(input_mhz: Fraction, output_mhz: Fraction, *, series: str) -> PllParams:
    """Find dividers that make a clock within ``limits.TOLERANCE``.

    Parameters
    ----------
    input_mhz, output_mhz : Fraction
        Oscillator and clock.
    series : str
        A key of ``LIMITS``.

    Raises
    ------
    ValueError
        If the series is unknown, or no dividers make the clock; the message names the nearest
        clocks below and above.
    """
    if series not in LIMITS:
        raise ValueError(f"the PLL must be of {' or '.join(LIMITS)}, not {series!r}")
    limits = LIMITS[series]
    plans = [
        plan
        for idiv in range(64)
        if limits.pfd[0] <= input_mhz / (idiv + 1) <= limits.pfd[1]
        for fbdiv in range(64)
        for odiv in _ODIVS
        if limits.vco[0]
        <= (plan := PllParams(input_mhz, idiv, fbdiv, odiv, series)).vco_mhz
        <= limits.vco[1]
    ]
    close = nearest(series, input_mhz, output_mhz, limits.output, plans)
    middle = Fraction(sum(limits.vco), 2)
    return min(
        close,
        key=lambda p: (abs(p.output_mhz - output_mhz), p.idiv, abs(p.vco_mhz - middle)),
    )


class Pll(wiring.Component):
    """The rPLL with internal feedback and fixed dividers.

    Parameters
    ----------
    params : PllParams
        Dividers.

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
        params = self.params
        m.submodules.pll = Instance(
            "rPLL",
            p_FCLKIN=f"{float(params.input_mhz):g}",
            p_DEVICE=params.series,
            p_DYN_IDIV_SEL="false",
            p_IDIV_SEL=params.idiv,
            p_DYN_FBDIV_SEL="false",
            p_FBDIV_SEL=params.fbdiv,
            p_DYN_ODIV_SEL="false",
            p_ODIV_SEL=params.odiv,
            p_CLKFB_SEL="internal",
            i_CLKIN=self.source,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            i_FBDSEL=Const(0, 6),
            i_IDSEL=Const(0, 6),
            i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4),
            i_DUTYDA=Const(0, 4),
            i_FDLY=Const(0, 4),
            o_CLKOUT=self.clock,
            o_LOCK=self.locked,
        )
        return m

"""The PLL of Lattice iCE40, SB_PLL40 (FPGA-TN-02052, sysCLOCK PLL design and usage guide)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .limits import nearest

PFD_MHZ = (10, 133)
VCO_MHZ = (533, 1066)
OUTPUT_MHZ = (16, 275)
_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5))


@dataclass(frozen=True)
class PllParams:
    """Dividers: VCO = input / (divr + 1) · (divf + 1), output = VCO / 2^divq.

    Attributes
    ----------
    input_mhz : Fraction
        The oscillator.
    divr, divf, divq : int
        0 … 15, 0 … 127, 1 … 6.
    pad : bool
        Whether the oscillator's pin is the PLL's own pad.
    """

    input_mhz: Fraction
    divr: int
    divf: int
    divq: int
    pad: bool = False

    @property
    def pfd_mhz(self) -> Fraction:
        """Frequency that the phases are compared at."""
        return self.input_mhz / (self.divr + 1)

    @property
    def vco_mhz(self) -> Fraction:
        """Frequency of the oscillator inside."""
        return self.pfd_mhz * (self.divf + 1)

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.vco_mhz / (1 << self.divq)

    @property
    def filter_range(self) -> int:
        """FILTER_RANGE of the loop, as icepll chooses it."""
        return next((code for limit, code in _FILTERS if self.pfd_mhz < limit), 6)


def plan_pll(input_mhz: Fraction, output_mhz: Fraction, *, pad: bool = False) -> PllParams:
    """Find dividers that make a clock within ``limits.TOLERANCE``.

    Parameters
    ----------
    input_mhz, output_mhz : Fraction
        Oscillator and clock.
    pad : bool
        Whether the oscillator's pin is the PLL's own pad.

    Raises
    ------
    ValueError
        If no dividers make it; the message names the nearest clocks below and above.
    """
    plans = [
        PllParams(input_mhz, divr, divf, divq, pad)
        for divr in range(16)
        if PFD_MHZ[0] <= input_mhz / (divr + 1) <= PFD_MHZ[1]
        for divf in range(128)
        if VCO_MHZ[0] <= input_mhz / (divr + 1) * (divf + 1) <= VCO_MHZ[1]
        for divq in range(1, 7)
    ]
    close = nearest("iCE40", input_mhz, output_mhz, OUTPUT_MHZ, plans)
    return min(close, key=lambda p: (abs(p.output_mhz - output_mhz), p.divr, p.divq))


class Pll(wiring.Component):
    """SB_PLL40_PAD or SB_PLL40_CORE with simple feedback.

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
        pad = {"i_PACKAGEPIN": self.source} if params.pad else {"i_REFERENCECLK": self.source}
        m.submodules.pll = Instance(
            "SB_PLL40_PAD" if params.pad else "SB_PLL40_CORE",
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=params.divr,
            p_DIVF=params.divf,
            p_DIVQ=params.divq,
            p_FILTER_RANGE=params.filter_range,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
            **pad,
        )
        return m

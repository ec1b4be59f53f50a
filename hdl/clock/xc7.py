"""The clock manager of Xilinx 7 series, MMCME2_BASE (UG472; limits: DS181, speed grade -1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .limits import nearest

VCO_MHZ = (600, 1200)
PFD_MHZ = (10, 450)
OUTPUT_MHZ = (Fraction(75, 16), 464)
"""The upper limit is that of a global clock buffer."""
MAX_MULTIPLIER = 64
MAX_DIVIDER = 128


@dataclass(frozen=True)
class PllParams:
    """Dividers: VCO = input / reference · multiplier, output = VCO / output.

    Attributes
    ----------
    input_mhz : Fraction
        The oscillator.
    reference : int
        DIVCLK_DIVIDE.
    multiplier, output : Fraction
        CLKFBOUT_MULT_F and CLKOUT0_DIVIDE_F, in eighths.
    """

    input_mhz: Fraction
    reference: int
    multiplier: Fraction
    output: Fraction

    @property
    def vco_mhz(self) -> Fraction:
        """Frequency of the oscillator inside."""
        return self.input_mhz / self.reference * self.multiplier

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.vco_mhz / self.output


def plan_pll(input_mhz: Fraction, output_mhz: Fraction) -> PllParams:
    """Find dividers that make a clock within ``limits.TOLERANCE``.

    The most exact is taken; of equals the one with whole dividers, then with the fastest phase
    comparator, then with the fastest VCO (least jitter).

    Parameters
    ----------
    input_mhz, output_mhz : Fraction
        Oscillator and clock.

    Raises
    ------
    ValueError
        If no dividers make it; the message names the nearest clocks below and above.
    """
    plans = [
        PllParams(input_mhz, reference, Fraction(eighths, 8), output)
        for reference in range(1, int(input_mhz / PFD_MHZ[0]) + 1)
        if input_mhz / reference <= PFD_MHZ[1]
        for eighths in range(2 * 8, MAX_MULTIPLIER * 8 + 1)
        if VCO_MHZ[0] <= input_mhz / reference * eighths / 8 <= VCO_MHZ[1]
        for output in _outputs(input_mhz / reference * eighths / 8, output_mhz)
    ]
    return min(
        nearest("7 series", input_mhz, output_mhz, OUTPUT_MHZ, plans),
        key=lambda p: (
            abs(p.output_mhz - output_mhz),
            p.multiplier.denominator + p.output.denominator,
            p.reference,
            -p.vco_mhz,
        ),
    )


def _outputs(vco_mhz: Fraction, output_mhz: Fraction) -> list[Fraction]:
    """Return the dividers, in eighths, that come nearest to a clock from above and below."""
    eighths = vco_mhz * 8 // output_mhz
    # Between 1 and 2 there are no fractions.
    return [Fraction(e, 8) for e in (eighths, eighths + 1) if e == 8 or 16 <= e <= MAX_DIVIDER * 8]


class Pll(wiring.Component):
    """MMCME2_BASE with internal feedback; its output drives a global clock buffer.

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
        loop, made = Signal(), Signal()
        # The period is in ns.
        m.submodules.pll = Instance(
            "MMCME2_BASE",
            p_BANDWIDTH="OPTIMIZED",
            p_CLKIN1_PERIOD=float(1000 / params.input_mhz),
            p_DIVCLK_DIVIDE=params.reference,
            p_CLKFBOUT_MULT_F=float(params.multiplier),
            p_CLKOUT0_DIVIDE_F=float(params.output),
            p_STARTUP_WAIT="FALSE",
            i_CLKIN1=self.source,
            i_CLKFBIN=loop,
            i_PWRDWN=0,
            i_RST=0,
            o_CLKFBOUT=loop,
            o_CLKOUT0=made,
            o_LOCKED=self.locked,
        )
        m.submodules.buffer = Instance("BUFG", i_I=made, o_O=self.clock)
        return m

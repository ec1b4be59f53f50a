"""The PLL of Lattice ECP5, EHXPLLL (FPGA-TN-02200, limits from the family's data sheet)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .limits import nearest

VCO_MHZ = (400, 800)
PFD_MHZ = (Fraction(25, 8), 400)
OUTPUT_MHZ = (Fraction(25, 8), 400)
MAX_DIVIDER = 128


@dataclass(frozen=True)
class PllParams:
    """Dividers: VCO = input / reference · feedback · loop, output = VCO / output.

    Attributes
    ----------
    input_mhz : Fraction
        The oscillator.
    reference, feedback, loop, output : int
        CLKI_DIV, CLKFB_DIV, CLKOP_DIV (CLKOP closes the loop), CLKOS_DIV (CLKOS is the clock).
    """

    input_mhz: Fraction
    reference: int
    feedback: int
    loop: int
    output: int

    @property
    def vco_mhz(self) -> Fraction:
        """Frequency of the oscillator inside."""
        return self.input_mhz / self.reference * self.feedback * self.loop

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.vco_mhz / self.output


def plan_pll(input_mhz: Fraction, output_mhz: Fraction) -> PllParams:
    """Find dividers that make a clock within ``limits.TOLERANCE``.

    The most exact is taken; of equals the one with the fastest phase comparator, then with the VCO
    nearest to the middle of its range.

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
        PllParams(input_mhz, reference, feedback, loop, output)
        for reference, feedback, loop in _loops(input_mhz)
        for output in _outputs(input_mhz / reference * feedback * loop, output_mhz)
    ]
    close = nearest("ECP5", input_mhz, output_mhz, OUTPUT_MHZ, plans)
    middle = Fraction(sum(VCO_MHZ), 2)
    return min(
        close,
        key=lambda p: (
            abs(p.output_mhz - output_mhz),
            p.reference,
            abs(p.vco_mhz - middle),
            p.loop,
        ),
    )


def _loops(input_mhz: Fraction) -> list[tuple[int, int, int]]:
    """Return every (reference, feedback, loop) within the limits of comparator, loop and VCO."""
    found = []
    for reference in range(1, MAX_DIVIDER + 1):
        compared = input_mhz / reference
        if not PFD_MHZ[0] <= compared <= PFD_MHZ[1]:
            continue
        for feedback in range(1, MAX_DIVIDER + 1):
            looped = compared * feedback
            if not OUTPUT_MHZ[0] <= looped <= OUTPUT_MHZ[1]:
                continue
            first = -(-VCO_MHZ[0] // looped)
            last = min(MAX_DIVIDER, VCO_MHZ[1] // looped)
            found += [(reference, feedback, loop) for loop in range(first, last + 1)]
    return found


def _outputs(vco_mhz: Fraction, output_mhz: Fraction) -> list[int]:
    """Return the dividers that come nearest to a clock from above and below."""
    divider = vco_mhz // output_mhz
    return [d for d in (divider, divider + 1) if 1 <= d <= MAX_DIVIDER]


class Pll(wiring.Component):
    """EHXPLLL that runs on its own CLKOP and gives CLKOS, both with phase 0 and 50 % duty.

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
        loop = Signal()
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{float(params.input_mhz):g}",
            a_FREQUENCY_PIN_CLKOS=f"{float(params.output_mhz):g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            p_CLKI_DIV=params.reference,
            p_CLKFB_DIV=params.feedback,
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=params.loop,
            p_CLKOP_CPHASE=params.loop - 1,
            p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED",
            p_CLKOS_DIV=params.output,
            p_CLKOS_CPHASE=params.output - 1,
            p_CLKOS_FPHASE=0,
            p_CLKOS2_ENABLE="DISABLED",
            p_CLKOS3_ENABLE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_OUTDIVIDER_MUXB="DIVB",
            p_PLLRST_ENA="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_INTFB_WAKE="DISABLED",
            i_CLKI=self.source,
            i_CLKFB=loop,
            i_RST=0,
            i_STDBY=0,
            i_PHASESEL0=0,
            i_PHASESEL1=0,
            i_PHASEDIR=0,
            i_PHASESTEP=0,
            i_PHASELOADREG=0,
            i_PLLWAKESYNC=0,
            i_ENCLKOP=0,
            i_ENCLKOS=0,
            o_CLKOP=loop,
            o_CLKOS=self.clock,
            o_LOCK=self.locked,
        )
        return m

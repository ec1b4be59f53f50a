"""From family, oscillator and clock to the PLL that makes it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from amaranth.lib import wiring

from . import ecp5, gowin, ice40, intel, xc7
from .direct import Direct, Wire
from .limits import Plan

_PLANS: dict[str, Callable[[Fraction, Fraction, str], Plan]] = {
    "ecp5": lambda source, clock, variant: ecp5.plan_pll(source, clock),
    "ice40": lambda source, clock, variant: ice40.plan_pll(source, clock, pad=variant == "pad"),
    "gowin": lambda source, clock, variant: gowin.plan_pll(source, clock, series=variant),
    "xc7": lambda source, clock, variant: xc7.plan_pll(source, clock),
    "cyclonev": lambda source, clock, variant: intel.plan_pll(source, clock, family="cyclonev"),
    "max10": lambda source, clock, variant: intel.plan_pll(source, clock, family="max10"),
    "arria10": lambda source, clock, variant: intel.plan_pll(source, clock, family="arria10"),
}
_CIRCUITS: dict[type, Callable[[Any], wiring.Component]] = {
    Direct: lambda plan: Wire(),
    ecp5.PllParams: ecp5.Pll,
    ice40.PllParams: ice40.Pll,
    gowin.PllParams: gowin.Pll,
    xc7.PllParams: xc7.Pll,
    intel.PllParams: intel.Pll,
}


def plan_clock(
    family: str, input_mhz: Fraction, output_mhz: Fraction, *, variant: str = ""
) -> Plan:
    """Choose the dividers of a family's PLL; none where the oscillator is the clock.

    Parameters
    ----------
    family : str
        As in a board's file.
    input_mhz, output_mhz : Fraction
        Oscillator and clock.
    variant : str
        What distinguishes PLLs within a family. ice40: ``pad`` where the oscillator's pin is the
        PLL's own pad; gowin: the series.

    Raises
    ------
    ValueError
        If the family has no PLL here, or its PLL cannot make the clock.
    """
    if input_mhz == output_mhz:
        return Direct(input_mhz)
    if family not in _PLANS:
        raise ValueError(f"family must be one of {', '.join(_PLANS)} to have a PLL, not {family}")
    return _PLANS[family](input_mhz, output_mhz, variant)


def clock_circuit(plan: Plan) -> wiring.Component:
    """Return the circuit with ports ``source``, ``clock`` and ``locked`` that a plan describes."""
    return _CIRCUITS[type(plan)](plan)

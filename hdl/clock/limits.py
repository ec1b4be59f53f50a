"""Which of the clocks that a PLL can make is the one asked for."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

TOLERANCE = Fraction(1, 10_000)
"""A clock this near counts as the one asked for: the oscillator itself is no better."""


class Plan(Protocol):
    """Dividers of a PLL of any family."""

    @property
    def input_mhz(self) -> Fraction:
        """Frequency of the board's oscillator."""

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""


AnyPlan = TypeVar("AnyPlan", bound=Plan)


def nearest(
    family: str,
    input_mhz: Fraction,
    output_mhz: Fraction,
    limits: tuple[Fraction | int, Fraction | int],
    plans: Sequence[AnyPlan],
) -> list[AnyPlan]:
    """Return the plans within ``TOLERANCE`` of the clock asked for.

    Parameters
    ----------
    family : str
        As the message calls it.
    input_mhz, output_mhz : Fraction
        Oscillator and clock.
    limits : pair of MHz
        Lowest and highest clock that the family makes.
    plans : sequence of Plan
        All that keep to the family's other limits.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest clocks below and above.
    """
    low, high = limits
    if not low <= output_mhz <= high:
        raise ValueError(
            f"clock must be between {float(low):g} and {float(high):g} MHz on {family}, "
            f"not {float(output_mhz):g}"
        )
    close = [p for p in plans if abs(p.output_mhz / output_mhz - 1) <= TOLERANCE]
    if not close:
        below = max((p.output_mhz for p in plans if p.output_mhz < output_mhz), default=low)
        above = min((p.output_mhz for p in plans if p.output_mhz > output_mhz), default=high)
        raise ValueError(
            f"clock must be one that the PLL makes of {float(input_mhz):g} MHz, not "
            f"{float(output_mhz):g}; the nearest are {float(below):.6g} and {float(above):.6g} MHz"
        )
    return close

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
        If there is none; the message names the nearest clocks below and above, the oscillator's own
        (which needs no PLL) among them.
    """
    low, high = limits
    if not low <= output_mhz <= high:
        raise ValueError(
            f"clock must be {float(input_mhz):g} MHz, the oscillator's own, or between "
            f"{float(low):g} and {float(high):g} MHz on {family}, not {float(output_mhz):g}"
        )
    close = [p for p in plans if abs(p.output_mhz / output_mhz - 1) <= TOLERANCE]
    if not close:
        possible = {input_mhz, *(p.output_mhz for p in plans if low <= p.output_mhz <= high)}
        below = max((mhz for mhz in possible if mhz < output_mhz), default=None)
        above = min((mhz for mhz in possible if mhz > output_mhz), default=None)
        near = [f"{float(mhz):.6g}" for mhz in (below, above) if mhz is not None]
        raise ValueError(
            f"clock must be one that the PLL makes of {float(input_mhz):g} MHz, not "
            f"{float(output_mhz):g}; the nearest {'are' if len(near) > 1 else 'is'} "
            f"{' and '.join(near)} MHz"
        )
    return close

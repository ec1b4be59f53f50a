"""PLL settings keep to the chip's limits and make the clock that is asked for."""

from fractions import Fraction

import pytest

from sangi.hdl.clock.ecp5 import MAX_DIVIDER, PFD_MHZ, VCO_MHZ, plan_pll
from sangi.hdl.clock.limits import TOLERANCE


@pytest.mark.parametrize("source", [25, 100])
@pytest.mark.parametrize("wanted", [10, 33, 48, 50, 60, 61, 66.6667, 85, 100, 125])
def test_clocks_are_made_within_the_limits(source, wanted):
    plan = plan_pll(Fraction(source), Fraction(str(wanted)))
    assert abs(float(plan.output_mhz) / wanted - 1) <= TOLERANCE
    assert VCO_MHZ[0] <= plan.vco_mhz <= VCO_MHZ[1]
    assert PFD_MHZ[0] <= Fraction(source, plan.reference) <= PFD_MHZ[1]
    dividers = (plan.reference, plan.feedback, plan.loop, plan.output)
    assert all(1 <= divider <= MAX_DIVIDER for divider in dividers)


def test_a_clock_that_cannot_be_made_names_its_neighbours():
    with pytest.raises(ValueError, match=r"must be one that the PLL makes of 25 MHz, not 66\.62;"):
        plan_pll(Fraction(25), Fraction("66.62"))
    with pytest.raises(ValueError, match=r"own, or between 3\.125 and 400 MHz on ECP5, not 500"):
        plan_pll(Fraction(25), Fraction(500))

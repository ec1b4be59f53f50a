"""PLL settings of iCE40 keep to the chip's limits and make the clock that is asked for."""

from fractions import Fraction

import pytest

from sangi.hdl.clock.ice40 import PFD_MHZ, VCO_MHZ, plan_pll
from sangi.hdl.clock.limits import TOLERANCE


@pytest.mark.parametrize("source", [12, 48])
@pytest.mark.parametrize("wanted", [16.5, 24, 30, 36, 48, 60, 96])
def test_clocks_are_made_within_the_limits(source, wanted):
    plan = plan_pll(Fraction(source), Fraction(str(wanted)))
    assert abs(float(plan.output_mhz) / wanted - 1) <= TOLERANCE
    assert VCO_MHZ[0] <= plan.vco_mhz <= VCO_MHZ[1]
    assert PFD_MHZ[0] <= plan.pfd_mhz <= PFD_MHZ[1]
    assert 0 <= plan.divr <= 15 and 0 <= plan.divf <= 127 and 1 <= plan.divq <= 6


@pytest.mark.parametrize(
    ("source", "wanted", "dividers", "filter_range"),
    [
        (12, 24, (0, 63, 5), 1),
        (12, 36, (0, 47, 4), 1),
        (12, 60, (0, 79, 4), 1),
        (48, 96, (2, 47, 3), 1),
    ],
)
def test_dividers_are_those_of_icepll(source, wanted, dividers, filter_range):
    plan = plan_pll(Fraction(source), Fraction(wanted))
    assert plan.output_mhz == wanted
    if plan.divr == dividers[0]:
        assert (plan.divr, plan.divf, plan.divq) == dividers
        assert plan.filter_range == filter_range


def test_a_clock_that_cannot_be_made_names_its_neighbours():
    message = r"PLL makes of 12 MHz, not 34\.9; the nearest are 34\.5 and 35\.25 MHz"
    with pytest.raises(ValueError, match=message):
        plan_pll(Fraction(12), Fraction("34.9"))
    message = "must be 12 MHz, the oscillator's own, or between 16 and 275 MHz on iCE40, not 15"
    with pytest.raises(ValueError, match=message):
        plan_pll(Fraction(12), Fraction(15))

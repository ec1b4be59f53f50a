"""PLL settings of Gowin keep to the series' limits and make the clock that is asked for."""

from fractions import Fraction

import pytest

from sangi.hdl.clock.gowin import LIMITS, plan_pll
from sangi.hdl.clock.limits import TOLERANCE


@pytest.mark.parametrize("series", LIMITS)
@pytest.mark.parametrize("wanted", [13.5, 33.75, 54, 60.75, 81, 108])
def test_clocks_are_made_within_the_limits(series, wanted):
    limits = LIMITS[series]
    plan = plan_pll(Fraction(27), Fraction(str(wanted)), series=series)
    assert abs(float(plan.output_mhz) / wanted - 1) <= TOLERANCE
    assert limits.vco[0] <= plan.vco_mhz <= limits.vco[1]
    assert limits.pfd[0] <= plan.pfd_mhz <= limits.pfd[1]
    assert 0 <= plan.idiv <= 63 and 0 <= plan.fbdiv <= 63


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match=r"of 27 MHz, not 52; the nearest are 51 and 54 MHz"):
        plan_pll(Fraction(27), Fraction(52), series="GW1N-9C")
    with pytest.raises(ValueError, match=r"between 3\.125 and 600 MHz on GW1N-9C, not 2"):
        plan_pll(Fraction(27), Fraction(2), series="GW1N-9C")
    with pytest.raises(ValueError, match=r"the PLL must be of GW1N-9C or .*, not 'GW5A'"):
        plan_pll(Fraction(27), Fraction(54), series="GW5A")

"""The clock manager of 7 series keeps to its limits and makes the clock that is asked for."""

from fractions import Fraction

import pytest

from sangi.compiler.circuit.shell import component_verilog
from sangi.hdl.clock.limits import TOLERANCE
from sangi.hdl.clock.xc7 import PFD_MHZ, VCO_MHZ, Pll, PllParams, plan_pll


@pytest.mark.parametrize("source", [100, 125])
@pytest.mark.parametrize("wanted", [10, "66.6667", 133, 200])
def test_clocks_are_made_within_the_limits(source, wanted):
    plan = plan_pll(Fraction(source), Fraction(wanted))
    assert abs(plan.output_mhz / Fraction(wanted) - 1) <= TOLERANCE
    assert VCO_MHZ[0] <= plan.vco_mhz <= VCO_MHZ[1]
    assert PFD_MHZ[0] <= Fraction(source, plan.reference) <= PFD_MHZ[1]
    assert 2 <= plan.multiplier <= 64 and plan.multiplier.denominator in (1, 2, 4, 8)
    assert plan.output == 1 or (2 <= plan.output <= 128 and plan.output.denominator in (1, 2, 4, 8))


def test_whole_dividers_are_preferred():
    assert plan_pll(Fraction(100), Fraction(150)) == PllParams(
        Fraction(100), 1, Fraction(12), Fraction(8)
    )


def test_a_clock_that_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match=r"between 4\.6875 and 464 MHz on 7 series, not 500"):
        plan_pll(Fraction(100), Fraction(500))
    with pytest.raises(ValueError, match=r"must be one that the PLL makes of 12 MHz, not 133;"):
        plan_pll(Fraction(12), Fraction(133))


def test_the_primitive_gets_its_parameters():
    text = component_verilog(Pll(plan_pll(Fraction(100), Fraction(150))), "top")
    for line in (
        ".CLKFBOUT_MULT_F(12.0)",
        ".CLKIN1_PERIOD(10.0)",
        ".CLKOUT0_DIVIDE_F(8.0)",
        ".DIVCLK_DIVIDE(32'd1)",
    ):
        assert line in text, text
    assert "BUFG" in text

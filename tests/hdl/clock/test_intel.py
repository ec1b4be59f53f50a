"""The PLLs of Intel's families keep to their limits and make the clock that is asked for."""

from fractions import Fraction

import pytest

from sangi.compiler.circuit.shell import component_verilog
from sangi.hdl.clock.intel import LIMITS, Pll, plan_pll
from sangi.hdl.clock.limits import TOLERANCE


@pytest.mark.parametrize("family", list(LIMITS))
@pytest.mark.parametrize("wanted", [33, "66.6667", 150])
def test_clocks_are_made_within_the_limits(family, wanted):
    plan = plan_pll(Fraction(50), Fraction(wanted), family=family)
    limits = LIMITS[family]
    assert abs(plan.output_mhz / Fraction(wanted) - 1) <= TOLERANCE
    assert limits.vco[0] <= plan.vco_mhz <= limits.vco[1]
    assert limits.pfd[0] <= Fraction(50, plan.n) <= limits.pfd[1]
    assert all(1 <= counter <= 512 for counter in (plan.n, plan.m, plan.c))


def test_a_clock_that_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="between 2 and 450 MHz on MAX 10, not 451"):
        plan_pll(Fraction(50), Fraction(451), family="max10")


@pytest.mark.parametrize(
    ("family", "module", "parts"),
    [
        (
            "cyclonev",
            "altera_pll",
            ['.reference_clock_frequency("50.000000 MHz")', '("75.000000 MHz")'],
        ),
        (
            "max10",
            "altpll",
            [".clk0_multiply_by(32'd3)", ".clk0_divide_by(32'd2)", "(32'd20000)"],
        ),
        ("arria10", "iopll", [".refclk_clk(", ".outclk0_clk(", ".locked_export("]),
    ],
)
def test_the_module_of_the_family_gets_its_parameters(family, module, parts):
    text = component_verilog(Pll(plan_pll(Fraction(50), Fraction(75), family=family)), "top")
    assert f"  {module} " in text
    for part in parts:
        assert part in text, text

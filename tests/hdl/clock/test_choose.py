"""Every family gets its own PLL, and none where the oscillator is the clock."""

from fractions import Fraction

import pytest

from sangi.hdl.clock import ecp5, gowin, ice40
from sangi.hdl.clock.choose import clock_circuit, plan_clock
from sangi.hdl.clock.direct import Direct, Wire


@pytest.mark.parametrize(
    ("family", "variant", "circuit"),
    [("ecp5", "", ecp5.Pll), ("ice40", "pad", ice40.Pll), ("gowin", "GW2A-18", gowin.Pll)],
)
def test_the_family_decides(family, variant, circuit):
    plan = plan_clock(family, Fraction(27), Fraction(54), variant=variant)
    assert (plan.input_mhz, plan.output_mhz) == (27, 54)
    assert isinstance(clock_circuit(plan), circuit)
    same = plan_clock(family, Fraction(27), Fraction(27), variant=variant)
    assert same == Direct(Fraction(27)) and same.output_mhz == 27
    assert isinstance(clock_circuit(same), Wire)


def test_the_pad_is_told():
    assert plan_clock("ice40", Fraction(12), Fraction(24), variant="pad").pad
    assert not plan_clock("ice40", Fraction(12), Fraction(24)).pad


def test_a_family_without_a_pll_is_refused():
    with pytest.raises(ValueError, match=r"family must be one of ecp5, .* not z80"):
        plan_clock("z80", Fraction(12), Fraction(24))

"""What is said of clocks that no plan makes."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sangi.hdl.clock.direct import Direct
from sangi.hdl.clock.limits import nearest

PLANS = [Direct(Fraction(mhz)) for mhz in (14, 18, 24, 260, 280)]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (15, "clock must be 12 MHz, the oscillator's own, or between 16 and 275 MHz on X, not 15"),
        (
            20,
            "clock must be one that the PLL makes of 12 MHz, not 20; the nearest are 18 and 24 MHz",
        ),
        # What lies outside of the limits is no way out, and the oscillator is one.
        (
            17,
            "clock must be one that the PLL makes of 12 MHz, not 17; the nearest are 12 and 18 MHz",
        ),
        (270, "clock must be one that the PLL makes of 12 MHz, not 270; the nearest is 260 MHz"),
    ],
)
def test_the_way_out_is_true(wanted: int, said: str) -> None:
    with pytest.raises(ValueError) as error:
        nearest("X", Fraction(12), Fraction(wanted), (16, 275), PLANS)
    assert str(error.value) == said

"""Factors of the cost models by family."""

import pytest

from sangi.boards.schema import FAMILIES
from sangi.hdl.cost import Resources
from sangi.hdl.fitted import OTHERS, corrected, factors

RAW = Resources(lut=100.0, ff=200.0, bram=3.0, dsp=4.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_corrected(family):
    found = corrected(RAW, "folded.ternary", family)
    assert found != RAW
    # Block RAMs and multipliers are counted, not fitted.
    assert (found.bram, found.dsp) == (RAW.bram, RAW.dsp)


def test_factors_are_those_of_family_and_kind():
    lut, ff = factors()["ecp5"]["folded.ternary"]
    assert corrected(RAW, "folded.ternary", "ecp5") == Resources(100 * lut, 200 * ff, 3.0, 4.0)


def test_a_kind_without_a_factor_takes_the_mean_one():
    lut, ff = factors()["ecp5"][OTHERS]
    assert corrected(RAW, "never seen", "ecp5") == Resources(100 * lut, 200 * ff, 3.0, 4.0)


def test_a_variant_without_a_factor_takes_those_of_its_engine():
    (serial,) = (pair for kind, pair in factors()["max10"].items() if kind.startswith("unrolled"))
    found = corrected(RAW, "unrolled.parallel", "max10")
    assert (found.lut, found.ff) == pytest.approx((100 * serial[0], 200 * serial[1]))
    known = [pair for kind, pair in factors()["ecp5"].items() if kind.startswith("folded.")]
    found = corrected(RAW, "folded.packed", "ecp5")
    assert "folded.packed" not in factors()["ecp5"]
    assert found.lut == pytest.approx(100 * sum(lut for lut, _ in known) / len(known))


def test_a_family_without_a_fit_takes_that_of_the_nearest():
    assert corrected(RAW, "folded.dsp", "arria10") == corrected(RAW, "folded.dsp", "cyclonev")

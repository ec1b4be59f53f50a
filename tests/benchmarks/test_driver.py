"""The benchmark's demands, as slow tests."""

import pytest

from .driver import main


@pytest.mark.slow
@pytest.mark.parametrize("part", ["numpy", pytest.param("axi", marks=pytest.mark.ci)])
def test_the_driver_costs_little(part: str) -> None:
    assert main([part]) == 0

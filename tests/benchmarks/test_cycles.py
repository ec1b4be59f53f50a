"""The benchmark's demands, as slow tests."""

import pytest

from .cycles import CASES, find, main


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_cycles_are_those_of_verilator(name: str) -> None:
    if find(CASES[name].file) is None:
        pytest.skip("needs the models in SANGI_DATA")
    assert main([name]) == 0

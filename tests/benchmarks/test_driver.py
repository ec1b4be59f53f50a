"""The benchmark's demands, as slow tests."""

import pytest

from .driver import main


@pytest.mark.slow
@pytest.mark.parametrize("part", ["numpy", pytest.param("axi", marks=pytest.mark.ci)])
def test_the_driver_costs_little(part: str) -> None:
    assert main([part]) == 0


def test_unknown_parts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["numpi"])
    assert "PART must be numpy or axi, not numpi" in capsys.readouterr().err

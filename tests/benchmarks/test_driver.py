"""The benchmark's demands, as slow tests."""

import pytest

from .driver import main

TRIES = 3


@pytest.mark.slow
@pytest.mark.parametrize("part", ["numpy", pytest.param("axi", marks=pytest.mark.ci)])
def test_the_driver_costs_little(part: str) -> None:
    # A machine that is busy with other things starves the driver, not always three times.
    assert any(main([part]) == 0 for _ in range(TRIES))


def test_unknown_parts_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["numpi"])
    assert "PART must be numpy or axi, not numpi" in capsys.readouterr().err

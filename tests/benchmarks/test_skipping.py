"""The benchmark's demands: its line at 90 % zeros, as a slow test, and what it says of rates."""

from __future__ import annotations

import pytest

from .skipping import ENGINES, INTERVAL, STYLES, all_fits, balanced, fewest_luts, table


@pytest.mark.slow
@pytest.mark.ci
def test_at_90_percent_zeros(capsys: pytest.CaptureFixture[str]) -> None:
    assert table(90, "xc7", ("folded", "skipping"))
    assert "skipping takes the fewest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("zeros", "cycles", "engine"),
    [(0.3, INTERVAL, "folded"), (0.9, INTERVAL, "skipping"), (0.98, 5, "unrolled")],
)
def test_the_engine_of_the_fewest_luts(zeros: float, cycles: int, engine: str) -> None:
    fits = all_fits(balanced(zeros), cycles, "xc7", ("block",))
    assert min(fits, key=fewest_luts).engine == engine


def test_engines_that_cannot_compute_the_layer_are_left_out() -> None:
    fits = all_fits(balanced(0.9), INTERVAL, "xc7", STYLES)
    assert {"folded", "skipping"} <= {fit.engine for fit in fits} <= set(ENGINES)

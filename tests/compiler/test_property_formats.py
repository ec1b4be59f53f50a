"""Random networks in every format: the program beside exact rational arithmetic.

Case n is always the same network: ``property/formats.py`` draws it from its format and seed, and
a failure names both.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .property.formats import FORMATS, draw_case
from .property.run import run_cases
from .property.sketch import WANTED

CASES, CHUNK, CHUNKS = 300, 250, 40


def agrees(numbers: range, folder: Path) -> None:
    """Check cases: no wrong number, few refusals, and enough of everything that is wanted."""
    report = run_cases(numbers, folder)
    print(report)
    assert not report.failures, "\n".join(report.failures)
    assert len(report.refusals) < 0.05 * report.cases, "\n".join(report.refusals)
    rare = {tag: report.share(tag) for tag in WANTED if report.share(tag) < 0.05}
    assert not rare, rare


def test_every_format_gives_the_exact_numbers(tmp_path: Path) -> None:
    agrees(range(CASES), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_ten_thousand_cases(tmp_path: Path, chunk: int) -> None:
    first = CASES + chunk * CHUNK
    agrees(range(first, first + CHUNK), tmp_path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_case_is_always_the_same(name: str) -> None:
    first, second, other = draw_case(name, 3), draw_case(name, 3), draw_case(name, 4)
    assert first.model.SerializeToString() == second.model.SerializeToString()
    assert first.frames.tolist() == second.frames.tolist()
    assert first.model.SerializeToString() != other.model.SerializeToString()

"""Many cases, and what was seen in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .compare import check
from .formats import FORMATS, draw_case


@dataclass
class Report:
    """What came of many cases.

    Attributes
    ----------
    cases : int
    tags : Counter of str
        How many of the cases that were compared held something.
    refusals, failures : list of str
        Format and seed, with the reason.
    """

    cases: int = 0
    tags: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def share(self, tag: str) -> float:
        """Return the share of all cases that were compared and hold something."""
        return self.tags[tag] / self.cases

    def __str__(self) -> str:
        """Return a line per thing that was drawn, and every refusal."""
        shares = [f"{self.share(tag):6.1%} {tag}" for tag in sorted(self.tags)]
        return "\n".join([f"{self.cases} cases", *shares, *self.refusals])


def run_cases(numbers: Iterable[int], folder: Path) -> Report:
    """Check cases by their numbers; every format takes its turn.

    Whatever goes wrong is noted with format and seed, and the next case is taken: one number that
    is wrong, or one exception, is a failure.
    """
    report = Report()
    names = list(FORMATS)
    for number in numbers:
        name, seed = names[number % len(names)], number // len(names)
        report.cases += 1
        case = draw_case(name, seed)
        try:
            outcome = check(case, folder)
        except Exception as error:
            report.failures.append(f"{name} {seed}: {type(error).__name__}: {error}")
            continue
        if outcome.refusal is not None:
            report.refusals.append(f"{name} {seed}: {outcome.refusal}")
            continue
        report.tags.update(case.tags)
        if outcome.ties:
            report.tags["values on ties"] += 1
    return report

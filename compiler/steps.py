"""The steps of a compilation: their names for the report, their seconds for the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[str], None]
"""Called with the name of the step that begins."""


class StepLog:
    """Notes each step as it begins, and hands its name on.

    Parameters
    ----------
    progress : callable, optional
        Who else wants to know.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._begun: list[tuple[str, float]] = []

    def begin(self, step: str) -> None:
        """Note that ``step`` begins, and the one before it is done."""
        self._begun.append((step, time.monotonic()))
        if self._progress is not None:
            self._progress(step)

    @property
    def names(self) -> tuple[str, ...]:
        """The steps so far."""
        return tuple(name for name, _ in self._begun)

    def write(self, path: Path) -> None:
        """Write date and seconds per step; for ``log/``, where bytes may differ between runs."""
        now = time.monotonic()
        ends = [start for _, start in self._begun[1:]] + [now]
        lines = [time.strftime("%Y-%m-%d %H:%M:%S")]
        for (name, start), end in zip(self._begun, ends, strict=True):
            lines.append(f"{end - start:9.2f} s  {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

"""The device ``numpy:``: the reference itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ..program import Program
from .device import Counters, Frame

BATCH = 64
"""Frames executed at once."""


class NumpyDevice:
    """Executes the program with NumPy.

    Parameters
    ----------
    program : Program
        What to execute.
    """

    batch = BATCH

    def __init__(self, program: Program) -> None:
        self._program = program
        self._frames = 0

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Execute frames, up to ``BATCH`` or ``ahead`` at once."""
        source = iter(frames)
        while batch := list(islice(source, min(BATCH, ahead or BATCH))):
            outputs = self.execute(tuple(np.stack(arrays) for arrays in zip(*batch, strict=True)))
            yield from zip(*outputs, strict=True)

    def execute(self, frames: Frame) -> Frame:
        """Execute frames that lie in arrays ``(N, *type.shape)``, all at once."""
        # Only the outputs are kept: other tensors would take the cache from the next frames.
        tensors = self._program.run(*frames)
        self._frames += len(frames[0])
        return tuple(tensors[output.tensor] for output in self._program.outputs)

    def counters(self) -> Counters:
        """Count frames; nothing here has a clock."""
        return Counters(self._frames, 0, 0)

    def close(self) -> None:
        """There is nothing to release."""


def open_device(address: str, build: Path, program: Program) -> NumpyDevice:
    """Open ``numpy:``; address and build are not used."""
    return NumpyDevice(program)

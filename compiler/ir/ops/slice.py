"""Every n-th element of a part of a tensor."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Slice(Op):
    """``y[i, j, …] = x[start[0] + i * step[0], start[1] + j * step[1], …]``.

    Attributes
    ----------
    start, size, step : tuple of int
        One entry per axis of a frame: the first index, how many are taken, and their distance.
    """

    start: tuple[int, ...]
    size: tuple[int, ...]
    step: tuple[int, ...]

    def verify(self) -> None:
        """Check lengths and signs."""
        if not len(self.start) == len(self.size) == len(self.step):
            lengths = [len(self.start), len(self.size), len(self.step)]
            raise ValueError(f"start, size and step must have one length, not {lengths}")
        for what, values, least in (
            ("start", self.start, 0),
            ("size", self.size, 1),
            ("step", self.step, 1),
        ):
            if min(values, default=least) < least:
                raise ValueError(f"{what} must be at least {least}, not {min(values)}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the size taken of every axis."""
        if len(shapes[0]) != len(self.start):
            raise ValueError(f"input must have {len(self.start)} axes, not {len(shapes[0])}")
        for axis, full in enumerate(shapes[0]):
            last = self.start[axis] + (self.size[axis] - 1) * self.step[axis]
            if last >= full:
                raise ValueError(f"last index of axis {axis} must be below {full}, not {last}")
        return self.size

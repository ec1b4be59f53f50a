"""Zeros around a tensor."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Pad(Op):
    """The tensor with real zeros in front of and behind every axis.

    Attributes
    ----------
    before, after : tuple of int
        Number of zeros, one entry per axis of a frame.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    def verify(self) -> None:
        """Check lengths and signs."""
        if len(self.before) != len(self.after):
            raise ValueError(f"after must have {len(self.before)} entries, not {len(self.after)}")
        if min((*self.before, *self.after), default=0) < 0:
            raise ValueError(
                f"before and after must be at least 0, not {min((*self.before, *self.after))}"
            )

    def infer(self, *shapes: Shape) -> Shape:
        """Return the padded shape."""
        if len(shapes[0]) != len(self.before):
            raise ValueError(f"input must have {len(self.before)} axes, not {len(shapes[0])}")
        return tuple(
            before + size + after
            for before, size, after in zip(self.before, shapes[0], self.after, strict=True)
        )

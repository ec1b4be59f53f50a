"""Another order of the axes."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Transpose(Op):
    """``y = x.transpose(perm)``: axis i of the output is axis ``perm[i]`` of the input.

    Attributes
    ----------
    perm : tuple of int
        Of one frame's axes, without the batch axis.
    """

    perm: tuple[int, ...]

    def verify(self) -> None:
        """Check that every axis occurs once."""
        if sorted(self.perm) != list(range(len(self.perm))):
            raise ValueError(f"perm must hold every axis once, not {self.perm}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the permuted shape."""
        if len(shapes[0]) != len(self.perm):
            raise ValueError(f"input must have {len(self.perm)} axes, not {len(shapes[0])}")
        return tuple(shapes[0][axis] for axis in self.perm)

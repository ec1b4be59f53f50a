"""A node that cannot be mapped, kept so that everything else can still be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Opaque(Op):
    """An op of unknown meaning and known shape; the reader has reported it as a problem.

    Attributes
    ----------
    kind : str
        The op type in the file.
    shape : tuple of int
        Of its output, without the batch axis.
    """

    arity: ClassVar[int | None] = None

    kind: str
    shape: Shape

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape that the file gives."""
        return self.shape

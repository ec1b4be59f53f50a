"""Addition of two tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Add(Op):
    """``y = a + b`` for two tensors of one shape."""

    arity: ClassVar[int | None] = 2

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape of both inputs."""
        if shapes[0] != shapes[1]:
            raise ValueError(f"inputs must have one shape, not {shapes[0]} and {shapes[1]}")
        return shapes[0]

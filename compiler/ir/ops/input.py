"""Where frames enter the graph."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Input(Op):
    """One model input.

    The tensor that it makes is channels last whatever the model's layout: ``(H, W, C)`` for
    ``NHWC`` and ``NCHW``, ``(elements,)`` for ``N``.

    Attributes
    ----------
    name : str
        The ONNX input.
    shape : tuple of int
        Of one frame, as the model declares it, without the batch axis.
    layout : str
        What ``shape`` means: ``NHWC``, ``NCHW``, or ``N`` (features).
    """

    arity: ClassVar[int] = 0

    name: str
    shape: Shape
    layout: Literal["NHWC", "NCHW", "N"]

    def verify(self) -> None:
        """Check that the layout fits the shape."""
        if self.layout != "N" and len(self.shape) != 3:
            raise ValueError(f"shape of a {self.layout} input must have 3 axes, not {self.shape}")
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"shape must hold positive sizes, not {self.shape}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the frame's shape, channels last."""
        if self.layout == "NCHW":
            return (*self.shape[1:], self.shape[0])
        return self.shape if self.layout == "NHWC" else (prod(self.shape),)

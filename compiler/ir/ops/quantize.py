"""Rounding to a grid: QuantizeLinear followed by DequantizeLinear, and QONNX's Quant."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ....runtime.numerics import Rounding
from .base import Elementwise, Shape, check_channels


@dataclass(frozen=True, eq=False)
class Quantize(Elementwise):
    """``y = (clamp(round(x / scale) + zero_point, low, high) - zero_point) * scale``.

    With ``zero_first``, ``y = (clamp(round(x / scale + zero_point), low, high) - zero_point) *
    scale``: half to even then looks at the parity behind an odd zero point, and the zero point may
    be a fraction. So BipolarQuant (``y = s`` where ``x >= 0``, else ``-s``) is the grid of scale
    2s, zero point 1/2 and codes 0 and 1, with HALF_UP.

    Attributes
    ----------
    scale : tuple of Fraction
        One entry, or one per channel: the exact values of the float32 in the model; positive.
    zero_point : tuple of int or Fraction
        As many entries as ``scale``; whole numbers unless ``zero_first``.
    low, high : int
        Range of the codes, for example -128 and 127.
    rounding : Rounding
    zero_first : bool
        Whether the zero point is added before rounding (QONNX) instead of behind it (ONNX).
    """

    scale: tuple[Fraction, ...]
    zero_point: tuple[Fraction | int, ...]
    low: int
    high: int
    rounding: Rounding = Rounding.HALF_EVEN
    zero_first: bool = False

    @property
    def per_channel(self) -> bool:
        """Whether channels have scales of their own."""
        return len(self.scale) > 1

    def verify(self) -> None:
        """Check signs, lengths and range."""
        if min(self.scale, default=Fraction(0)) <= 0:
            raise ValueError(f"scale must be positive, not {min(self.scale, default=None)}")
        if len(self.zero_point) != len(self.scale):
            raise ValueError(
                f"zero_point must have {len(self.scale)} entries, not {len(self.zero_point)}"
            )
        if not self.zero_first and any(Fraction(zero).denominator != 1 for zero in self.zero_point):
            raise ValueError(f"zero_point must be whole numbers, not {self.zero_point}")
        if self.low > self.high:
            raise ValueError(f"low must be at most high ({self.high}), not {self.low}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("scale", len(self.scale), shapes[0])
        return shapes[0]

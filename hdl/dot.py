"""The plan of a dot product: inputs times stored weights, summed in a registered tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..runtime.numerics import clog2
from .arithmetic import Product

Multiplier = Literal["dsp", "lut", "ternary"]


@dataclass(frozen=True)
class DotProduct:
    """Lanes that multiply (or add, subtract and skip) and the tree that sums them.

    Attributes
    ----------
    terms : int
        Lanes.
    bits : int
        Width of an input.
    signed : bool
        Whether inputs are two's complement.
    weight_bits : int
        Width of a stored weight, two's complement; 2 if ternary.
    multiplier : str
        ``dsp`` and ``lut`` multiply; ``ternary`` adds, subtracts or skips.
    sum_bits : int
        Width of the sum, which is exact modulo 2**sum_bits.
    """

    terms: int
    bits: int
    signed: bool
    weight_bits: int
    multiplier: Multiplier
    sum_bits: int

    @property
    def product(self) -> Product:
        """The plan of one lane's product; the style ``dsp`` stands for ``ternary`` too."""
        return Product(
            a_bits=self.bits,
            a_signed=self.signed,
            b_bits=self.weight_bits,
            b_signed=True,
            style="lut" if self.multiplier == "lut" else "dsp",
        )

    @property
    def stages(self) -> int:
        """Registers from the inputs to the sum."""
        product = 0 if self.multiplier == "ternary" else self.product.stages
        return product + clog2(self.terms)

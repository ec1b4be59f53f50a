"""Several weights in one operand of a multiplier block, in pure Python.

``a * sum(w[i] << i * shift)`` holds the products ``a * w[i]`` side by side, one every ``shift``
bits, where an element is multiplied by the weights of several filters at once. (White paper WP486
of Xilinx, Fu et al. 2016, does so for two weights of 8 bits.) A product below zero borrows one from
the field above it: that field is short by exactly the topmost bit of what lies below. Here the
borrows are kept beside the fields and join as carries of the adders that follow; nothing is
rounded, and ``holds`` says from the ranges whether a packing is exact.

Two fields may overlap by one bit: the lowest bit of the upper one is known beforehand (the
exclusive or of the lowest bits of its products), and what it differs by is the topmost bit of the
lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import inf

from ..runtime.numerics import bits_for
from .filters import Weights
from .multipliers import products_of

MOST = 8
"""Weights up to which an operand is looked at."""


@dataclass(frozen=True)
class Packing:
    """How weights of neighbouring filters lie in one operand.

    Attributes
    ----------
    count : int
        Weights in an operand, at least 2.
    shift : int
        Bits of a field: from one weight, and from one product, to the next.
    low, high : int
        Least and greatest weight; ``low`` is below 0.
    summed : int
        Products that are added before they are taken apart: 1 or 2.
    overlap : int
        Bits by which a field is wider than ``shift``: 0, or with two weights 1.
    """

    count: int
    shift: int
    low: int
    high: int
    summed: int
    overlap: int = 0

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ValueError(f"count must be at least 2, not {self.count}")
        if self.summed not in (1, 2):
            raise ValueError(f"summed must be 1 or 2, not {self.summed}")
        if self.overlap not in ((0, 1) if self.count == 2 else (0,)):
            raise ValueError(f"overlap must be 0, or 1 with two weights, not {self.overlap}")
        if self.low >= 0:
            raise ValueError(f"low must be below 0, not {self.low}")

    @property
    def stored(self) -> tuple[int, ...]:
        """Bits that a memory holds of every weight, the lowest first.

        What a weight lends to the one below is taken off before it is stored, so that an operand
        is wired from the memory's word: every field is its stored bits with their sign repeated.
        """
        above = bits_for(self.low - 1, self.high)
        return (bits_for(self.low, self.high), *(above,) * (self.count - 1))

    @property
    def operand_bits(self) -> int:
        """Width of an operand, two's complement."""
        return (self.count - 1) * self.shift + self.stored[-1]

    def holds(self, bits: int, signed: bool) -> bool:
        """Whether every sum of ``summed`` products with elements of these bits keeps its field.

        A field in the middle must have room for its borrow as well.
        """
        low = -(1 << bits - 1) if signed else 0
        high = low + (1 << bits) - 1
        products = [a * w for a in (low, high) for w in (self.low, self.high)]
        half = 1 << self.shift - 1 + self.overlap
        return (
            self.shift >= self.stored[-1]
            and self.summed * min(products) >= -half + (self.count > 2)
            and self.summed * max(products) < half
        )

    def fields(self, weights: Weights) -> list[Weights]:
        """Return what is stored of weights.

        Parameters
        ----------
        weights : int64 (…, count)

        Returns
        -------
        list of int64 (…)
            The lowest field first, each within its ``stored`` bits.
        """
        fields = [weights[..., 0]]
        for index in range(1, self.count):
            fields.append(weights[..., index] - (fields[-1] < 0))
        return fields


@cache
def packing_of(
    low: int, high: int, bits: int, signed: bool, filters: int, lanes: int, family: str
) -> Packing | None:
    """Return the packing that takes the fewest multiplier blocks, None where none saves any.

    Parameters
    ----------
    low, high : int
        Least and greatest weight.
    bits, signed : int, bool
        Of the elements.
    filters : int
        Computed side by side: a multiple of the weights in an operand.
    lanes : int
        Elements multiplied side by side; with two or more, two products are added before they are
        taken apart where their fields have the room (a DSP48 adds them itself).
    family : str
    """
    low, high = min(low, -1), max(high, 0)
    width = bits_for(low, high)
    # What is too narrow for a block alone would be spelled out in look-up tables.
    alone = products_of(bits, signed, width, True, width + bits, family).blocks
    best, least = None, alone or inf
    for count in range(2, min(MOST, filters) + 1):
        if filters % count:
            continue
        for summed, overlap in product(
            (2, 1) if lanes > 1 else (1,), (0, 1) if count == 2 else (0,)
        ):
            packing = _narrowest(Packing(count, 1, low, high, summed, overlap), bits, signed)
            width = packing.operand_bits
            pieces = products_of(width, True, bits, signed, width + bits, family)
            each = pieces.blocks / count
            if len(pieces.widths) == 1 and not pieces.spelled and each < least:
                best, least = packing, each
    return best


def _narrowest(packing: Packing, bits: int, signed: bool) -> Packing:
    """Return a packing with the narrowest fields that hold the products."""
    while not packing.holds(bits, signed):
        packing = replace(packing, shift=packing.shift + 1)
    return packing

"""Parameters of the folded engine: PE × SIMD multiply–accumulate lanes over dense weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat
from ..dot import DotProduct
from ..filters import check_groups
from ..firing import DenseFirings
from ..memory import RomStyle
from ..packing import Packing
from ..window.params import WindowParams

FoldedMultiplier = Literal["dsp", "lut", "ternary", "packed"]


@dataclass(frozen=True)
class FoldedParams(DenseFirings):
    """A convolution (or dense layer: a 1×1 kernel on a 1×1 frame) on ``pe`` × ``simd`` lanes.

    Attributes
    ----------
    window : WindowParams
        ``window.lanes`` is SIMD, ``window.groups`` is ``out_channels // pe``.
    out_channels : int
        Filters.
    pe : int
        Filters computed side by side; divides ``out_channels``.
    out : Beat
        Accumulators leave ``out.lanes`` at a time (divides ``pe``), as a burst of
        ``pe // out.lanes`` beats per firing.
    weight_bits : int
        Width of a stored weight; 2 if ternary.
    multiplier : str
        ``dsp`` and ``lut`` multiply; ``ternary`` adds, subtracts or skips; ``packed`` multiplies an
        element by the weights of several filters in one block.
    weight_style : str
        Memory of the weights.
    packing : Packing or None
        Of ``packed``, for the range of the weights: its ``count`` divides ``pe``.

    Raises
    ------
    ValueError
        If the filters do not divide, or a packing is missing, superfluous or not exact.
    """

    window: WindowParams
    out_channels: int
    pe: int
    out: Beat
    weight_bits: int
    multiplier: FoldedMultiplier
    weight_style: RomStyle
    packing: Packing | None = None

    def __post_init__(self) -> None:
        check_groups(self.out_channels, self.pe, self.window.groups, self.out.lanes)
        if (self.packing is not None) != (self.multiplier == "packed"):
            raise ValueError(
                f"multiplier must be packed where there is a packing, not {self.multiplier}"
                if self.packing is not None
                else "packing must be given where the multiplier is packed, not None"
            )
        if self.packing is not None:
            self._check_packing(self.packing)

    def _check_packing(self, packing: Packing) -> None:
        if self.pe % packing.count:
            raise ValueError(
                f"weights in an operand must divide pe ({self.pe}), not {packing.count}"
            )
        beat = self.window.beat
        if not packing.holds(beat.bits, beat.signed):
            kind = "signed" if beat.signed else "unsigned"
            raise ValueError(
                f"shift must leave room for products with {kind} elements of {beat.bits} bits, "
                f"not be {packing.shift}"
            )

    @property
    def simd(self) -> int:
        """Inputs multiplied side by side per filter."""
        return self.window.lanes

    @property
    def dot(self) -> DotProduct:
        """What one filter computes of one word; packing its products changes no cycle of it."""
        beat = self.window.beat
        multiplier = "dsp" if self.multiplier == "packed" else self.multiplier
        return DotProduct(
            self.simd, beat.bits, beat.signed, self.weight_bits, multiplier, self.out.bits
        )

    @property
    def word_bits(self) -> int:
        """Bits of a word of the weights' memory."""
        if self.packing is None:
            return self.pe * self.simd * self.weight_bits
        return self.pe // self.packing.count * self.simd * sum(self.packing.stored)

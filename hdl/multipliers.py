"""Multiplier blocks of a product, by family, as Yosys cuts it (its ``mul2dsp`` pass).

A product that is wider than a block is cut into pieces; what is too narrow for any block is spelled
out in look-up tables. The limits are those of Yosys 0.70.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class _Block:
    """A multiplier as Yosys knows it: limits of the wider operand a, of b and of the product."""

    a: int
    b: int
    a_least: int
    b_least: int
    y_least: int = 0
    # Bits of a piece of a where a is cut.
    a_piece: int = 0
    signed_only: bool = False
    counts: float = 1.0


_BLOCKS = {
    "xc7": (_Block(25, 18, 2, 2, 9, 18, True),),
    "xcup": (_Block(27, 18, 2, 2, 9, 18, True),),
    "ecp5": (_Block(18, 18, 2, 2),),
    # A block of 18 × 18 is two of 9 × 9; of 36 × 36 four.
    "gowin": (
        _Block(36, 36, 22, 22, counts=4.0),
        _Block(18, 18, 10, 4),
        _Block(9, 9, 4, 4, counts=0.5),
    ),
    "ice40": (_Block(16, 16, 2, 2, 11),),
    "max10": (_Block(18, 18, 10, 4), _Block(9, 9, 4, 4, counts=0.5)),
    "cyclonev": (_Block(27, 27, 19, 4), _Block(18, 18, 10, 4), _Block(9, 9, 4, 4)),
    "arria10": (_Block(27, 27, 19, 4), _Block(18, 18, 10, 4), _Block(9, 9, 4, 4)),
}
"""Per family what is tried, in this order."""


@dataclass(frozen=True)
class Pieces:
    """What a product is cut into.

    Attributes
    ----------
    blocks : float
        Multiplier blocks in the family's unit.
    widths, spelled : tuple of (int, int)
        Bits of both operands of every piece in a block, and of every one in look-up tables.
    """

    blocks: float = 0.0
    widths: tuple[tuple[int, int], ...] = field(default=())
    spelled: tuple[tuple[int, int], ...] = field(default=())

    def __add__(self, other: Pieces) -> Pieces:
        return Pieces(
            self.blocks + other.blocks,
            self.widths + other.widths,
            self.spelled + other.spelled,
        )


@cache
def products_of(
    a_bits: int, a_signed: bool, b_bits: int, b_signed: bool, y_bits: int, family: str
) -> Pieces:
    """Return the pieces of ``a * b``.

    Parameters
    ----------
    a_bits, a_signed, b_bits, b_signed : int, bool
        Widths of the operands, and whether they are two's complement.
    y_bits : int
        Bits of the product that are used.
    family : str
    """
    y = min(y_bits, a_bits + b_bits)
    if a_signed != b_signed:
        # The other operand gets a sign.
        a_bits, b_bits = a_bits + (not a_signed), b_bits + (not b_signed)
    left = [(a_bits, b_bits, y, a_signed or b_signed)]
    total = Pieces()
    for block in _BLOCKS[family]:
        tried = [_cut(block, max(a, b), min(a, b), bits, sign) for a, b, bits, sign in left]
        done = sum((pieces for pieces, _ in tried), Pieces())
        total += done
        left = [one for _, rest in tried for one in rest]
    return total + Pieces(spelled=tuple((a, b) for a, b, _, _ in left))


_Left = tuple[int, int, int, bool]


def _cut(block: _Block, a: int, b: int, y: int, signed: bool) -> tuple[Pieces, list[_Left]]:
    """Return the pieces of a product in blocks, and those that are too narrow for them."""
    if a < block.a_least or b < block.b_least or y < block.y_least:
        return Pieces(), [(a, b, y, signed)]
    if block.signed_only and not signed:
        return _cut(block, a + 1, b + 1, y, True)
    return _pieces(block, a, b, y, signed)


def _pieces(block: _Block, a: int, b: int, y: int, signed: bool) -> tuple[Pieces, list[_Left]]:
    """Return likewise the pieces of a product whose operands keep their order."""
    if a < block.a_least or b < block.b_least or y < block.y_least:
        return Pieces(), [(a, b, y, signed)]
    head = int(block.signed_only)
    if a > block.a:
        piece = block.a_piece or block.a
        count = (a - block.a + piece - head - 1) // (piece - head)
        last = a - count * (piece - head)
        cuts = [(piece, b, min(y, b + piece))] * count + [(last, b, last + b)]
    elif b > block.b:
        count = (b - block.b + block.b - head - 1) // (block.b - head)
        last = b - count * (block.b - head)
        cuts = [(a, block.b, min(y, a + block.b))] * count + [(a, last, a + last)]
    else:
        return Pieces(block.counts, ((a, b),)), []
    found = [_pieces(block, *cut, signed) for cut in cuts]
    return (
        sum((pieces for pieces, _ in found), Pieces()),
        [one for _, rest in found for one in rest],
    )

"""Integer ranges and bit widths, in pure Python: shared by programs, circuits and drivers."""

from __future__ import annotations

from enum import Enum


class Rounding(Enum):
    """How a real number becomes an integer.

    ``HALF_UP`` and ``HALF_DOWN`` take ties away from zero and towards zero; ``UP`` and ``DOWN``
    take everything that is not whole there, as QONNX's ``Quant`` names them.
    """

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"
    CEIL = "ceil"
    FLOOR = "floor"


def bits_for(low: int, high: int) -> int:
    """Return the width in bits of the narrowest integer that holds ``low`` … ``high``.

    Unsigned if ``low >= 0``, two's complement otherwise; at least 1.

    Raises
    ------
    ValueError
        If ``low > high``.
    """
    if low > high:
        raise ValueError(f"low must be at most high ({high}), not {low}")
    if low >= 0:
        return max(1, high.bit_length())
    return max((-low - 1).bit_length(), high.bit_length() if high > 0 else 0) + 1


def is_signed(low: int) -> bool:
    """Whether a range that starts at ``low`` needs two's complement."""
    return low < 0


def clog2(count: int) -> int:
    """Return the number of address bits for ``count`` places (0 for one place)."""
    return max(0, (count - 1).bit_length())

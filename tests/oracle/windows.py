"""Which elements a sliding window covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Windows:
    """Windows over rows and columns.

    Attributes
    ----------
    kernel, strides, dilations : pairs of int
    pads : (top, left, bottom, right)
    size : pair of int
        Rows and columns of the result.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    size: tuple[int, int]

    def padded_rows(self) -> list[list[int]]:
        """Return the rows of the padded image that every row of the result sees."""
        return self._places(0)

    def padded_columns(self) -> list[list[int]]:
        """Return the columns of the padded image that every column of the result sees."""
        return self._places(1)

    def _places(self, axis: int) -> list[list[int]]:
        taps = [tap * self.dilations[axis] for tap in range(self.kernel[axis])]
        return [
            [place * self.strides[axis] + tap for tap in taps] for place in range(self.size[axis])
        ]


def read_windows(
    options: Mapping[str, Any], kernel: Sequence[int], image: Sequence[int]
) -> Windows:
    """Return the windows that the attributes of a Conv or pool mean for an image."""
    assert not options.get("ceil_mode", 0), "the oracle does not know ceil_mode"
    strides = tuple(int(v) for v in options.get("strides", (1, 1)))
    dilations = tuple(int(v) for v in options.get("dilations", (1, 1)))
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    auto = str(options.get("auto_pad", "NOTSET"))
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        before, after = [], []
        for axis in range(2):
            count = -(-image[axis] // strides[axis])
            total = max((count - 1) * strides[axis] + reach[axis] - image[axis], 0)
            small, large = total // 2, total - total // 2
            before.append(small if auto == "SAME_UPPER" else large)
            after.append(large if auto == "SAME_UPPER" else small)
        pads = (*before, *after)
    elif auto == "VALID":
        pads = (0, 0, 0, 0)
    else:
        pads = tuple(int(v) for v in options.get("pads", (0, 0, 0, 0)))
    size = tuple(
        (image[axis] + pads[axis] + pads[axis + 2] - reach[axis]) // strides[axis] + 1
        for axis in range(2)
    )
    return Windows(
        (int(kernel[0]), int(kernel[1])),
        (strides[0], strides[1]),
        (dilations[0], dilations[1]),
        (pads[0], pads[1], pads[2], pads[3]),
        (size[0], size[1]),
    )

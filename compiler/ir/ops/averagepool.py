"""Mean over windows."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Op, Shape, check_window, window_sizes


@dataclass(frozen=True, eq=False)
class AveragePool(Op):
    """Mean of each window of ``(H, W, C)``; a global pool has the frame as its window.

    Attributes
    ----------
    kernel, stride : (vertical, horizontal)
    padding : (top, left, bottom, right)
    count_include_pad : bool
        Whether padded zeros count in the divisor; without meaning where nothing is padded.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    count_include_pad: bool = False

    def verify(self) -> None:
        """Check the window."""
        check_window(self.kernel, self.stride, self.padding)

    def infer(self, *shapes: Shape) -> Shape:
        """Return ``(rows, columns, channels)``."""
        return (
            *window_sizes(shapes[0], self.kernel, self.stride, self.padding),
            shapes[0][2],
        )

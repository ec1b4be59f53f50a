"""Maximum over windows."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Op, Shape, check_window, window_sizes


@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """Largest value of each window of ``(H, W, C)``; places outside the frame do not count.

    Attributes
    ----------
    kernel, stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def verify(self) -> None:
        """Check the window."""
        check_window(self.kernel, self.stride, self.padding, self.dilation)

    def infer(self, *shapes: Shape) -> Shape:
        """Return ``(rows, columns, channels)``."""
        sizes = window_sizes(shapes[0], self.kernel, self.stride, self.padding, self.dilation)
        return (*sizes, shapes[0][2])

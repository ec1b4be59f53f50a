"""Geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]
Array = npt.NDArray[Any]


def out_size(
    shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Pair:
    """Return rows and columns of windows over a frame ``(H, W, C)``.

    Raises
    ------
    ValueError
        If the frame has another rank, or the kernel does not fit into the padded frame.
    """
    if len(shape) != 3:
        raise ValueError(f"the input of a window must be (H, W, C), not {shape}")
    sizes = []
    for axis in (0, 1):
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        room = shape[axis] + padding[axis] + padding[axis + 2] - reach
        if room < 0:
            raise ValueError(
                f"the kernel must fit into the padded frame {shape[:2]} + {padding}, not {kernel}"
            )
        sizes.append(room // stride[axis] + 1)
    return sizes[0], sizes[1]


def pad(x: Array, padding: Padding, value: int, dtype: np.dtype[Any]) -> Array:
    """Return x ``(N, H, W, C)`` as ``dtype`` with a border of ``value``."""
    if not any(padding):
        return x.astype(dtype, copy=False)
    frames, height, width, channels = x.shape
    top, left, bottom, right = padding
    padded = np.full((frames, height + top + bottom, width + left + right, channels), value, dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


def windows(padded: Array, kernel: Pair, stride: Pair, dilation: Pair, size: Pair) -> Array:
    """Return a view ``(N, rows, columns, kh, kw, C)`` of all windows; nothing is copied."""
    frames, _, _, channels = padded.shape
    by_frame, by_row, by_column, by_channel = padded.strides
    return np.lib.stride_tricks.as_strided(
        padded,
        (frames, *size, *kernel, channels),
        (
            by_frame,
            by_row * stride[0],
            by_column * stride[1],
            by_row * dilation[0],
            by_column * dilation[1],
            by_channel,
        ),
        writeable=False,
    )


def places(
    padded: Array, kernel: Pair, stride: Pair, dilation: Pair, size: Pair
) -> Iterator[Array]:
    """Yield, for each place of the kernel in order, its view ``(N, rows, columns, C)``."""
    view = windows(padded, kernel, stride, dilation, size)
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            yield view[:, :, :, row, column]

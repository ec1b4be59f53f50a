"""Strides, padding and dilation as ONNX writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ....ir.ops.base import Shape
from ..reader import Refusal


@dataclass(frozen=True)
class Window:
    """A window over an image; padding is (top, left, bottom, right)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]


def read_window(options: Mapping[str, Any], kernel: tuple[int, ...], frame: Shape) -> Window:
    """Return the window of a Conv or pooling node; ``auto_pad`` is turned into numbers.

    Parameters
    ----------
    options : mapping
        The node's attributes.
    kernel : tuple of int
    frame : tuple of int
        (C, H, W) of the node's input.

    Raises
    ------
    Refusal
        If the window is not two-dimensional, has negative padding, or ``ceil_mode`` would make
        windows that hang over the frame.
    """
    if len(kernel) != 2:
        raise Refusal(f"kernel must have 2 axes (rows, columns), not {len(kernel)}")
    if len(frame) != 3:
        raise Refusal(f"input must have shape (N, C, H, W), not (N, {', '.join(map(str, frame))})")
    stride = _pair(options, "strides")
    dilation = _pair(options, "dilations")
    for what, sizes in (("kernel", kernel), ("strides", stride), ("dilations", dilation)):
        if min(sizes) < 1:
            raise Refusal(f"{what} must be at least 1, not {min(sizes)}")
    auto = options.get("auto_pad", "NOTSET")
    pads = tuple(int(pad) for pad in options.get("pads", (0, 0, 0, 0)))
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        if max(dilation) > 1:
            # ONNX Runtime refuses such a Conv, and pads such a MaxPool by another rule than ONNX.
            raise Refusal(f"dilations must be 1 with auto_pad {auto}, not {dilation}; write pads")
        pads = _same(frame[1:], (kernel[0], kernel[1]), stride, dilation, auto == "SAME_UPPER")
    elif auto == "VALID":
        pads = (0, 0, 0, 0)
    elif auto != "NOTSET":
        raise Refusal(f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not {auto}")
    if len(pads) != 4 or min(pads) < 0:
        raise Refusal(f"pads must be 4 numbers of at least 0, not {pads}")
    if options.get("ceil_mode", 0):
        for axis in range(2):
            extent = dilation[axis] * (kernel[axis] - 1) + 1
            room = frame[axis + 1] + pads[axis] + pads[axis + 2] - extent
            if room % stride[axis]:
                raise Refusal("ceil_mode must be 0 where the windows do not divide the frame")
    return Window((kernel[0], kernel[1]), stride, (pads[0], pads[1], pads[2], pads[3]), dilation)


def _pair(options: Mapping[str, Any], what: str) -> tuple[int, int]:
    values = tuple(int(value) for value in options.get(what, (1, 1)))
    if len(values) != 2:
        raise Refusal(f"{what} must have 2 entries (rows, columns), not {len(values)}")
    return values[0], values[1]


def _same(
    frame: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    upper: bool,
) -> tuple[int, ...]:
    # SAME keeps ceil(size / stride) windows; an odd rest of the padding goes to the end (UPPER).
    begins, ends = [], []
    for axis in range(2):
        windows = -(-frame[axis] // stride[axis])
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        total = max(0, (windows - 1) * stride[axis] + extent - frame[axis])
        small, large = total // 2, total - total // 2
        begins.append(small if upper else large)
        ends.append(large if upper else small)
    return (*begins, *ends)

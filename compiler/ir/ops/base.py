"""What every op of the graph IR declares: its fields, its shape rule and its checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod
from typing import ClassVar

Shape = tuple[int, ...]

#: Elements of one frame of one tensor: 1920×1080 pixels of 16 channels. Padding is included
#: where a window walks over it.
MAX_ELEMENTS = 1 << 25


@dataclass(frozen=True, eq=False)
class Op(ABC):
    """An op over real-valued tensors of one frame (no batch axis), channels last.

    A value: its fields are its parameters, arrays among them must not be changed.
    """

    #: Number of tensors that the op takes; None for any number.
    arity: ClassVar[int | None] = 1

    @abstractmethod
    def infer(self, *shapes: Shape) -> Shape:
        """Return the output's shape for the inputs' shapes.

        Raises
        ------
        ValueError
            If the inputs do not fit; the message has the form "X must be …, not …".
        """

    def verify(self) -> None:  # noqa: B027 - most ops have nothing to check
        """Check that the fields fit each other.

        Raises
        ------
        ValueError
            If they do not.
        """


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """An op that keeps the shape and treats every element by itself."""

    @property
    def per_channel(self) -> bool:
        """Whether the last axis selects among parameters."""
        return False

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        return shapes[0]


def checked(shape: Shape) -> Shape:
    """Return the shape of a tensor; raise ValueError where it is empty or beyond all measure."""
    if min(shape, default=1) < 1:  # () is one number a frame, as ArgMax without its axis gives it
        raise ValueError(f"output must have positive sizes, not {shape}")
    if prod(shape) > MAX_ELEMENTS:
        raise ValueError(
            f"output must have at most {MAX_ELEMENTS:,} elements a frame, not {prod(shape):,}"
        )
    return shape


def check_channels(what: str, length: int, shape: Shape) -> None:
    """Raise ValueError unless ``length`` is 1 or the size of the last axis of ``shape``."""
    if length not in (1, shape[-1] if shape else 1):
        raise ValueError(f"{what} must have 1 or {shape[-1] if shape else 1} entries, not {length}")


def check_image(shape: Shape) -> None:
    """Raise ValueError unless ``shape`` is (H, W, C)."""
    if len(shape) != 3:
        raise ValueError(f"input must have shape (H, W, C), not {shape}")


def window_sizes(
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """Return the rows and columns of windows over a frame ``(H, W, C)``.

    Raises
    ------
    ValueError
        If the frame is smaller than one window.
    """
    check_image(shape)
    height, width = shape[0] + padding[0] + padding[2], shape[1] + padding[1] + padding[3]
    if height * width * shape[2] > MAX_ELEMENTS:
        raise ValueError(
            f"padded input must have at most {MAX_ELEMENTS:,} elements a frame, "
            f"not {height * width * shape[2]:,}"
        )
    sizes = []
    for axis in range(2):
        padded = shape[axis] + padding[axis] + padding[axis + 2]
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        if padded < extent:
            raise ValueError(
                f"padded input must have at least {extent} {('rows', 'columns')[axis]}, "
                f"not {padded}"
            )
        sizes.append((padded - extent) // stride[axis] + 1)
    return sizes[0], sizes[1]


def check_window(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    dilation: tuple[int, int] = (1, 1),
) -> None:
    """Raise ValueError unless these describe a window that moves forward."""
    for what, values, least in (
        ("kernel", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if min(values) < least:
            raise ValueError(f"{what} must be at least {least}, not {min(values)}")

"""What every integer op declares: its type rule, its exact meaning and its work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..numerics import bits_for, is_signed

IntArray = npt.NDArray[np.integer[Any]]


def narrowest_dtype(low: int, high: int) -> np.dtype[Any]:
    """Return the narrowest integer dtype that holds ``low`` … ``high``; ValueError if none does."""
    for name in ("u1", "i1", "u2", "i2", "i4", "i8"):
        info = np.iinfo(name)
        if info.min <= low and high <= info.max:
            return np.dtype(name)
    raise ValueError(f"range must fit 64 bits, not {low}…{high}")


@dataclass(frozen=True)
class TensorType:
    """Shape and exact value range of one frame of an integer tensor.

    Attributes
    ----------
    shape : tuple of int
        ``(H, W, C)`` or ``(C,)``, channels last, without the batch axis.
    low, high : int
        The smallest and largest value that can occur (proved, not observed).
    """

    shape: tuple[int, ...]
    low: int
    high: int

    @property
    def bits(self) -> int:
        """Width of one element in bits."""
        return bits_for(self.low, self.high)

    @property
    def signed(self) -> bool:
        """Whether an element is two's complement."""
        return is_signed(self.low)

    @property
    def channels(self) -> int:
        """Elements of one pixel."""
        return self.shape[-1]

    @property
    def pixels(self) -> int:
        """Pixels of one frame (1 for a vector)."""
        return self.elements // self.channels

    @property
    def elements(self) -> int:
        """Elements of one frame."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def dtype(self) -> np.dtype[Any]:
        """The narrowest NumPy integer type that holds the range."""
        return narrowest_dtype(self.low, self.high)


@dataclass(frozen=True, eq=False)
class Op(ABC):
    """An integer op: a value; its fields are its parameters.

    Arrays among the fields are int64 and must not be changed. Per-channel arrays have one
    entry per output channel, or a single entry that holds for all channels.
    """

    @abstractmethod
    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the type of the output; raise ValueError where the inputs do not fit."""

    @abstractmethod
    def apply(self, *inputs: IntArray) -> IntArray:
        """Compute the op exactly.

        Parameters
        ----------
        *inputs : integer arrays of shape ``(N, *type.shape)``

        Returns
        -------
        Integer array of shape ``(N, *output.shape)``; its dtype holds the output's range.
        """

    def macs(self, *inputs: TensorType) -> int:
        """Multiply–accumulates of one frame (0 for ops without weights)."""
        return 0


def check_entries(what: str, count: int, channels: int) -> None:
    """Raise ValueError unless a table has one entry, or one per channel."""
    if count not in (1, channels):
        raise ValueError(f"{what} must have 1 or {channels} entries, not {count}")

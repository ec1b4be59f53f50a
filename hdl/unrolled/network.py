"""Networks of two-input adders that compute a constant matrix, as values in pure Python."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Adder:
    """``value = (x << a_shift) ± (y << b_shift)``.

    Attributes
    ----------
    a, b : int
        Numbers of earlier values: inputs are 0 … inputs − 1, adders follow in their order.
    a_shift, b_shift : int
        At least one of them is 0.
    subtract : bool
        Whether the second operand is subtracted.
    """

    a: int
    b: int
    a_shift: int = 0
    b_shift: int = 0
    subtract: bool = False


@dataclass(frozen=True)
class Tap:
    """One output: ``±(value << shift)``, or 0 where ``value`` is None.

    A negative tap costs nothing where what follows subtracts it.
    """

    value: int | None
    shift: int = 0
    negative: bool = False


@dataclass(frozen=True)
class Network:
    """``y = W x`` by shared additions; zeros and powers of two are wires.

    Attributes
    ----------
    inputs : int
        Columns of W.
    adders : tuple of Adder
        In topological order.
    taps : tuple of Tap
        One per row of W.
    """

    inputs: int
    adders: tuple[Adder, ...]
    taps: tuple[Tap, ...]

    def __post_init__(self) -> None:
        for number, adder in enumerate(self.adders):
            if max(adder.a, adder.b) >= self.inputs + number or min(adder.a, adder.b) < 0:
                raise ValueError(f"operands of adder {number} must be earlier values, not {adder}")
            if min(adder.a_shift, adder.b_shift) != 0:
                raise ValueError(f"one shift of adder {number} must be 0, not {adder}")

    @cached_property
    def coefficients(self) -> Matrix:
        """What every value is of the inputs: int64 (inputs + adders, inputs)."""
        rows: Matrix = np.zeros((self.inputs + len(self.adders), self.inputs), dtype=np.int64)
        rows[: self.inputs] = np.eye(self.inputs, dtype=np.int64)
        for number, adder in enumerate(self.adders):
            second = rows[adder.b] << adder.b_shift
            rows[self.inputs + number] = (rows[adder.a] << adder.a_shift) + (
                -second if adder.subtract else second
            )
        return rows

    @cached_property
    def matrix(self) -> Matrix:
        """W itself: int64 (taps, inputs)."""
        rows: Matrix = np.zeros((len(self.taps), self.inputs), dtype=np.int64)
        for number, tap in enumerate(self.taps):
            if tap.value is not None:
                row = self.coefficients[tap.value] << tap.shift
                rows[number] = -row if tap.negative else row
        return rows

    @cached_property
    def levels(self) -> npt.NDArray[np.int64]:
        """Adders on the longest path to every value: 0 for inputs; int64 (inputs + adders,)."""
        levels = np.zeros(self.inputs + len(self.adders), dtype=np.int64)
        for number, adder in enumerate(self.adders):
            levels[self.inputs + number] = 1 + max(levels[adder.a], levels[adder.b])
        return levels

    def ranges(self, low: int, high: int) -> tuple[Matrix, Matrix]:
        """Return the exact smallest and largest number that every value can take.

        Parameters
        ----------
        low, high : int
            Range of every input.
        """
        positive = np.maximum(self.coefficients, 0).sum(axis=1)
        negative = np.minimum(self.coefficients, 0).sum(axis=1)
        return positive * low + negative * high, positive * high + negative * low

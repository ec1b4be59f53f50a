"""What an ONNX name can stand for while a model is read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ir.ops.quantize import Quantize
from .exact import fractions


@dataclass(frozen=True, eq=False)
class Tensor:
    """An activation: the output of a node of the graph under construction."""

    node: str


@dataclass(frozen=True, eq=False)
class Codes:
    """An activation's integer codes: what QuantizeLinear gives and DequantizeLinear takes.

    Attributes
    ----------
    node : str
        A node of the graph whose real values lie on the grid: value = (code - zero point) * scale.
    grid : Quantize
    axis : int, or None
        Of one frame, in the file's order: the axis of the grid's scales; None for a single one.
    """

    node: str
    grid: Quantize
    axis: int | None = None


@dataclass(frozen=True, eq=False)
class Constant:
    """An array as it stands in the file."""

    array: npt.NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape


@dataclass(frozen=True, eq=False)
class QuantizedConstant:
    """A constant behind DequantizeLinear: real value = codes * scale.

    Attributes
    ----------
    codes : int64
        The zero point is subtracted.
    scale : tuple of Fraction
        One entry, or one per index of ``axis``.
    axis : int
    """

    codes: npt.NDArray[np.int64]
    scale: tuple[Fraction, ...]
    axis: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the codes."""
        return self.codes.shape

    def transposed(self, perm: tuple[int, ...]) -> QuantizedConstant:
        """Return the constant with its axes in another order."""
        axis = perm.index(self.axis) if len(self.scale) > 1 else 0
        return QuantizedConstant(self.codes.transpose(perm), self.scale, axis)


@dataclass(frozen=True, eq=False)
class Refused:
    """The output of a node that cannot be mapped: what reads it is not translated either."""


Value = Tensor | Codes | Constant | QuantizedConstant | Refused


def exact_array(value: Constant | QuantizedConstant) -> npt.NDArray[np.object_]:
    """Return a constant's exact values: an array of Fraction of the constant's shape."""
    array = value.array if isinstance(value, Constant) else value.codes
    exact = _objects(fractions(array)).reshape(array.shape)
    if isinstance(value, Constant):
        return exact
    shape = [1] * array.ndim
    if len(value.scale) > 1:
        shape[value.axis] = len(value.scale)
    return np.asarray(exact * _objects(value.scale).reshape(shape), dtype=object)


def _objects(values: tuple[Fraction, ...]) -> npt.NDArray[np.object_]:
    array: npt.NDArray[np.object_] = np.empty(len(values), dtype=object)
    array[:] = values
    return array

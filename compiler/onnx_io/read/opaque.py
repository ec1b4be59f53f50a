"""Shapes of what cannot be read, so that reading can go on behind it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ...ir.ops.base import Shape
from .shapes import inferred_shapes


class OpaqueShapes:
    """Shapes of frames as ONNX's own shape inference finds them, asked only in need."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        shapes = {}
        for value in inferred_shapes(self._model):
            dims = value.type.tensor_type.shape.dim
            sizes = tuple(int(dim.dim_value) for dim in dims)
            if len(sizes) > 1 and min(sizes) > 0:
                shapes[value.name] = sizes[1:]
        return shapes

    def of(self, name: str) -> Shape | None:
        """Return the shape of a tensor without its batch axis; None where it is not known."""
        return self._shapes.get(name)

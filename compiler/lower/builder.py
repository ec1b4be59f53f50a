"""Collects a program's nodes, tensors and types while a graph is lowered."""

from __future__ import annotations

from ...runtime.errors import UnsupportedError
from ...runtime.ops.base import Op, TensorType
from ...runtime.program import Node
from .requantize import MAX_PRODUCT_BITS


class Builder:
    """A program in the making: names are made unique, types inferred, errors name the node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.types: dict[str, TensorType] = {}
        self._names: set[str] = set()

    def source(self, tensor: str, type_: TensorType) -> str:
        """Declare an input tensor and return its (unique) name."""
        tensor = _unique(tensor, self.types)
        self.types[tensor] = type_
        return tensor

    def emit(self, name: str, op: Op, inputs: tuple[str, ...], output: str) -> str:
        """Append a node and return the name of its tensor.

        Raises
        ------
        UnsupportedError
            If the op does not fit its inputs, or 64 bits do not hold its results.
        """
        try:
            type_ = op.infer(*(self.types[tensor] for tensor in inputs))
            if type_.bits > MAX_PRODUCT_BITS:
                raise ValueError(
                    f"results must be of at most {MAX_PRODUCT_BITS} bits, not {type_.bits}; "
                    "put a quantizer in front of it"
                )
        except ValueError as error:
            raise UnsupportedError(f"{type(op).__name__} '{name}': {error}") from error
        name = _unique(name, self._names)
        output = _unique(output, self.types)
        self._names.add(name)
        self.nodes.append(Node(name, op, inputs, output))
        self.types[output] = type_
        return output


def _unique(name: str, taken: set[str] | dict[str, TensorType]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate

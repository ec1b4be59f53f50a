"""What a function of the oracle gets to see of a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .numbers import Exact, Ties


@dataclass(frozen=True, eq=False)
class Call:
    """One node with the values of its inputs.

    Attributes
    ----------
    inputs : tuple of Exact or None
        None where an input is left out.
    kinds : tuple of int
        ``TensorProto`` types of inputs that are constants, 0 for others.
    options : mapping
        The attributes; strings are str.
    opset : int
        Of the standard operators.
    ties : Ties
    """

    inputs: tuple[Exact | None, ...]
    kinds: tuple[int, ...]
    options: Mapping[str, Any]
    opset: int
    ties: Ties

    def __getitem__(self, index: int) -> Exact:
        """Return an input that must be there."""
        value = self.inputs[index]
        assert value is not None, f"input {index} must be there"
        return value

    def optional(self, index: int) -> Exact | None:
        """Return an input that may be left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def kind(self, index: int) -> int:
        """Return the element type of a constant input, 0 where it is left out."""
        return self.kinds[index] if index < len(self.kinds) else 0

    def whole(self, index: int) -> int:
        """Return an input of one element as int."""
        return int(self[index].reshape(-1)[0])

    def integers(self, index: int, option: str) -> tuple[int, ...] | None:
        """Return integers of an attribute or, in newer opsets, of an input."""
        if option in self.options:
            return tuple(int(value) for value in self.options[option])
        values = self.optional(index)
        return None if values is None else tuple(int(value) for value in values.reshape(-1))

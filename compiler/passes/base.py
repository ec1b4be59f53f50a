"""What a pass is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..ir.graph import Graph


@dataclass(frozen=True)
class Pass(ABC):
    """A function from graph to graph; its fields are its options."""

    #: Kebab-case, for messages and dumps.
    name: ClassVar[str]

    #: Whether every tensor that is named in both graphs holds the same numbers in both; False
    #: only where the user asked for another function (``--mean``).
    keeps_numbers: ClassVar[bool] = True

    @abstractmethod
    def __call__(self, graph: Graph) -> Graph:
        """Return the new graph; the old one stays as it is."""

"""State of writing one graph: nodes, constants and names."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper


class Writer:
    """Collects ONNX nodes and initializers, no two of which have one name.

    Parameters
    ----------
    names : iterable of str
        What the graph's tensors, inputs and outputs are called: nothing else gets these names. A
        file of ours that was read has tensors with the names that the writer gives to parts.
    taken : iterable of str
        Those of ``names`` that are given away from the start.
    """

    def __init__(self, names: Iterable[str], taken: Iterable[str] = ()) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._names = frozenset(names)
        self._taken = set(taken)

    def tensor(self, name: str) -> str:
        """Return a name for a tensor of the graph: its own, or with a number where it is taken."""
        found = _unused(name, self._taken)
        self._taken.add(found)
        return found

    def part(self, name: str) -> str:
        """Return a name for what only the file has, which is no tensor's of the graph."""
        found = _unused(name, self._names | self._taken)
        self._taken.add(found)
        return found

    def constant(self, name: str, array: npt.NDArray[Any]) -> str:
        """Add an initializer and return its name: this one, or with a number behind it."""
        found = self.part(name)
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), found))
        return found

    def node(self, kind: str, inputs: Iterable[str], output: str, **options: Any) -> str:
        """Add a node that makes ``output`` and return that name."""
        node = helper.make_node(kind, list(inputs), [output], name=f"{output}:{kind}", **options)
        self.nodes.append(node)
        return output

    def step(self, kind: str, inputs: Iterable[str], name: str, **options: Any) -> str:
        """Add a node on the way to a tensor of the graph, and return what it makes: a part."""
        return self.node(kind, inputs, self.part(name), **options)

    def name_last(self, name: str) -> None:
        """Name the node that was added last."""
        self.nodes[-1].name = name


def _unused(name: str, taken: Container[str]) -> str:
    """Return a name, with a number behind it where it is taken."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate

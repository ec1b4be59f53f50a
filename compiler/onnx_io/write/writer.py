"""State of writing one graph: nodes, constants and names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper


class Writer:
    """Collects ONNX nodes and initializers; names are made unique by the caller's prefixes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, name: str, array: npt.NDArray[Any]) -> str:
        """Add an initializer and return its name."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: Iterable[str], output: str, **options: Any) -> str:
        """Add a node that makes ``output`` and return that name."""
        node = helper.make_node(kind, list(inputs), [output], name=f"{output}:{kind}", **options)
        self.nodes.append(node)
        return output

    def name_last(self, name: str) -> None:
        """Name the node that was added last."""
        self.nodes[-1].name = name

"""The pass relu-before-pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.clip import Clip
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.relu import Relu
from ..ir.rebuild import only_consumer, rebuild
from .base import Pass


@dataclass(frozen=True)
class ReluBeforePool(Pass):
    """Exchange a MaxPool and the Relu or Clip after it.

    ``Conv -> MaxPool -> Relu`` becomes ``Conv -> Relu -> MaxPool``: f(max(x)) = max(f(x)) for
    every f that never falls. So the layer's quantizer sees the range that is needed.
    """

    name: ClassVar[str] = "relu-before-pool"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with pools last."""
        moved = {
            reader: name
            for name in graph.order()
            if isinstance(graph.op(name), MaxPool)
            and (reader := only_consumer(graph, name)) is not None
            and isinstance(graph.op(reader), Relu | Clip)
        }

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if name in moved.values():
                return inputs[0]
            if name not in moved:
                return builder.add(name, op, inputs, graph.origin(name))
            pool = moved[name]
            # No tensor of the file: its name must be none's.
            first = builder.add(name, op, inputs, f"{graph.tensor(name)}/before_pool")
            return builder.add(pool, graph.op(pool), [first], graph.origin(name))

        return rebuild(graph, visit)

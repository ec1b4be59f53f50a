"""A network under compression in PyTorch, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from ...ir.ops.base import Op
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.input import Input
from ...ir.ops.tail import ArgMax, Sigmoid, Softmax
from ..network import Network
from ..norm import Norm
from .layer import Layer
from .normal import Normal
from .ops import Held, Run, compute, inside, outside
from .plan import Call, joined_plan, plain_plan


class TorchNet:
    """The numbers of a network as tensors, and its execution.

    Parameters
    ----------
    network : Network
        With one input.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        graph = network.graph
        ops = {name: graph.op(name) for name in graph.order()}
        self.layers = {
            name: Layer(op, network.rules[name])
            for name, op in ops.items()
            if isinstance(op, Conv | Dense)
        }
        self.norms = {name: Normal(op) for name, op in ops.items() if isinstance(op, Norm)}
        self._plain = plain_plan(graph)
        self._joined = joined_plan(graph)

    def forward(self, x: Any) -> tuple[Any, ...]:
        """Return the outputs for frames: exact values in float32, without gradients.

        Parameters
        ----------
        x : tensor (N, *shape)
            Channels last.

        Returns
        -------
        tuple of float32 tensors (N, *shape), channels last
        """
        nodes = [node for node, _ in self._network.graph.outputs]
        (values,) = self.batches(x, nodes, batch=len(x))
        return tuple(values[node] for node in nodes)

    def batches(
        self, x: Any, nodes: Iterable[str], *, batch: int = 256, dtype: Any = torch.float32
    ) -> Iterator[dict[str, Any]]:
        """Yield the values of nodes, batch after batch, channels last and without gradients.

        Sums of codes are whole numbers: they do not depend on the order of additions while they
        stay below 2**24.

        Parameters
        ----------
        x : tensor (N, *shape)
        nodes : names
        batch : int
            Frames at a time.
        dtype : torch.dtype
            What is computed in; what comes out is float32.
        """
        codes = {name: layer.exact() for name, layer in self.layers.items()}
        run = Run(self.layers, self.norms, codes, dtype, training=False)
        names = tuple(nodes)
        for start in range(0, len(x), batch):
            with torch.no_grad():
                yield self._execute(run, self._plain, x[start : start + batch], names)

    def trained(self, x: Any, dtype: Any, ends: tuple[str, ...]) -> tuple[Any, ...]:
        """Return what the ends of the network give in training, float32, with gradients.

        Parameters
        ----------
        x : tensor (N, *shape)
        dtype : torch.dtype
            Of activations.
        ends : names
            As ``ends`` gives them.
        """
        run = Run(self.layers, self.norms, {}, dtype, training=True)
        values = self._execute(run, self._joined, x, ends)
        return tuple(values[node] for node in ends)

    def ends(self, *, classes: bool) -> tuple[str, ...]:
        """Return a node for every output, whose values training looks at.

        Parameters
        ----------
        classes : bool
            Whether labels are classes: then the node in front of a Softmax or Sigmoid counts.
            An ArgMax, which has no gradient, is always left out.
        """
        graph = self._network.graph
        passed = (Softmax, Sigmoid, ArgMax) if classes else (ArgMax,)
        ends = []
        for node, _ in graph.outputs:
            while isinstance(graph.op(node), passed):
                (node,) = graph.inputs(node)
            ends.append(node)
        return tuple(ends)

    def settle(self) -> None:
        """After a step: keep weights within their rules."""
        for layer in self.layers.values():
            layer.settle()

    def network(self) -> Network:
        """Return the network with the numbers as they are now."""
        ops: dict[str, Op] = {name: layer.op() for name, layer in self.layers.items()}
        ops |= {name: norm.op() for name, norm in self.norms.items()}
        return self._network.with_ops(ops)

    def _execute(
        self, run: Run, plan: tuple[Call, ...], x: Any, nodes: tuple[str, ...]
    ) -> dict[str, Any]:
        last = {source: call.target for call in plan for source in call.sources}
        held: dict[str, Held] = {}
        found: dict[str, Any] = {}
        for call in plan:
            if isinstance(call.op, Input):
                made = Held(inside(x.to(run.dtype)))
            else:
                made = compute(run, call, [held[source] for source in call.sources])
            held[call.target] = made
            if call.target in nodes:
                found[call.target] = outside(made.real())
                if found[call.target].is_floating_point():
                    found[call.target] = found[call.target].float()
                if len(found) == len(set(nodes)):
                    break
            for source in set(call.sources):
                if last[source] == call.target:
                    del held[source]
        return found

"""Which tensors of a program have their channels in one order, and which orders are free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...runtime.ops.add import Add
from ...runtime.ops.base import TensorType
from ...runtime.ops.concat import Concat
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.reshape import Reshape
from ...runtime.ops.sumpool import SumPool
from ...runtime.ops.threshold import Threshold
from ...runtime.program import Node, Program

ALIKE = (Add, Lookup, MaxPool, Requantize, SumPool, Threshold)
"""Ops whose inputs and output have their channels in one order."""


@dataclass(frozen=True, eq=False)
class Ties:
    """What holds the orders of channels together.

    Attributes
    ----------
    classes : mapping of str to str
        Per tensor the name of its class: all tensors of a class have their channels in one order.
    free : tuple of str
        Classes whose order may be chosen, in the order in which a frame meets them: only layers
        whose filters see all channels make them, and no input or output of the program is one.
    """

    classes: Mapping[str, str]
    free: tuple[str, ...]


def makes_order(node: Node) -> bool:
    """Whether the order of a node's output is that of its filters, whatever its input's is."""
    return isinstance(node.op, Dense) or (isinstance(node.op, Conv) and node.op.groups == 1)


def derives_order(node: Node, types: Mapping[str, TensorType]) -> bool:
    """Whether the order of a node's output follows from those of its inputs, and is another one.

    So it is where pixels become channels, or channels are joined.
    """
    x, y = types[node.inputs[0]], types[node.output]
    if isinstance(node.op, Concat):
        return node.op.axis == len(x.shape) - 1
    return isinstance(node.op, Reshape) and len(y.shape) == 1 and x.pixels > 1


def ties_of(program: Program) -> Ties:
    """Return the ties of a program's tensors."""
    classes = _Classes(program)
    frozen = {entry.tensor for entry in program.inputs}
    frozen.update(entry.tensor for entry in program.outputs)
    derived: list[Node] = []
    made: list[str] = []
    for node in program.nodes:
        if makes_order(node):
            made.append(node.output)
        elif derives_order(node, program.types):
            derived.append(node)
        elif _is_alike(node, program.types):
            classes.join((*node.inputs, node.output))
        else:
            frozen.update((*node.inputs, node.output))
    held = {classes.of(name) for name in frozen}
    makers = [classes.of(name) for name in made]
    followers = [classes.of(node.output) for node in derived]
    # What follows from several orders at once, or from one and from filters, is left as it is, and
    # so is all that something follows from which is left.
    held.update(name for name in followers if followers.count(name) > 1 or name in makers)
    while True:
        more = {
            classes.of(name)
            for node in derived
            if classes.of(node.output) in held
            for name in node.inputs
        }
        if more <= held:
            break
        held |= more
    free = tuple(dict.fromkeys(name for name in makers if name not in held))
    return Ties({name: classes.of(name) for name in program.types}, free)


def _is_alike(node: Node, types: Mapping[str, TensorType]) -> bool:
    x, y = types[node.inputs[0]], types[node.output]
    if isinstance(node.op, Conv):
        return node.op.groups == x.channels == y.channels
    if isinstance(node.op, Concat):
        return True
    if isinstance(node.op, Reshape):
        return x.channels == y.channels
    return isinstance(node.op, ALIKE)


class _Classes:
    """Sets of tensors that are joined one after the other (union–find)."""

    def __init__(self, program: Program) -> None:
        self._above = {name: name for name in program.types}

    def of(self, name: str) -> str:
        """Return the tensor that stands for the set of one."""
        while self._above[name] != name:
            self._above[name] = name = self._above[self._above[name]]
        return name

    def join(self, names: tuple[str, ...]) -> None:
        """Make one set of those of several tensors; the first one stands for it."""
        first = self.of(names[0])
        for name in names[1:]:
            self._above[self.of(name)] = first

"""What no engine computes and the shell does not carry, found before the search for a circuit."""

from __future__ import annotations

from collections.abc import Iterable

from ...runtime.ops.add import Add
from ...runtime.ops.base import Op
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
from ...runtime.protocol import MAX_FRAME_BYTES, element_bytes
from ..problems import Problem

#: Ops that have an engine, or need none.
MAPPED: tuple[type[Op], ...] = (
    Conv,
    Dense,
    MaxPool,
    SumPool,
    Requantize,
    Threshold,
    Lookup,
    Add,
    Concat,
    Reshape,
)


#: Elements of a frame: the proof of the steady state holds the time of every token, and takes
#: about 4 GB and a minute for as many.
MAX_ELEMENTS = 1 << 22


def node_problems(nodes: Iterable[Node]) -> tuple[Problem, ...]:
    """Return what no engine computes, in the order of the nodes.

    Parameters
    ----------
    nodes : iterable of Node
        Of a program, or of as much of one as could be lowered.
    """
    return tuple(
        Problem(node.name, type(node.op).__name__, text)
        for node in nodes
        for text in _texts(node.op)
    )


def size_problems(program: Program) -> tuple[Problem, ...]:
    """Return which inputs and nodes make frames too large for the mapping, in their order."""
    sized = [("", "", f"input '{entry.name}'", entry.tensor) for entry in program.inputs]
    sized += [(node.name, type(node.op).__name__, "output", node.output) for node in program.nodes]
    return tuple(
        Problem(
            name,
            op,
            f"{what} must have at most {MAX_ELEMENTS:,} elements a frame, not {elements:,}; "
            "use a smaller --input-shape",
        )
        for name, op, what, tensor in sized
        if (elements := program.types[tensor].elements) > MAX_ELEMENTS
    )


def shell_problems(program: Program) -> tuple[Problem, ...]:
    """Return what the packet shell does not carry: it has one input, one output, short frames."""
    texts = []
    ends = (
        ("input", [(entry.name, entry.tensor) for entry in program.inputs]),
        ("output", [(entry.name, entry.tensor) for entry in program.outputs]),
    )
    computed = {node.output for node in program.nodes if not isinstance(node.op, Reshape)}
    roots = {node.output: node.inputs[0] for node in program.nodes if isinstance(node.op, Reshape)}
    for what, tensors in ends:
        if len(tensors) != 1:
            names = ", ".join(name for name, _ in tensors)
            texts.append(
                f"the model must have one {what}, not {len(tensors)}: {names}; "
                "the packet shell carries one"
            )
        for name, tensor in tensors:
            kind = program.types[tensor]
            size = kind.elements * element_bytes(kind.bits)
            if size >= MAX_FRAME_BYTES:
                texts.append(
                    f"{what} '{name}' must have less than {MAX_FRAME_BYTES} bytes a frame, "
                    f"not {size}; use a smaller --input-shape"
                )
    for name, tensor in ends[1][1]:
        while tensor in roots:
            tensor = roots[tensor]
        if tensor not in computed:
            texts.append(f"output '{name}' must be computed, not be an input of the network")
    used = {tensor for node in program.nodes for tensor in node.inputs}
    used.update(tensor for _, tensor in ends[1][1])
    for name, tensor in ends[0][1]:
        if tensor not in used:
            texts.append(f"input '{name}' must have an influence on the outputs")
    return tuple(Problem("", "", text) for text in texts)


def _texts(op: Op) -> Iterable[str]:
    if not isinstance(op, MAPPED):
        known = ", ".join(kind.__name__ for kind in MAPPED)
        yield f"{type(op).__name__} has no engine; there are engines for {known}"

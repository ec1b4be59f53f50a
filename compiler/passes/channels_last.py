"""The pass channels-last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.add import Add
from ..ir.ops.base import Elementwise
from ..ir.ops.concat import Concat
from ..ir.ops.input import Input
from ..ir.ops.opaque import Opaque
from ..ir.ops.pad import Pad
from ..ir.ops.slice import Slice
from ..ir.ops.transpose import Transpose
from ..ir.origin import transposed as transposed_places
from .base import Pass

Perm = tuple[int, ...]


@dataclass(frozen=True)
class ChannelsLast(Pass):
    """Take away the Transposes between channels-last ops; find the layout of the input.

    Before: ``Input(C,H,W) -> T -> Conv -> T' -> Relu -> T -> MaxPool -> T' -> y``;
    after: ``Input(NCHW) -> Conv -> Relu -> MaxPool -> T' -> y``.

    Every tensor x of the old graph is kept as (x', p) with ``x = transpose_p(x')``:

    * ``transpose_q(transpose_p(x')) = transpose_{p∘q}(x')``, where ``(p∘q)[i] = p[q[i]]``;
    * ``f(transpose_p(x')) = transpose_p(f(x'))`` for f that treats elements alike, and for f per
      channel where p leaves the last axis in its place;
    * Slice and Pad of transpose_p(x') are transpose_p of the Slice and Pad whose entry for axis
      ``p[i]`` is the old one's for axis i;
    * ``transpose_p(a') + transpose_q(b') = transpose_p(a' + transpose_r(b'))`` with p∘… such that
      ``transpose_p(transpose_r(b')) = transpose_q(b')``, so ``r = q∘p⁻¹`` in the order above;
    * ``concatenate(a, b, axis i)`` likewise, along axis ``p[i]`` of a' and transpose_r(b');
    * a node of unknown meaning (Opaque) may make its elements in any order;
    * everything else, and the outputs, get the Transpose where p is not the identity.

    A Transpose (H, W, C) from (C, H, W) that is left behind the input says that the model's
    layout is NCHW; none says NHWC.
    """

    name: ClassVar[str] = "channels-last"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with as few Transposes as these rules allow."""
        return _input_layout(_push_down(graph))


def compose(first: Perm, second: Perm) -> Perm:
    """Return the permutation of ``transpose_second(transpose_first(x))``."""
    return tuple(first[axis] for axis in second)


def inverse(perm: Perm) -> Perm:
    """Return the permutation that brings everything back."""
    return tuple(perm.index(axis) for axis in range(len(perm)))


def is_identity(perm: Perm) -> bool:
    """Whether a permutation leaves every axis in its place."""
    return perm == tuple(range(len(perm)))


def _push_down(graph: Graph) -> Graph:
    builder = GraphBuilder(graph.name, graph.metadata)
    kept: dict[str, tuple[str, Perm]] = {}
    made: dict[tuple[str, Perm], str] = {}

    def transposed(node: str, perm: Perm) -> str:
        if is_identity(perm):
            return node
        if (node, perm) not in made:
            name = f"{node}/to_{''.join(map(str, perm))}"
            made[node, perm] = builder.add(name, Transpose(perm), [node])
        return made[node, perm]

    for name in graph.order():
        op = graph.op(name)
        inputs = [kept[source] for source in graph.inputs(name)]
        perm: Perm = tuple(range(len(graph.shape(name))))
        if isinstance(op, Transpose):
            source, before = inputs[0]
            kept[name] = (source, compose(before, op.perm))
            continue
        if isinstance(op, Elementwise) and _commutes(op, inputs[0][1]):
            sources, perm = [inputs[0][0]], inputs[0][1]
        elif isinstance(op, Slice | Pad):
            sources, perm = [inputs[0][0]], inputs[0][1]
            op = _on_axes(op, inverse(perm))
        elif isinstance(op, Add | Concat):
            perm = next((p for _, p in inputs if not is_identity(p)), perm)
            sources = [transposed(node, compose(p, inverse(perm))) for node, p in inputs]
            op = _on_axes(op, inverse(perm)) if isinstance(op, Concat) else op
        else:
            sources = [transposed(node, p) for node, p in inputs]
        if isinstance(op, Opaque) and _is_channels_first(graph, name):
            perm = (2, 0, 1)
            op = replace(op, shape=(*op.shape[1:], op.shape[0]))
        origin = graph.origin(name)
        if not is_identity(perm):
            origin = origin.moved(transposed_places(graph.shape(name), inverse(perm)))
        kept[name] = (builder.add(name, op, sources, origin), perm)
    return builder.build((transposed(*kept[node]), output) for node, output in graph.outputs)


def _is_channels_first(graph: Graph, name: str) -> bool:
    """Whether what reads a node of unknown meaning turns (C, H, W) to (H, W, C).

    In which order it makes its elements is open: what stands behind it must not look transposed
    for it.
    """
    waiting, seen = [name], {name}
    while waiting:
        for reader, _ in graph.consumers(waiting.pop()):
            op = graph.op(reader)
            if isinstance(op, Transpose):
                return op.perm == (1, 2, 0)
            if isinstance(op, Elementwise | Add | Concat) and reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return False


def _commutes(op: Elementwise, perm: Perm) -> bool:
    return not op.per_channel or perm[-1] == len(perm) - 1


def _on_axes(op: Slice | Pad | Concat, perm: Perm) -> Slice | Pad | Concat:
    """Return the op whose entry for axis i is the one of axis ``perm[i]``."""
    if isinstance(op, Concat):
        return Concat(perm.index(op.axis))
    fields = (op.start, op.size, op.step) if isinstance(op, Slice) else (op.before, op.after)
    return type(op)(*(compose(field, perm) for field in fields))


def _input_layout(graph: Graph) -> Graph:
    """Turn an input whose every reader first transposes (C, H, W) to (H, W, C) into NCHW."""
    inputs = [name for name in graph.order() if isinstance(graph.op(name), Input)]
    for name in inputs:
        if len(graph.shape(name)) == 3:
            region = _same_layout(graph, name)
            border = [
                reader
                for node in graph.order()
                if node in region
                for reader, _ in graph.consumers(node)
                if reader not in region
            ]
            moved = [graph.op(reader) for reader in border]
            turned = all(isinstance(op, Transpose) and op.perm == (1, 2, 0) for op in moved)
            if border and turned:
                graph = _as_nchw(graph, name, region, frozenset(border))
    return graph


def _same_layout(graph: Graph, start: str) -> frozenset[str]:
    region = {start}
    for name in graph.order():
        op = graph.op(name)
        alike = isinstance(op, Add | Concat | Slice | Pad) or (
            isinstance(op, Elementwise) and not op.per_channel
        )
        if alike and all(source in region for source in graph.inputs(name)):
            region.add(name)
    return frozenset(region)


def _as_nchw(graph: Graph, start: str, region: frozenset[str], gone: frozenset[str]) -> Graph:
    """Return the graph with a region in (H, W, C); its outputs are transposed back."""
    builder = GraphBuilder(graph.name, graph.metadata)
    stands_for: dict[str, str] = {}
    for name in graph.order():
        op, origin = graph.op(name), graph.origin(name)
        inputs = [stands_for[source] for source in graph.inputs(name)]
        if name in gone:
            stands_for[name] = inputs[0]
            continue
        if name in region:
            origin = origin.moved(transposed_places(graph.shape(name), (1, 2, 0)))
        if name == start and isinstance(op, Input):
            op = replace(op, layout="NCHW")
        elif name in region and isinstance(op, Slice | Pad | Concat):
            op = _on_axes(op, (1, 2, 0))
        stands_for[name] = builder.add(name, op, inputs, origin)
    back = {
        node: builder.add(f"{node}/to_201", Transpose((2, 0, 1)), [stands_for[node]])
        for node in dict.fromkeys(node for node, _ in graph.outputs)
        if node in region
    }
    return builder.build(
        (back.get(node, stands_for[node]), output) for node, output in graph.outputs
    )

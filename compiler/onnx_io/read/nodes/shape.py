"""Flatten, Reshape, Squeeze, Unsqueeze, Transpose, and nodes that change nothing."""

from __future__ import annotations

from math import prod
from typing import Any

from ....ir.ops.base import Shape
from ....ir.ops.reshape import Reshape
from ....ir.ops.transpose import Transpose
from ..reader import Reader, Refusal, attributes
from ..shapes import FLOATS
from ..tensors import type_name
from ..values import Tensor


def identity(reader: Reader, node: Any) -> None:
    """Translate Identity: nothing."""
    value = reader.value(node, 0)
    if value is None:
        raise Refusal("input 0 must be given")
    reader.alias(node, value)


def dropout(reader: Reader, node: Any) -> None:
    """Translate Dropout at inference: nothing. Its training mode is an input since opset 12."""
    if reader.value(node, 2) is not None and reader.array(node, 2, "training_mode").any():
        raise Refusal("training_mode must be false; export the model for inference")
    identity(reader, node)


def cast(reader: Reader, node: Any) -> None:
    """Translate Cast of an activation to a float type: nothing, as values are real numbers."""
    kind = int(attributes(node)["to"])
    if kind not in FLOATS:
        raise Refusal(
            f"to must be a float type where an activation is cast, not {type_name(kind)}; "
            "leave the Cast out"
        )
    reader.alias(node, Tensor(reader.tensor(node)))


def flatten(reader: Reader, node: Any) -> None:
    """Translate Flatten where the batch is what stays in front of the axis."""
    shape = reader.shape(node)
    full = (reader.batch, *shape)
    axis = int(attributes(node).get("axis", 1))
    place = axis + len(full) if axis < 0 else axis
    if not 0 <= place <= len(full) or prod(full[:place]) != reader.batch:
        raise Refusal(f"axis must be 1, not {axis}")
    _emit(reader, node, (prod(shape),))


def reshape(reader: Reader, node: Any) -> None:
    """Translate Reshape to a constant shape that keeps the batch axis."""
    target = reader.numbers(node, 1, "shape")
    if target is None:
        raise Refusal("shape must be a constant")
    allow_zero = bool(attributes(node).get("allowzero", 0))
    full = (reader.batch, *reader.shape(node))
    sizes = [
        full[index] if size == 0 and not allow_zero and index < len(full) else size
        for index, size in enumerate(target)
    ]
    known = prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or known == 0 or prod(full) % known:
        raise Refusal(f"shape must fit the {prod(full)} elements of the input, not be {target}")
    sizes = [prod(full) // known if size == -1 else size for size in sizes]
    if prod(sizes) != prod(full) or len(sizes) < 2 or sizes[0] != reader.batch:
        raise Refusal(f"shape must keep the batch axis of {reader.batch}, not be {target}")
    _emit(reader, node, tuple(sizes[1:]))


def squeeze(reader: Reader, node: Any) -> None:
    """Translate Squeeze of axes of size 1."""
    shape = reader.shape(node)
    axes = reader.numbers(node, 1, "axes")
    if axes is None:
        kept = tuple(size for size in shape if size != 1)
    else:
        gone = {reader.frame_axis(axis, len(shape)) for axis in axes}
        kept = tuple(size for axis, size in enumerate(shape) if axis not in gone)
    if not kept or prod(kept) != prod(shape):
        raise Refusal("axes must have size 1 and leave at least one axis beside the batch")
    _emit(reader, node, kept)


def unsqueeze(reader: Reader, node: Any) -> None:
    """Translate Unsqueeze: new axes of size 1 behind the batch axis."""
    shape = list(reader.shape(node))
    axes = reader.numbers(node, 1, "axes") or ()
    rank = len(shape) + len(axes)
    for axis in sorted(reader.frame_axis(axis, rank) for axis in axes):
        shape.insert(axis, 1)
    _emit(reader, node, tuple(shape))


def transpose(reader: Reader, node: Any) -> None:
    """Translate Transpose that leaves the batch axis in front."""
    rank = len(reader.shape(node)) + 1
    perm = tuple(int(axis) for axis in attributes(node).get("perm", reversed(range(rank))))
    if len(perm) != rank or perm[0] != 0:
        raise Refusal(f"perm must keep the batch axis in front, not be {perm}")
    reader.emit(node, Transpose(tuple(axis - 1 for axis in perm[1:])), [reader.tensor(node)])


def _emit(reader: Reader, node: Any, shape: Shape) -> None:
    reader.emit(node, Reshape(shape), [reader.tensor(node)])

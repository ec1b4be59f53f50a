"""Slice and Pad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from ....ir.ops.pad import Pad
from ....ir.ops.slice import Slice
from ..reader import Reader, Refusal, attributes, node_name
from ..values import Codes, Tensor


def slice_(reader: Reader, node: Any) -> None:
    """Translate Slice with positive steps that leaves the batch axis whole.

    Starts, ends and axes are attributes before opset 10, and inputs since, with steps. Indices
    behind the end of an axis (often the largest integer) stand for its end, negative ones count
    from there.
    """
    source = reader.tensor(node)
    full = (reader.batch, *reader.builder.shape(source))
    starts = _numbers(reader, node, 1, "starts")
    ends = _numbers(reader, node, 2, "ends")
    axes = reader.numbers(node, 3, "axes")
    axes = tuple(range(len(starts))) if axes is None else axes
    steps = reader.numbers(node, 4, "steps") or (1,) * len(starts)
    lengths = [len(starts), len(ends), len(axes), len(steps)]
    if len(set(lengths)) != 1:
        raise Refusal(f"starts, ends, axes and steps must have one length, not {lengths}")
    _check_axes(axes, len(full))
    taken = [(0, size, 1) for size in full]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step < 1:
            raise Refusal(f"steps must be positive, not {step}")
        first, last = (
            min(max(index + full[axis] if index < 0 else index, 0), full[axis])
            for index in (start, end)
        )
        if last <= first:
            raise Refusal(f"starts and ends must leave something of axis {axis}, not {start}:{end}")
        taken[axis] = (first, -(-(last - first) // step), step)
    if taken[0][1] != full[0]:
        raise Refusal("axes must not hold the batch axis 0, unless all of it is taken")
    _emit_slice(reader, node, taken[1:])


def pad(reader: Reader, node: Any) -> None:
    """Translate Pad with zeros; negative pads take away.

    Pads and value are attributes before opset 11, and inputs since; since opset 18 the axes may be
    an input as well.
    """
    options = attributes(node)
    mode = options.get("mode", "constant")
    if mode != "constant":
        raise Refusal(f"mode must be constant, not {mode}; pad with zeros")
    data = reader.value(node, 0)
    source = data.node if isinstance(data, Codes) else reader.tensor(node)
    rank = len(reader.builder.shape(source)) + 1
    value = Fraction(options.get("value", 0))
    if "value" not in options and reader.value(node, 2) is not None:
        value = next(iter(reader.exact(node, 2, "the value").reshape(-1)), value)
    zeros = data.grid.zero_point if isinstance(data, Codes) else (0,)
    if set(zeros) != {value}:
        raise Refusal(f"the value must stand for 0, not be {float(value)}; pad with zeros")
    pads = _numbers(reader, node, 1, "pads")
    axes = None if "pads" in options else reader.numbers(node, 3, "axes")
    axes = tuple(range(rank)) if axes is None else axes
    _check_axes(axes, rank)
    if len(pads) != 2 * len(axes):
        raise Refusal(f"pads must be 2 numbers per axis of {len(axes)} axes, not {pads}")
    before, after = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        before[axis], after[axis] = pads[place], pads[place + len(axes)]
    if before[0] or after[0]:
        raise Refusal("pads of the batch axis must be 0")
    made = _padded(reader, node, source, before[1:], after[1:])
    if not isinstance(data, Codes):
        reader.alias(node, Tensor(made))
        return
    if data.axis is not None and (before[data.axis + 1] or after[data.axis + 1]):
        raise Refusal("pads must leave the axis of the scales alone; put DequantizeLinear first")
    # The zero point is a code of the result even where limits had taken it away.
    codes = (data.grid.low, data.grid.high, *(int(zero) for zero in zeros))
    grid = replace(data.grid, low=min(codes), high=max(codes))
    reader.alias(node, Codes(made, grid, data.axis))


def _check_axes(axes: Sequence[int], rank: int) -> None:
    for axis in axes:
        if not -rank <= axis < rank:
            raise Refusal(f"axes must be between {-rank} and {rank - 1}, not {axis}")
    if len({axis % rank for axis in axes}) < len(axes):
        raise Refusal(f"axes must be there once each, not {tuple(axes)}")


def _numbers(reader: Reader, node: Any, index: int, what: str) -> tuple[int, ...]:
    numbers = reader.numbers(node, index, what)
    if not numbers:
        raise Refusal(f"{what} must be given")
    return numbers


def _emit_slice(reader: Reader, node: Any, taken: Sequence[tuple[int, int, int]]) -> None:
    start, size, step = (tuple(entry[place] for entry in taken) for place in range(3))
    source = reader.tensor(node)
    if size == reader.builder.shape(source):
        reader.alias(node, Tensor(source))
        return
    reader.emit(node, Slice(start, size, step), [source])


def _padded(
    reader: Reader, node: Any, source: str, before: Sequence[int], after: Sequence[int]
) -> str:
    """Return the node that holds ``source`` with zeros around it, or with less of it."""
    name, builder = node_name(node), reader.builder
    op = Pad(*(tuple(max(0, size) for size in sizes) for sizes in (before, after)))
    padded = any((*op.before, *op.after))
    if min((*before, *after)) < 0:
        shape = builder.shape(source)
        start = tuple(max(0, -size) for size in before)
        size = tuple(
            full - first - max(0, -last)
            for full, first, last in zip(shape, start, after, strict=True)
        )
        if min(size) < 1:
            raise Refusal(f"negative pads must leave something of {shape}")
        crop = Slice(start, size, (1,) * len(shape))
        if not padded:
            return builder.add(name, crop, [source], node.output[0])
        source = builder.add(f"{name}/crop", crop, [source])
    return builder.add(name, op, [source], node.output[0]) if padded else source

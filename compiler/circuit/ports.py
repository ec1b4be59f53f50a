"""Which stream is which port of the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..mapping.design import Design, Stream


def input_streams(design: Design) -> tuple[Stream, ...]:
    """Return the streams behind ``in0``, ``in1`` …: in the order of the program's inputs."""
    tensors = [entry.tensor for entry in design.program.inputs]
    return _in_order(tensors, design.streams, lambda stream: stream.source is None)


def output_streams(design: Design) -> tuple[Stream, ...]:
    """Return the streams behind ``out0``, ``out1`` …: in the order of the program's outputs."""
    tensors = [entry.tensor for entry in design.program.outputs]
    return _in_order(tensors, design.streams, lambda stream: stream.target is None)


def _in_order(
    tensors: Iterable[str], streams: Iterable[Stream], outside: Callable[[Stream], bool]
) -> tuple[Stream, ...]:
    free = [stream for stream in streams if outside(stream)]
    order = list(tensors)
    # Streams may carry a tensor under an earlier name (a Reshape costs nothing); then their own
    # order is the program's.
    if sorted(order) != sorted(stream.tensor for stream in free):
        return tuple(free)
    found = []
    for tensor in order:
        stream = next(stream for stream in free if stream.tensor == tensor)
        free.remove(stream)
        found.append(stream)
    return tuple(found)

"""What a circuit computed against what the integer program says, element by element."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..probe import Bytes, Probe, unpack

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Difference:
    """The differences of one stream.

    Attributes
    ----------
    probe : Probe
        The stream.
    count : int
        Wrong elements; missing and surplus ones count as wrong.
    place : str
        The first of them: ``frame 0, row 3, column 1, channel 7``, or what is missing.
    expected, got : int or None
        The element's value by the program and by the circuit; None where there is none.
    """

    probe: Probe
    count: int
    place: str
    expected: int | None = None
    got: int | None = None

    def __str__(self) -> str:
        value = "" if self.expected is None else f": must be {self.expected}, not {self.got}"
        return (
            f"layer {self.probe.unit} (node {self.probe.node}, tensor {self.probe.tensor}, "
            f"stream {self.probe.stream}) is wrong at {self.place}{value}"
        )


def place_of(index: int, shape: tuple[int, ...], first_frame: int = 0) -> str:
    """Name an element of a stream of frames.

    Parameters
    ----------
    index : int
        The element's position in the stream, counted over all frames.
    shape : tuple of int
        ``(H, W, C)`` or ``(C,)``.
    first_frame : int
        Number of the first frame of the stream.
    """
    elements = int(np.prod(shape))
    frame, rest = divmod(index, elements)
    names = ("row", "column", "channel")[-len(shape) :]
    places = np.unravel_index(rest, shape)
    words = [f"{name} {int(place)}" for name, place in zip(names, places, strict=True)]
    return ", ".join([f"frame {first_frame + frame}", *words])


def compare_stream(
    probe: Probe, beats: Bytes, expected: IntArray, first_frame: int = 0
) -> Difference | None:
    """Compare one stream with its tensor.

    Parameters
    ----------
    probe : Probe
    beats : uint8 (n, probe.bytes)
        The transfers as the circuit made them.
    expected : integer array (frames, *probe.shape)
        The tensor as the program computes it.
    first_frame : int
        Number of the first frame, for the message.

    Returns
    -------
    Difference or None
        None where every element is equal and none is missing or surplus.
    """
    got = unpack(beats, probe.beat)
    want = expected.astype(np.int64).reshape(-1)
    common = min(len(got), len(want))
    wrong = np.flatnonzero(got[:common] != want[:common])
    count = len(wrong) + abs(len(got) - len(want))
    if not count:
        return None
    if len(wrong):
        index = int(wrong[0])
        place = place_of(index, probe.shape, first_frame)
        return Difference(probe, count, place, int(want[index]), int(got[index]))
    if len(got) < len(want):
        place = place_of(common, probe.shape, first_frame)
        return Difference(probe, count, f"{place}: this and what follows never came")
    return Difference(probe, count, f"the end: {count} elements more than {len(expected)} frames")


def compare(
    streams: Iterable[tuple[Probe, Bytes, IntArray]], first_frame: int = 0
) -> tuple[Difference, ...]:
    """Compare streams given in topological order; the first difference is where it went wrong."""
    found = (compare_stream(*stream, first_frame=first_frame) for stream in streams)
    return tuple(difference for difference in found if difference is not None)

"""The first number in which two tensors, or two graphs, differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from ..ir.graph import Graph
from ..ir.ops.base import Shape
from ..ir.origin import Origin, Places

Reals = npt.NDArray[np.float64]
Values = Mapping[str, Reals]
"""Tensors (N, *shape) by node name."""

Sides = tuple[str, str]
BEFORE_AFTER: Sides = ("before", "after")

#: Largest difference that is none, relative to the largest element of the tensor. Sums of a million
#: float64 products in another order differ by less than 1e-10 of it; one code of a 16-bit grid is
#: 1e-5 of it, so that codes are told apart as well.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Difference:
    """Where two graphs differ first.

    Attributes
    ----------
    node : str
        Of the graph after.
    tensor : str
        Of the ONNX file; the output's name where an output differs.
    text : str
        Where and how, both values included.
    """

    node: str
    tensor: str
    text: str

    def __str__(self) -> str:
        """Return the part of a message that says where."""
        return f"node '{self.node}' (tensor '{self.tensor}'){self.text}"


@dataclass(frozen=True)
class Comparison:
    """What comparing two graphs found: the first difference, and how many tensors were equal."""

    difference: Difference | None
    tensors: int


def compare(before: Graph, old: Values, after: Graph, new: Values) -> Comparison:
    """Compare every tensor of the file that both graphs hold, then the outputs.

    Parameters
    ----------
    before, after : Graph
    old, new : mapping of node name to float64 (N, *shape)
        Their tensors on the same frames; nodes that are not there are not compared.

    Returns
    -------
    Comparison
        With the first difference in the topological order of ``after``.
    """
    count = 0
    for difference in _differences(before, old, after, new):
        if difference is not None:
            return Comparison(difference, count)
        count += 1
    return Comparison(None, count)


def difference_of(
    want: Reals, got: Reals, tolerance: float = TOLERANCE, sides: Sides = BEFORE_AFTER
) -> str | None:
    """Return where two tensors of one shape (N, *shape) differ first, in words; None if nowhere."""
    size = float(np.abs(want).max(initial=0))
    # Written so that NaN differs from everything.
    wrong = ~(np.abs(got - want) <= tolerance * size)
    if not wrong.any():
        return None
    return at(tuple(int(index) for index in np.argwhere(wrong)[0]), want, got, sides)


def at(place: tuple[int, ...], want: Reals, got: Reals, sides: Sides = BEFORE_AFTER) -> str:
    """Return in words where an element is, and what it is on both sides."""
    first, second = f"{want[place]:.6g}", f"{got[place]:.6g}"
    if first == second:
        first, second = f"{want[place]:.17g}", f"{got[place]:.17g}"
    return f", {position(place)}: {first} {sides[0]}, {second} {sides[1]}"


def position(place: tuple[int, ...]) -> str:
    """Return in words where an element (frame, *index) of a channels-last tensor is."""
    names = {1: ("element",), 3: ("row", "column", "channel")}.get(
        len(place) - 1, tuple(f"axis {axis}" for axis in range(len(place) - 1))
    )
    words = (f"{name} {index}" for name, index in zip(names, place[1:], strict=True))
    return ", ".join([f"frame {place[0]}", *words])


def _differences(
    before: Graph, old: Values, after: Graph, new: Values
) -> Iterator[Difference | None]:
    """Yield the difference, or None, of every comparison."""
    held: dict[str, list[str]] = {}
    for name in before.order():
        if name in old:
            held.setdefault(before.tensor(name), []).append(name)
    for name in after.order():
        if name in new:
            found = [
                _tensor_difference(before, source, old[source], after, name, new[name])
                for source in held.get(after.tensor(name), ())
            ]
            if found:
                # A name that a pass made may also be one of the file: one match is enough.
                yield None if None in found else found[0]
    ends = {output: node for node, output in after.outputs}
    for node, output in before.outputs:
        if output not in ends:
            yield Difference(node, output, ": an output before, none after")
        elif node in old and ends[output] in new:
            yield _output_difference(
                ends[output], output, old[node], new[ends[output]], before.shape(node)
            )


def _tensor_difference(
    before: Graph, source: str, old: Reals, after: Graph, name: str, new: Reals
) -> Difference | None:
    """Compare the elements of the file's tensor that both nodes hold."""
    tensor = after.tensor(name)
    there, here = _places(before, source), _places(after, name)
    if not _fit(before.origin(source), there, here) or not _fit(after.origin(name), here, there):
        return Difference(name, tensor, _shapes(before.shape(source), after.shape(name)))
    if old is new and np.array_equal(there, here):
        return None
    index = np.full(1 + max(there.max(), here.max()), -1)
    index[there] = np.arange(len(there))
    wanted = index[here]
    got = new.reshape(len(new), -1)
    want = np.where(wanted >= 0, old.reshape(len(old), -1)[:, wanted], got)
    text = difference_of(want.reshape(new.shape), new)
    return None if text is None else Difference(name, tensor, text)


def _places(graph: Graph, name: str) -> Places:
    """Return the place in the file's tensor of every element that a node holds."""
    places = graph.origin(name).places
    return np.arange(prod(graph.shape(name)), dtype=np.int64) if places is None else places


def _fit(whole: Origin, places: Places, others: Places) -> bool:
    """Whether a node that holds a whole tensor holds all that another one holds of it."""
    return whole.places is not None or int(others.max()) < len(places)


def _output_difference(
    node: str, output: str, old: Reals, new: Reals, shape: Shape
) -> Difference | None:
    if old.shape != new.shape:
        return Difference(node, output, _shapes(shape, new.shape[1:]))
    text = difference_of(old, new)
    return None if text is None else Difference(node, output, text)


def _shapes(before: Shape, after: Shape) -> str:
    return f": shape {before} before, {after} after"

"""Sample frames: pixels or reals, ties included, and images in any layout."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.verify.frames import as_declared, draw_frames
from sangi.runtime.errors import DataError


def chain(shape: tuple[int, ...], *ops: Op) -> Graph:
    builder = GraphBuilder("chain")
    node = builder.add("x", Input("x", shape, "NHWC" if len(shape) == 3 else "N"))
    for op in ops:
        node = builder.add("n", op, [node])
    return builder.build([(node, "y")])


def grid(scale: str, zero_point: int, low: int = -128, high: int = 127) -> Quantize:
    return Quantize((Fraction(scale),), (zero_point,), low, high)


NORMALIZE = Affine((Fraction(1, 58),), (Fraction(-2),))


@pytest.mark.parametrize(
    "graph",
    [
        chain((3, 8, 8), Transpose((1, 2, 0)), grid("1", -128)),
        chain((8, 8, 3), NORMALIZE, grid("1/50", 0)),
        chain((8, 8, 3), Relu()),
    ],
    ids=["whole codes", "normalized", "float"],
)
def test_pixels(graph: Graph) -> None:
    frames = draw_frames(graph, 4, 0)
    assert frames.shape == (4, *(op.shape if isinstance(op := graph.op("x"), Input) else ()))
    assert (frames == np.rint(frames)).all()
    assert frames.min() >= 0 and frames.max() <= 255
    assert frames[0].min() < 20 and frames[0].max() > 235
    # Each frame has a width and a level of its own.
    assert len({frame.mean().round() for frame in frames}) == 4
    assert frames[3].max() - frames[3].min() <= 64


def test_codes_and_ties_of_the_first_quantizer() -> None:
    frames = draw_frames(chain((500,), grid("1/4", 7, -8, 7), Relu(), grid("3", 0)), 4, 0)
    halves = frames / 0.125
    np.testing.assert_array_equal(halves, np.rint(halves))
    assert (halves % 2 == 1).any() and (halves % 2 == 0).any()
    # Codes -8 … 7 stand for -15/4 … 0; two steps more on both sides.
    assert (frames.min(), frames.max()) == (-4.25, 0.5)


def test_two_quantizers_are_both_covered() -> None:
    builder = GraphBuilder("two")
    x = builder.add("x", Input("x", (500,), "N"))
    a = builder.add("a", grid("1", 0, 0, 1), [x])
    b = builder.add("b", grid("1/2", 0, -4, 0), [x])
    frames = draw_frames(builder.build([(a, "a"), (b, "b")]), 2, 0)
    assert frames.min() == -3 and frames.max() == 3
    np.testing.assert_array_equal(frames * 4, np.rint(frames * 4))


def test_seeds() -> None:
    graph = chain((6, 6, 3), Relu())
    np.testing.assert_array_equal(draw_frames(graph, 3, 1), draw_frames(graph, 3, 1))
    assert (draw_frames(graph, 3, 1) != draw_frames(graph, 3, 2)).any()


@pytest.mark.parametrize(
    ("shape", "layout", "images", "perm"),
    [
        ((5, 6, 3), "NHWC", (5, 6, 3), None),
        ((3, 5, 6), "NCHW", (3, 5, 6), None),
        ((3, 5, 6), "NCHW", (5, 6, 3), (0, 3, 1, 2)),
        ((1, 5, 6), "NCHW", (5, 6), None),
        ((5, 6, 1), "NHWC", (5, 6), None),
        ((90,), "N", (5, 6, 3), None),
        ((1, 90), "N", (90,), None),
    ],
)
def test_images_in_any_layout(
    shape: tuple[int, ...],
    layout: Literal["NHWC", "NCHW", "N"],
    images: tuple[int, ...],
    perm: tuple[int, ...] | None,
) -> None:
    x = np.arange(2 * np.prod(images)).reshape(2, *images).astype(np.uint8)
    want = x if perm is None else x.transpose(perm)
    got = as_declared(Input("x", shape, layout), x)
    np.testing.assert_array_equal(got, want.reshape(2, *shape))
    assert got.dtype == np.float64


def test_images_that_do_not_fit() -> None:
    for images in ((2, 6, 5, 3), (2, 90), (2,)):
        with pytest.raises(DataError, match=r"^images must have shape \(N, 5, 6, 3\), not"):
            as_declared(Input("x", (5, 6, 3), "NHWC"), np.zeros(images))

"""Float weights that are integers times one unit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.passes.integer_weights import IntegerWeights, integers
from sangi.compiler.passes.pipeline import LAYOUT_PASSES, run_passes

from .graphs import chain, conv, grid, kinds, unchanged


@pytest.mark.parametrize(
    ("weights", "codes", "unit"),
    [
        ([[1.0, -1.0]], [[1, -1]], 1),
        ([[6.0, -9.0, 0.0]], [[2, -3, 0]], 3),
        ([[0.75, -1.25]], [[3, -5]], Fraction(1, 4)),
        (
            [[float(np.float32(0.1)), -float(np.float32(0.1))]],
            [[1, -1]],
            Fraction(float(np.float32(0.1))),
        ),
        ([[0.0, 0.0]], [[0, 0]], 1),
        ([[32767.0, 1.0]], [[32767, 1]], 1),
        ([[2.0**-140, -(2.0**-138)]], [[1, -4]], Fraction(2) ** -140),
    ],
)
def test_the_greatest_common_divisor_is_the_unit(weights: Any, codes: Any, unit: Any) -> None:
    found = integers(np.array(weights))
    assert found is not None
    assert (found[0].tolist(), found[1]) == (codes, unit)
    assert found[0].dtype == np.int64


@pytest.mark.parametrize("weights", [[[32768.0, 1.0]], [[0.1, 0.3]], [[1.0, 2.0**-20]]])
def test_what_takes_more_than_16_bits_stays_real(weights: Any) -> None:
    assert integers(np.array(weights)) is None


def test_a_layer_of_many_different_weights_stays_real() -> None:
    assert integers(np.arange(2.0**16 + 1)) is None


def test_layers_of_a_quantized_graph() -> None:
    after = unchanged(IntegerWeights(), chain((5, 4, 3), grid("1"), conv(4, 3)))
    op = after.op("n1")
    assert op.weight_scale == (1,) and op.weight.dtype == np.int64


@pytest.mark.parametrize("ops", [(), (Affine((Fraction(2),), (Fraction(0),)),)])
def test_a_float_graph_stays_as_it_is(ops: tuple[Op, ...]) -> None:
    after = IntegerWeights()(chain((5, 4, 3), *ops, conv(4, 3)))
    assert after.op(f"n{len(ops)}").weight_scale is None


def test_a_scale_behind_integer_weights_is_not_multiplied_into_them() -> None:
    weights = Dense(np.array([[1.0, -1.0], [1.0, 1.0]]))
    scale = Affine((Fraction(1, 3),), (Fraction(0),))
    counts = MultiThreshold(((Fraction(1, 3),),))
    after = run_passes(chain((2,), grid("1"), weights, scale, counts), LAYOUT_PASSES)
    assert kinds(after) == ["Input", "Quantize", "Dense", "Affine", "MultiThreshold"]
    assert after.op("n1").weight.tolist() == [[1, -1], [1, 1]]

"""What is added up over frames, where a number is none."""

from __future__ import annotations

import numpy as np

from sangi.compiler.check.pairs import Pair
from sangi.compiler.check.sums import OutputSums, StepSums

NONE = np.array([np.inf])


def pair() -> Pair:
    one, zero = np.ones(1), np.zeros(1)
    return Pair("fc", "Dense", "t", "t:0", np.arange(3), (3,), one, zero, -NONE, NONE)


def test_steps_off() -> None:
    sums = StepSums()
    sums.add(np.array([1.0, 2.01, 3.5, 7.0]), np.array([1.0, 2.0, 3.0, 5.0]))
    assert (sums.unequal, sums.largest) == (2, 2)


def test_what_is_no_number_is_unequal() -> None:
    sums = StepSums()
    sums.add(np.array([np.nan, np.inf, -np.inf, 4.0]), np.full(4, 4.0))
    assert sums.unequal == 3
    assert sums.largest > 1 << 30
    outputs = OutputSums("y", pair(), 127)
    theirs = np.array([[np.nan, 2.0, 9.0]], np.float32)
    ours = np.array([[1.0, 2.0, 3.0]])
    outputs.add({"t:0": theirs, "y": theirs}, ours, {"t": ours.astype(np.int64)})
    assert outputs.result().wrong == 2

"""Where tensors differ, in words."""

from __future__ import annotations

import numpy as np

from sangi.compiler.verify.compare import difference_of, position


def test_positions() -> None:
    assert position((2, 5)) == "frame 2, element 5"
    assert position((0, 1, 2, 3)) == "frame 0, row 1, column 2, channel 3"
    assert position((4, 1, 2)) == "frame 4, axis 0 1, axis 1 2"
    assert position((7,)) == "frame 7"


def test_the_first_difference_with_both_values() -> None:
    want = np.array([[1.0, 2, 3], [4, 5, 6]])
    got = want.copy()
    assert difference_of(want, got) is None
    got[1, 1] = 5.25
    got[1, 2] = 0
    assert difference_of(want, got) == ", frame 1, element 1: 5 before, 5.25 after"
    got[0, 2] = np.nan
    assert difference_of(want, got) == ", frame 0, element 2: 3 before, nan after"


def test_noise_is_no_difference() -> None:
    want = np.array([[1e-12, 1000.0]])
    assert difference_of(want, want + 1e-7) is None
    got = want + np.array([[2e-6, 0]])
    assert difference_of(want, got) is not None
    # As many digits as tell both values apart.
    got = want + np.array([[0, 2e-6]])
    assert difference_of(want, got) == ", frame 0, element 1: 1000 before, 1000.000002 after"
    assert difference_of(np.zeros((1, 1)), np.full((1, 1), 1e-300)) is not None

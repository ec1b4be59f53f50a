"""Accuracy and agreement of outputs."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.compiler.accuracy import differing, top1
from sangi.runtime.errors import DataError

SCORES = np.array([[0.0, 2.0, 1.0], [3.0, 3.0, 0.0], [0.0, 0.0, 1.0], [5.0, 6.0, 7.0]])


def test_the_largest_element_is_the_class_and_the_first_of_equal_ones() -> None:
    assert top1({"y": SCORES}, np.array([1, 0, 2, 0])) == 0.75
    assert top1({"y": SCORES[:, None, None]}, np.array([1, 1, 2, 2])) == 0.75


def test_a_class_index_is_taken_as_it_is() -> None:
    assert top1({"class": np.array([4, 2]), "scores": SCORES[:2]}, np.array([4, 1])) == 0.5


@pytest.mark.parametrize("wrong", [-1, 3])
def test_classes_outside_the_output_are_refused(wrong: int) -> None:
    message = f"y must be classes from 0 to 2, as output 'y' has them, not {wrong}"
    with pytest.raises(DataError, match=message):
        top1({"y": SCORES}, np.array([0, 0, 0, wrong]))


def test_images_that_differ_in_any_output_are_found() -> None:
    other = SCORES.copy()
    other[2, 1] += 1e-12
    first = {"a": np.arange(4), "b": SCORES}
    assert differing(first, {"a": np.array([0, 1, 2, 9]), "b": other}).tolist() == [2, 3]
    assert differing(first, first).tolist() == []

"""Validation splits keep groups together and classes in proportion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sangi.compiler.compress.data.split import split
from sangi.runtime.errors import DataError, UsageError


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=40, max_size=120),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.integers(0, 5),
)
def test_parts_cover_all_frames_and_share_no_group(
    frames: list[tuple[int, int]], share: float, seed: int
) -> None:
    assume(len(set(frames)) > len({label for label, _ in frames}))
    y, groups = (np.array(column) for column in zip(*frames, strict=True))
    train, validation = split(y, groups, share, seed)
    assert sorted([*train, *validation]) == list(range(len(frames)))
    assert not {frames[i] for i in train} & {frames[i] for i in validation}
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_every_class_gives_its_share() -> None:
    y = np.repeat(np.arange(4), [10, 50, 100, 400])
    _, validation = split(y, None, 0.2, 3)
    assert np.bincount(y[validation]).tolist() == [2, 10, 20, 80]


def test_one_group_in_two_classes_is_two_groups() -> None:
    y = np.repeat([0, 1], 20)
    groups = np.tile(np.arange(10), 4)
    _, validation = split(y, groups, 0.5, 0)
    taken = {(int(y[i]), int(groups[i])) for i in validation}
    assert {group for label, group in taken if label == 0} != {
        group for label, group in taken if label == 1
    }


def test_a_class_of_one_group_stays_in_training() -> None:
    y = np.array([0] * 6 + [1] * 6)
    groups = np.array([0] * 6 + [1, 1, 2, 2, 3, 3])
    train, validation = split(y, groups, 0.3, 0)
    assert set(range(6)) <= set(train)
    assert len(validation) == 2


def test_seed_decides_and_nothing_else() -> None:
    y = np.repeat(np.arange(3), 30)
    first, again, other = (split(y, None, 0.3, seed)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_groups_may_be_text_and_labels_real() -> None:
    y = np.random.default_rng(0).normal(size=(40, 2))
    groups = np.repeat(["a", "b", "c", "d"], 10)
    train, validation = split(y, groups, 0.25, 0)
    assert len(validation) == 10
    assert not set(groups[train]) & set(groups[validation])


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_share_out_of_range(share: float) -> None:
    with pytest.raises(UsageError, match=r"^validation share must be above 0 and below 1, not "):
        split(np.zeros(9, np.int64), None, share, 0)


def test_groups_of_another_length() -> None:
    with pytest.raises(DataError, match=r"^groups must be one per frame, 9, not an array of shape"):
        split(np.zeros(9, np.int64), np.zeros(8), 0.2, 0)


def test_one_group_for_all_frames() -> None:
    with pytest.raises(DataError, match=r"give the validation data in a file of its own$"):
        split(np.arange(3).repeat(2), np.zeros(6), 0.2, 0)

"""Labels that do not fit the network are refused before anything is trained."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sangi.compiler.compress.data.parts import Parts, read_parts
from sangi.compiler.compress.data.samples import Samples
from sangi.runtime.errors import DataError, UsageError

Y = np.tile(np.arange(4), 10)


def samples(y: npt.NDArray[Any] = Y, groups: npt.NDArray[Any] | None = None) -> Samples:
    x = np.random.default_rng(0).integers(0, 256, (len(y), 6)).astype(np.uint8)
    return Samples(x, y, groups)


def read(
    train: Samples,
    val: Samples | None = None,
    test: Samples | None = None,
    shape: tuple[int, ...] = (4,),
    *,
    own_metric: bool = False,
) -> Parts:
    return read_parts(
        train,
        val,
        test,
        group=None,
        validation=0.25,
        seed=0,
        shape=shape,
        own_metric=own_metric,
    )


def test_the_validation_part_is_taken_from_the_training_images() -> None:
    groups = np.arange(40) // 8
    parts = read(samples(groups=groups), test=samples())
    assert parts.train.groups is not None
    assert parts.validation.groups is not None
    both = [
        set(zip(part.y.tolist(), part.groups.tolist(), strict=True))
        for part in (parts.train, parts.validation)
        if part.groups is not None
    ]
    assert not both[0] & both[1]
    assert len(parts.train.x) + len(parts.validation.x) == 40
    assert parts.test is not None


def test_validation_data_of_their_own_leave_all_images_to_training() -> None:
    parts = read(samples(), samples(Y[:8]))
    assert len(parts.train.x) == 40
    assert len(parts.validation.x) == 8
    assert parts.test is None


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            samples(np.where(np.arange(40) % 20 == 3, 4, Y)),
            "train labels must be classes from 0 to 3, as the first output has 4 elements, not 4 "
            "(image 3; 2 in all)",
        ),
        (
            samples(np.where(np.arange(40) == 7, -1, Y)),
            "train labels must be classes from 0 to 3, as the first output has 4 elements, not -1 "
            "(image 7; 1 in all)",
        ),
        (
            samples(np.full(40, 2)),
            "train labels must be of two classes or more, not all of class 2: no accuracy can be "
            "judged by them",
        ),
    ],
)
def test_bad_classes(train: Samples, message: str) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(train)


def test_bad_classes_of_validation_and_test() -> None:
    with pytest.raises(DataError, match=r"^validation labels must be classes from 0 to 3, "):
        read(samples(), samples(Y + 1))
    with pytest.raises(DataError, match=r"^test labels must be classes from 0 to 3, "):
        read(samples(), test=samples(Y + 1))


def test_a_part_of_one_class_after_the_split() -> None:
    y = np.array([0] * 9 + [1])
    with pytest.raises(DataError, match=r"^validation part's labels must be of two classes"):
        read(samples(y))


def test_images_of_another_type() -> None:
    other = Samples(np.zeros((40, 6), np.float32), Y)
    message = (
        r"^test images must be uint8 \(6,\), as those of train, not float32 \(6,\): "
        "both are read in the same way$"
    )
    with pytest.raises(DataError, match=message):
        read(samples(), test=other)


def test_real_targets_need_a_metric_and_the_shape_of_the_output() -> None:
    targets = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)
    assert len(read(samples(targets), own_metric=True).validation.x) == 10
    message = (
        "the metric must be given for train labels that are real numbers: --metric module:function"
    )
    with pytest.raises(UsageError, match=f"^{message}$"):
        read(samples(targets))
    message = r"^train labels must have the shape of the first output, \(3,\), not \(4,\)$"
    with pytest.raises(DataError, match=message):
        read(samples(targets), shape=(3,), own_metric=True)


def test_targets_of_the_outputs_size_in_another_order() -> None:
    targets = samples(np.zeros((40, 2, 1, 4), np.float32))
    assert len(read(targets, shape=(2, 4), own_metric=True).train.x) == 30
    message = r"^train labels must have the shape of the first output, \(4, 2\), not \(2, 1, 4\)$"
    with pytest.raises(DataError, match=message):
        read(targets, shape=(4, 2), own_metric=True)

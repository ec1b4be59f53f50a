"""Labels that fit the network, before anything is trained."""

from __future__ import annotations

import numpy as np

from ....runtime.errors import DataError, UsageError
from .samples import Samples
from .split import is_classes


def check_labels(samples: Samples, name: str, shape: tuple[int, ...], *, own_metric: bool) -> None:
    """Refuse labels that the network cannot learn or be judged by.

    Parameters
    ----------
    samples : Samples
    name : str
        What they are for, in messages: ``train``.
    shape : tuple of int
        Of the network's first output, without the batch.
    own_metric : bool
        Whether the user brought a metric; top-1 needs classes.

    Raises
    ------
    UsageError
        If there are real labels and no metric for them.
    DataError
        If a class is out of range, all labels are one class, or targets have another shape than
        the output.
    """
    y = samples.y
    if not is_classes(y):
        if not own_metric:
            raise UsageError(
                f"the metric must be given for {name} labels that are real numbers: "
                "--metric module:function"
            )
        # Axes of one element do not matter; with others, equal sizes could be another order.
        if _without_ones(y.shape[1:]) != _without_ones(shape):
            raise DataError(
                f"{name} labels must have the shape of the first output, {shape}, not {y.shape[1:]}"
            )
        return
    classes = int(np.prod(shape, dtype=np.int64))
    wrong = np.flatnonzero((y < 0) | (y >= classes))
    if len(wrong):
        raise DataError(
            f"{name} labels must be classes from 0 to {classes - 1}, as the first output has "
            f"{classes} elements, not {y[wrong[0]]} (image {wrong[0]}; {len(wrong)} in all)"
        )
    if (y == y[0]).all():
        raise DataError(
            f"{name} labels must be of two classes or more, not all of class {y[0]}: "
            "no accuracy can be judged by them"
        )


def check_moves(shape: tuple[int, ...], *, shift: int, flip: bool) -> None:
    """Refuse to move or mirror what is no image, or to move images out of sight.

    Parameters
    ----------
    shape : tuple of int
        Of an image as the network takes it, channels last.
    shift : int
        Pixels.
    flip : bool

    Raises
    ------
    UsageError
    """
    if (shift or flip) and len(shape) != 3:
        raise UsageError(f"shift and flip need images with rows and columns, not inputs of {shape}")
    if shift and shift >= min(shape[:2]):
        raise UsageError(
            f"shift must be less than the {min(shape[:2])} pixels of an image's side, not {shift}"
        )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)

"""What a compression is given: data to train with, to decide by, and to judge by at the end."""

from __future__ import annotations

from dataclasses import dataclass

from ....runtime.errors import DataError
from .check import check_labels
from .read import Source, read_samples
from .samples import Samples
from .split import split


@dataclass(frozen=True, eq=False)
class Parts:
    """The data of one compression.

    Attributes
    ----------
    train : Samples
        What networks are trained with.
    validation : Samples
        What decides whether a network holds the target.
    test : Samples or None
        What the result is judged by, once.
    """

    train: Samples
    validation: Samples
    test: Samples | None


def read_parts(
    train: Source,
    val: Source | None,
    test: Source | None,
    *,
    group: str | None,
    validation: float,
    seed: int,
    shape: tuple[int, ...],
    own_metric: bool,
) -> Parts:
    """Read all data of a compression and refuse what is bad.

    Parameters
    ----------
    train, val, test : path, sequence of paths, Samples, or None
        Without ``val`` the validation part is taken from ``train`` (see ``split``).
    group : str or None
        Name of the array of the training files that says what an image belongs to.
    validation : float
        Share of the training images for validation, where ``val`` is None.
    seed : int
        Of that split.
    shape : tuple of int
        Of the network's first output, without the batch.
    own_metric : bool
        Whether the user brought a metric.

    Raises
    ------
    UsageError
        If a file or an option is missing or out of range.
    DataError
        If images or labels are bad, or do not fit the network or one another.
    """
    given = read_samples(train, "train", group)
    others = {
        name: read_samples(source, name)
        for name, source in (("validation", val), ("test", test))
        if source is not None
    }
    for name, samples in {"train": given, **others}.items():
        check_labels(samples, name, shape, own_metric=own_metric)
        if samples.x.dtype != given.x.dtype or samples.x.shape[1:] != given.x.shape[1:]:
            raise DataError(
                f"{name} images must be {given.x.dtype} {given.x.shape[1:]}, as those of train, "
                f"not {samples.x.dtype} {samples.x.shape[1:]}: both are read in the same way"
            )
    if "validation" in others:
        return Parts(given, others["validation"], others.get("test"))
    trained, decided = split(given.y, given.groups, validation, seed)
    parts = Parts(given.take(trained), given.take(decided), others.get("test"))
    for name, samples in (("train", parts.train), ("validation", parts.validation)):
        check_labels(samples, f"{name} part's", shape, own_metric=own_metric)
    return parts

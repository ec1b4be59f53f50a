"""Moved versions of images, against slow definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = pytest.mark.torch

X = np.random.default_rng(0).integers(0, 256, (12, 5, 6, 3)).astype(np.uint8)


def variants(x: np.ndarray, **options: Any) -> Any:
    from sangi.compiler.compress.torch_net.variants import Variants

    return Variants(x, **{"shift": 2, "flip": False, "count": 4, "seed": 1, **options})


def moved(x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """One image moved, its edge repeated."""
    rows_of = np.clip(np.arange(x.shape[0]) + rows, 0, x.shape[0] - 1)
    columns_of = np.clip(np.arange(x.shape[1]) + columns, 0, x.shape[1] - 1)
    return x[rows_of][:, columns_of]


def test_every_image_is_moved_by_itself():
    import torch

    made = variants(X)
    moves = set()
    for version in range(4):
        found = made.take(version, torch.arange(12)).numpy()
        assert found.dtype == np.uint8 and found.shape == X.shape
        for image, original in zip(found, X, strict=True):
            steps = [(r, c) for r in range(-2, 3) for c in range(-2, 3)]
            hits = [s for s in steps if (moved(original, *s) == image).all()]
            assert hits
            moves.add(hits[0])
    assert len(moves) > 12


def test_half_of_the_images_are_mirrored():
    import torch

    made = variants(X, shift=0, flip=True, count=8)
    found = np.stack([made.take(version, torch.arange(12)).numpy() for version in range(8)])
    mirrored = (found == X[None, :, :, ::-1]).all(axis=(2, 3, 4))
    assert (mirrored | (found == X[None]).all(axis=(2, 3, 4))).all()
    assert 30 < mirrored.sum() < 66


def test_an_image_does_not_depend_on_its_batch():
    import torch

    made = variants(X, flip=True)
    whole = made.take(2, torch.arange(12))
    assert_array_equal(made.take(2, torch.tensor([7, 3])).numpy(), whole[[7, 3]].numpy())
    again = variants(X, flip=True).take(2, torch.arange(12))
    assert_array_equal(again.numpy(), whole.numpy())


@pytest.mark.parametrize("x", (X, X.reshape(12, -1)))
def test_unmoved_images_have_one_version(x):
    import torch

    made = variants(x, shift=0) if x.ndim == 4 else variants(x)
    assert (made.count, len(made)) == (1, 12)
    assert_array_equal(made.take(0, torch.tensor([4])).numpy(), x[4:5])


def test_contrast_and_brightness_vary_within_the_range_of_the_images():
    import torch

    x = np.random.default_rng(1).integers(0, 201, (40, 8, 8, 1)).astype(np.uint8)
    x[:, 0, 0] = 0
    x[:, 0, 1] = 200
    made = variants(x, shift=0, light=0.3)
    slopes, offsets = [], []
    for version in range(4):
        found = made.take(version, torch.arange(40)).numpy()
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 200
        for image, original in zip(found, x.astype(np.float64), strict=True):
            inside = (image > 0) & (image < 200)
            slope, offset = np.polyfit(original[inside], image[inside], 1)
            assert_allclose(image[inside], original[inside] * slope + offset, atol=1e-3)
            slopes.append(slope)
            offsets.append(offset)
    assert 0.7 <= min(slopes) < 0.75
    assert 1.25 < max(slopes) <= 1.3
    assert -30 <= min(offsets) < -20
    assert 20 < max(offsets) <= 30


def test_light_alone_makes_versions():
    assert variants(X, shift=0).count == 1
    assert variants(X, shift=0, light=0.1).count == 4

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


def disc(size: int = 41) -> np.ndarray:
    """One image: a bright spot off its centre."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return (200 * np.exp(-((rows - 8) ** 2 + columns**2) / 8)).astype(np.float32)[None, :, :, None]


def centre(image: np.ndarray) -> tuple[float, float]:
    """Row and column of the spot, from the middle of the image."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] - (image.shape[0] - 1) / 2
    return tuple(float((part * image).sum() / image.sum()) for part in (rows, columns))


def test_images_turn_around_their_centre():
    import torch

    made = variants(disc(), shift=0, turn=90, count=60)
    angles = []
    for version in range(60):
        row, column = centre(made.take(version, torch.tensor([0])).numpy()[0, :, :, 0])
        assert np.hypot(row, column) == pytest.approx(8, abs=0.1)
        angles.append(np.degrees(np.arctan2(column, row)))
    assert np.abs(angles).max() <= 90.5
    assert min(angles) < -60
    assert max(angles) > 60


def test_rows_and_columns_are_stretched_each_by_itself():
    import torch

    tall = disc()
    made = variants(
        np.concatenate([tall, tall.transpose(0, 2, 1, 3)]), shift=0, zoom=0.25, count=60
    )
    pairs = [made.take(version, torch.tensor([0, 1])).numpy()[..., 0] for version in range(60)]
    rows = np.array([centre(first)[0] for first, _ in pairs]) / 8
    columns = np.array([centre(second)[1] for _, second in pairs]) / 8
    for factors in (rows, columns):
        assert 0.74 < factors.min() < 0.8
        assert 1.2 < factors.max() < 1.26
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.5


@pytest.mark.parametrize("shape", [(9, 5, 7, 3), (9, 6, 4, 1)])
def test_images_that_are_turned_by_nothing_are_as_they_were(shape):
    import torch

    x = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    made = variants(x, shift=0, turn=1e-6, zoom=1e-6)
    found = made.take(3, torch.arange(9))
    assert found.dtype == torch.float32
    assert np.abs(found.numpy() - x).max() < 0.01


def test_a_quarter_turn_of_a_wide_image_keeps_its_shape():
    import torch

    from sangi.compiler.compress.torch_net.affine import Affine

    x = np.zeros((1, 9, 15, 1), np.float32)
    x[0, 4, 4:11] = 1  # a bar across, seven long
    made = Affine(90.0, 0.0, (1, 1), torch.Generator())
    made._cosine, made._sine = torch.zeros((1, 1)), torch.ones((1, 1))
    (found,) = made(torch.from_numpy(x), 0, torch.tensor([0])).numpy()[..., 0]
    expected = np.zeros((9, 15))
    expected[1:8, 7] = 1
    assert_allclose(found, expected, atol=1e-5)


def test_vectors_are_not_turned():
    import torch

    made = variants(X.reshape(12, -1), turn=10, zoom=0.1)
    assert made.count == 1
    assert_array_equal(made.take(0, torch.tensor([4])).numpy(), X.reshape(12, -1)[4:5])

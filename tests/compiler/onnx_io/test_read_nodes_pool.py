"""Means and maxima over windows and whole frames, against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs

SHAPE = (3, 6, 4)


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(5, *shape)).astype(np.float32)


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("axes", [(2, 3), (-1, -2), (2,), (-1,), (1, 2), (-3, -2), (3, 2)])
def test_means(tmp_path: Path, opset: int, keepdims: int, axes: tuple[int, ...]) -> None:
    model = Model(("N", *SHAPE), opset)
    if opset < 18:
        x = model.node("ReduceMean", "x", axes=list(axes), keepdims=keepdims)
    else:
        x = model.node("ReduceMean", "x", model.constant(np.array(axes)), keepdims=keepdims)
    assert "AveragePool" in kinds(same_outputs(model.save(tmp_path, x), frames(*SHAPE)))


def test_global_pools(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE), opset=18)
    outputs = [
        model.node("GlobalAveragePool", "x"),
        model.node("GlobalMaxPool", "x"),
        model.node("ReduceMean", "x", noop_with_empty_axes=1),
    ]
    graph = same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))
    assert kinds(graph).count("MaxPool") == 1


def test_windows(tmp_path: Path) -> None:
    model = Model(("N", *SHAPE))
    window = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}
    outputs = [
        model.node("MaxPool", "x", **window),
        model.node("MaxPool", "x", kernel_shape=[2, 2], auto_pad="SAME_LOWER"),
        model.node("MaxPool", "x", kernel_shape=[2, 2], dilations=[3, 2], storage_order=0),
        model.node("AveragePool", "x", count_include_pad=1, **window),
        model.node("AveragePool", "x", kernel_shape=[3, 2], ceil_mode=1, strides=[3, 2]),
    ]
    same_outputs(model.save(tmp_path, *outputs), frames(*SHAPE))


def over_channels(model: Model) -> str:
    return model.node("ReduceMean", "x", axes=[1, 3])


def over_everything(model: Model) -> str:
    return model.node("ReduceMean", "x")


def over_the_batch(model: Model) -> str:
    return model.node("ReduceMean", "x", axes=[0, 2])


def of_a_vector(model: Model) -> str:
    return model.node("GlobalAveragePool", model.node("Flatten", "x"))


def of_padding_alone(model: Model) -> str:
    return model.node("MaxPool", "x", kernel_shape=[3, 2], pads=[1, 0, 1, 2])


def same_size_dilated(model: Model) -> str:
    return model.node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 1], auto_pad="SAME_UPPER")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (over_channels, "ReduceMean 'reducemean_0': axes must be the rows and columns of an image"),
        (
            over_everything,
            "ReduceMean 'reducemean_0': axes must be the rows and columns of an image",
        ),
        (over_the_batch, "ReduceMean 'reducemean_0': axis must be one of 1…3, not 0"),
        (
            of_a_vector,
            "GlobalAveragePool 'globalaveragepool_1': input must have shape (N, C, H, W), "
            "not 2 axes",
        ),
        (
            of_padding_alone,
            "MaxPool 'maxpool_0': pads must be less than the kernel (3, 2), not (1, 0, 1, 2)",
        ),
        (
            same_size_dilated,
            "MaxPool 'maxpool_0': dilations must be 1 with auto_pad SAME_UPPER, not (2, 1); "
            "write pads",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, build: Callable[[Model], str], said: str) -> None:
    model = Model(("N", *SHAPE))
    assert refused(model.save(tmp_path, build(model))) == [said]

"""BatchNormalization of every age and place, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..onnx_models import Model
from ..read_models import kinds, refused, same_outputs


def statistics(model: Model, channels: int, variance: list[float] | None = None) -> list[str]:
    """Scale (also negative and zero), bias, mean and variance."""
    gamma = np.resize(np.array([1.0, -0.7, 0.0, 2.5], np.float32), channels)
    spread = np.resize(np.array(variance or [0.5, 1.5, 30.0], np.float32), channels)
    return [
        model.constant(array)
        for array in (gamma, model.normal(channels), model.normal(channels, scale=3), spread)
    ]


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(0, 3, size=(5, *shape)).astype(np.float32)


@pytest.mark.parametrize("opset", [7, 9, 14, 15])
@pytest.mark.parametrize("shape", [(4, 3, 2), (1, 3, 2), (4,), (1,), (4, 3)])
def test_every_opset_and_rank(tmp_path: Path, opset: int, shape: tuple[int, ...]) -> None:
    model = Model(("N", *shape), opset)
    options = {"momentum": 0.9, "epsilon": 1e-3}
    x = model.node("BatchNormalization", "x", *statistics(model, shape[0]), **options)
    assert "BatchNorm" in kinds(same_outputs(model.save(tmp_path, x), frames(*shape)))


def test_before_and_behind_relu_and_layers(tmp_path: Path) -> None:
    model = Model(("N", 3, 6, 6))
    x = model.node("BatchNormalization", "x", *statistics(model, 3))
    x = model.conv(x, 4, 3, pads=[1] * 4)
    x = model.node("Relu", model.node("BatchNormalization", x, *statistics(model, 4)))
    x = model.node("BatchNormalization", x, *statistics(model, 4))
    x = model.node("BatchNormalization", x, *statistics(model, 4))
    x = model.node("Gemm", model.node("Flatten", x), model.constant(model.normal(144, 5)))
    x = model.node("BatchNormalization", x, *statistics(model, 5))
    graph = same_outputs(model.save(tmp_path, x), frames(3, 6, 6))
    # The one behind a layer becomes part of it; in front of the padded one it cannot.
    found = ["Input", "BatchNorm", "Conv", "Relu", "BatchNorm", "BatchNorm", "Reshape", "Dense"]
    assert kinds(graph) == found


def test_tiny_variances(tmp_path: Path) -> None:
    model = Model(("N", 3, 2, 2))
    names = statistics(model, 3, [0.0, 1e-30, 1e-12])
    x = model.node("BatchNormalization", "x", *names)
    same_outputs(model.save(tmp_path, x), frames(3, 2, 2) / 100)


def test_statistics_of_every_place_are_refused(tmp_path: Path) -> None:
    model = Model(("N", 2, 3, 2), opset=7)
    names = [model.constant(np.ones((2, 3, 2), np.float32)) for _ in range(4)]
    x = model.node("BatchNormalization", "x", *names, spatial=0)
    assert refused(model.save(tmp_path, x)) == [
        "BatchNormalization 'batchnormalization_0': spatial must be 1, not 0; "
        "export with a newer opset"
    ]


@pytest.mark.parametrize("opset", [9, 14])
def test_statistics_as_outputs_are_refused(tmp_path: Path, opset: int) -> None:
    model = Model(("N", 2, 3, 2), opset)
    x = model.node("BatchNormalization", "x", *statistics(model, 2))
    model.nodes[-1].output.extend(["mean", "var"])
    assert refused(model.save(tmp_path, x)) == [
        "BatchNormalization 'batchnormalization_0': outputs must be Y only, not statistics; "
        "export the model for inference"
    ]


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("training", "training_mode must be 0; export the model for inference"),
        ("lengths", "scale, B, mean and var must have one length, not [2, 2, 1, 2]"),
        (
            "channels",
            "scale, B, mean and var must have one entry for each of 2 channels, not 1",
        ),
        ("variance", "var + epsilon must be positive, not -0.99999"),
        ("dynamic", "mean must be a constant, not computed at run time"),
    ],
)
def test_what_is_refused(tmp_path: Path, build: str, said: str) -> None:
    model = Model(("N", 2, 3, 2), opset=14)
    channels = 1 if build == "channels" else 2
    names = statistics(model, channels, [-1.0] if build == "variance" else None)
    if build == "lengths":
        names[2] = model.constant(np.ones(1, np.float32))
    if build == "dynamic":
        names[2] = model.node("Relu", "x")
    options = {"training_mode": 1} if build == "training" else {}
    x = model.node("BatchNormalization", "x", *names, **options)
    (line,) = refused(model.save(tmp_path, x))
    assert line.split(": ", 1)[1].startswith(said)

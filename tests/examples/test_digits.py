"""The digits example: files that need no torch, and the accuracy that its README states."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

FOLDER = Path(__file__).parents[2] / "examples" / "digits"
NETWORKS = ("digits_int8", "digits_ternary", "digits_tiny")


def stated_accuracy(name: str) -> float:
    line = next(
        line for line in (FOLDER / "README.md").read_text().splitlines() if f"`{name}.onnx`" in line
    )
    return float(re.findall(r"([\d.]+) %", line)[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_has_the_stated_accuracy(name: str) -> None:
    images = np.load(FOLDER / "images.npz")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(FOLDER / f"{name}.onnx", options)
    (logits,) = session.run(None, {"image": images["x"][:, None].astype(np.float32)})
    accuracy = 100 * float(np.mean(logits.argmax(axis=1) == images["y"]))
    assert accuracy == pytest.approx(stated_accuracy(name), abs=0.3)


def test_there_are_images_of_every_class() -> None:
    images = np.load(FOLDER / "images.npz")
    assert images["x"].shape == (360, 8, 8)
    assert images["x"].dtype == np.uint8
    assert images["x"].max() == 16
    assert np.bincount(images["y"]).min() >= 30


@pytest.mark.parametrize("name", ["digits_ternary", "digits_tiny"])
def test_ternary_weights_are_ternary(name: str) -> None:
    model = onnx.load(FOLDER / f"{name}.onnx")
    weights = [
        numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.name.endswith("_weight_codes")
    ]
    assert len(weights) >= 3
    for array in weights:
        assert set(np.unique(array)) == {-1, 0, 1}

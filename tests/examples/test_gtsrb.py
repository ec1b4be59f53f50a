"""The compressed traffic signs' network: what its README states, measured on the file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from sangi.compiler.frontend import load
from sangi.runtime.host import execute

FOLDER = Path(__file__).parents[2] / "examples" / "gtsrb"
MODEL = FOLDER / "small.onnx"
FLOAT_WEIGHTS = 554_208


def stated(row: str) -> list[float]:
    """Return the figures of the row of README's table that begins with ``row``."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"| {row} |"))
    return [float(figure) for figure in re.findall(r"[\d.]+", line[len(row) + 4 :])]


def codes() -> list[npt.NDArray[Any]]:
    arrays = map(numpy_helper.to_array, onnx.load(MODEL).graph.initializer)
    return [array.astype(int) for array in arrays if array.dtype == np.int8 and array.ndim > 1]


def test_the_sizes_are_the_stated_ones() -> None:
    layers = codes()
    assert len(layers) == 8
    bits = [int(np.ceil(np.log2(2 * np.abs(layer).max() + 1))) for layer in layers]
    assert bits == [4, 2, 2, 2, 2, 2, 2, 4]
    dense = sum(width * layer.size for width, layer in zip(bits, layers, strict=True))
    nonzero = sum(
        width * np.count_nonzero(layer) for width, layer in zip(bits, layers, strict=True)
    )
    ratios = stated("`small.onnx`")[1:3]
    assert [32 * FLOAT_WEIGHTS / dense, 32 * FLOAT_WEIGHTS / nonzero] == pytest.approx(
        ratios, abs=0.05
    )


def test_its_accuracy_is_the_stated_one() -> None:
    if "SANGI_DATA" not in os.environ:
        pytest.skip("SANGI_DATA is not set")
    signs = np.load(Path(os.environ["SANGI_DATA"]) / "gtsrb" / "test_mod4_0.npz")
    x, y = signs["x"], signs["y"]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(MODEL, options)
    (scores,) = session.run(None, {"image": x.transpose(0, 3, 1, 2).astype(np.float32)})
    accuracy = 100 * float(np.mean(scores.argmax(axis=1) == y))
    assert accuracy == pytest.approx(stated("`small.onnx`")[0], abs=0.1)
    (found,) = execute(load(MODEL), x[:200]).values()
    assert np.mean(found.argmax(axis=1) == scores[:200].argmax(axis=1)) >= 0.99

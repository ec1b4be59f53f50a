"""Float networks for scikit-learn's digits, good without any training by gradients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from sklearn.datasets import load_digits

from sangi.compiler.execute.runtime import open_session

Floats = npt.NDArray[np.float32]


def images_and_classes() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return 1797 images (N, 8, 8) of 0 … 16 with their digits."""
    data = load_digits()
    return data.images.astype(np.uint8), data.target.astype(np.int64)


def write_digits_model(
    path: Path, trained: int, filters: Sequence[int] = (8,), side: int = 8
) -> None:
    """Write a network of random convolutions and a dense layer by least squares on classes.

    Good enough to have something to lose.

    Parameters
    ----------
    path : Path
    trained : int
        The first so many images are what the last layer is solved for.
    filters : sequence of int
        Of every convolution: 3 × 3, and Relu; the first and the last have stride 2.
    """
    x, y = images_and_classes()
    random = np.random.default_rng(0)
    kernels: list[Floats] = []
    channels, size = 1, side
    for place, count in enumerate(filters):
        kernel = random.normal(size=(count, channels, 3, 3)) / np.sqrt(channels)
        kernels.append(kernel.astype(np.float32))
        size = -(-size // _stride(place, len(filters)))
        channels = count
    features = channels * size * size
    solved = _model(kernels, np.eye(features, dtype=np.float32), np.zeros(features, np.float32))
    (seen,) = open_session(solved).run(None, {"x": x[:trained, None].astype(np.float32)})
    known = np.hstack([seen, np.ones((trained, 1))])
    weights = np.linalg.lstsq(known, np.eye(10)[y[:trained]], rcond=1e-3)[0].astype(np.float32)
    onnx.save(_model(kernels, np.ascontiguousarray(weights[:-1].T), weights[-1]), path)


def _stride(place: int, layers: int) -> int:
    return 2 if place in (0, layers - 1) else 1


def _model(kernels: Sequence[Floats], weight: Floats, bias: Floats) -> onnx.ModelProto:
    nodes, constants = [], {"weight": weight, "bias": bias}
    tensor = "x"
    for place, kernel in enumerate(kernels):
        constants[f"kernels{place}"] = kernel
        stride = [_stride(place, len(kernels))] * 2
        nodes.append(
            helper.make_node(
                *("Conv", [tensor, f"kernels{place}"], [f"c{place}"], f"conv{place}"),
                pads=[1] * 4,
                strides=stride,
            )
        )
        tensor = f"r{place}"
        nodes.append(helper.make_node("Relu", [f"c{place}"], [tensor], f"relu{place}"))
    nodes.append(helper.make_node("Flatten", [tensor], ["f"], "flatten"))
    nodes.append(helper.make_node("Gemm", ["f", "weight", "bias"], ["y"], "dense", transB=1))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", len(bias)])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    return model

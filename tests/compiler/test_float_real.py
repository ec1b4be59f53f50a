"""Real float networks at 8 bits: what quantization costs them, on the images of their own tasks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from sangi.boards.load import load_board
from sangi.compiler.frontend import load
from sangi.compiler.mapping.mapper import map_program
from sangi.runtime.host import execute
from sangi.runtime.ops.conv import Conv
from sangi.runtime.program import Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.ci,
    pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set"),
]

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def images(name: str, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    with np.load(data() / name) as arrays:
        return arrays["x"][:count], arrays["y"][:count]


def data() -> Path:
    return Path(os.environ["SANGI_DATA"])


def float_classes(path: Path, x: np.ndarray) -> np.ndarray:
    """The decisions of the model itself, in ONNX Runtime."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    size = entry.shape[0] if isinstance(entry.shape[0], int) else 100
    batches = (x[start : start + size] for start in range(0, len(x), size))
    runs = [session.run(None, {entry.name: batch.astype(np.float32)})[0] for batch in batches]
    return np.concatenate(runs).argmax(axis=1)


def classes(program: Program, x: np.ndarray) -> np.ndarray:
    return next(iter(execute(program, x).values())).argmax(axis=1)


def test_resnet20_loses_little_and_maps() -> None:
    path = data() / "models" / "akamaster_resnet20_cifar10.onnx"
    x, y = images("cifar10/test_lossless_0000_0499.npz")
    program = load(path, mean=MEAN, std=STD, data=data() / "cifar10" / "train_lossless_5009.npz")
    normalized = ((x - np.array(MEAN)) / np.array(STD)).transpose(0, 3, 1, 2)
    floats, codes = float_classes(path, normalized), classes(program, x)
    print(f"ResNet-20: float {np.mean(floats == y):.1%}, 8 bits {np.mean(codes == y):.1%}")
    assert np.mean(floats == y) > 0.9
    assert np.mean(codes == y) >= np.mean(floats == y) - 0.006
    # Both option-A shortcuts are layers that select, and no weights of the network.
    layers = [node for node in program.nodes if isinstance(node.op, Conv)]
    assert [node.name for node in layers if "shortcut" in node.name] == [
        "/layer2/layer2.0/shortcut/Pad",
        "/layer3/layer3.0/shortcut/Pad",
    ]
    assert program.original_weights == 268_336
    design = map_program(program, load_board("zcu104"))
    assert {unit.node for unit in design.units} >= {node.name for node in layers}


def test_mnist_convolutions_keep_their_decisions() -> None:
    path = data() / "models" / "qonnx_mnist_conv_float.onnx"
    x, y = images("mnist/test_0000_4999.npz")
    program = load(path, data=images("mnist/train_20000.npz", 512)[0])
    floats, codes = float_classes(path, x[:, None]), classes(program, x)
    print(f"MNIST: float {np.mean(floats == y):.2%}, 8 bits {np.mean(codes == y):.2%}")
    assert np.mean(codes == y) >= np.mean(floats == y) - 0.001
    assert np.mean(codes == floats) >= 0.999

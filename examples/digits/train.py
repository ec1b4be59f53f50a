"""Train the three digit networks and write them beside this file, with their test images.

    pip install torch scikit-learn onnx onnxruntime numpy
    python examples/digits/train.py

About a minute on two cores. Nothing is downloaded: the digits come with scikit-learn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from networks import Residual, Tiny
from qdq import QdqModel
from quantized import Activation
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

HERE = Path(__file__).parent
SEED = 1
TEST_IMAGES = 360


def split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return train and test images (N, 8, 8) uint8 0…16 and labels, always split alike."""
    digits = load_digits()
    parts = train_test_split(
        digits.images.astype(np.uint8),
        digits.target.astype(np.int64),
        test_size=TEST_IMAGES,
        random_state=0,
        stratify=digits.target,
    )
    return parts[0], parts[2], parts[1], parts[3]


def shifted(x: Tensor) -> Tensor:
    """Return the batch moved by −1, 0 or +1 pixels in each direction (data augmentation)."""
    row, column = (int(torch.randint(0, 3, ())) for _ in range(2))
    return F.pad(x, (1, 1, 1, 1))[:, :, row : row + 8, column : column + 8]


def calibrate(network: nn.Module, x: Tensor) -> None:
    """Give every quantizer the range that it sees, in the order of the layers."""
    for quantizer in [m for m in network.modules() if isinstance(m, Activation)]:
        hook = quantizer.register_forward_pre_hook(lambda m, inputs: m.calibrate(inputs[0]))
        with torch.no_grad():
            network(x)
        hook.remove()


def train(network: nn.Module, x: Tensor, y: Tensor, epochs: int, augment: bool) -> None:
    """Train: a third in float activations, then with all rounding, the end with frozen norms."""
    steps = [p for name, p in network.named_parameters() if name.endswith("log_step")]
    others = [p for name, p in network.named_parameters() if not name.endswith("log_step")]
    optimizer = torch.optim.AdamW(
        [{"params": others, "weight_decay": 1e-3}, {"params": steps, "weight_decay": 0.0}]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [1e-2, 1e-3], total_steps=epochs * (len(x) // 64)
    )
    for epoch in range(epochs):
        network.train()
        if epoch == epochs // 3:
            calibrate(network, x[:512])
        if epoch >= epochs * 5 // 6:
            for module in network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - 63, 64):
            batch = order[start : start + 64]
            images = shifted(x[batch]) if augment else x[batch]
            loss = F.cross_entropy(network(images), y[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def accuracy(path: Path, x: np.ndarray, y: np.ndarray) -> float:
    """Return the top-1 accuracy of an ONNX file by ONNX Runtime, unfused (0 … 1)."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"image": x[:, None].astype(np.float32)})
    return float((logits.argmax(1) == y).mean())


def main() -> None:
    """Train, write and measure all networks."""
    train_x, train_y, test_x, test_y = split()
    np.savez_compressed(HERE / "images.npz", x=test_x, y=test_y.astype(np.uint8))
    x = torch.from_numpy(train_x[:, None].astype(np.float32))
    y = torch.from_numpy(train_y)
    plan = {
        "digits_int8": (lambda: Residual(16, ternary=False, codes=(-128, 127)), 30, True),
        "digits_ternary": (lambda: Residual(16, ternary=True, codes=(0, 255)), 60, True),
        "digits_tiny": (Tiny, 90, False),
    }
    for name, (make, epochs, augment) in plan.items():
        torch.manual_seed(SEED)
        network = make()
        train(network, x, y, epochs, augment)
        network.eval()
        model = QdqModel(name)
        network.write(model)
        model.save(HERE / f"{name}.onnx")
        figure = accuracy(HERE / f"{name}.onnx", test_x, test_y)
        print(f"{name}: {100 * figure:.2f} % of {len(test_y)} test images")


if __name__ == "__main__":
    main()

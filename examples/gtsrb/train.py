"""Train the float network for traffic signs that `sangi compress` then makes small.

    pip install '.[train]'
    python examples/gtsrb/train.py DATA/gtsrb gtsrb.onnx

Two minutes on two cores that know bfloat16. It sees the training part of the split by track alone,
the same that `sangi compress --group track` makes, so that the validation images are new to it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch import Tensor, nn

from sangi.compiler.compress.data.split import split

TRAIN = ("train_2pertrack.npz", "train_more_4pertrack.npz")
TEST = "test_mod4_0.npz"
CLASSES = 43
CHANNELS = (32, 32, 64, 64, 128, 128)
HIDDEN = 128
BATCH = 64
SHIFT = 3
SEED = 0
OPS = {
    nn.Conv2d: "Conv",
    nn.BatchNorm2d: "BatchNormalization",
    nn.BatchNorm1d: "BatchNormalization",
    nn.ReLU: "Relu",
    nn.MaxPool2d: "MaxPool",
    nn.Flatten: "Flatten",
    nn.Linear: "Gemm",
}
#: Of the training images, whole tracks; as `sangi compress` has it by default.
VALIDATION = 0.2


def network() -> nn.Sequential:
    """Return the network: pairs of 3×3 convolutions and poolings, then two dense layers."""
    layers: list[nn.Module] = []
    channels = 3
    for index, filters in enumerate(CHANNELS):
        layers.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
        layers += [nn.BatchNorm2d(filters), nn.ReLU()]
        if index % 2:
            layers.append(nn.MaxPool2d(2))
        channels = filters
    side = 32 >> len(CHANNELS) // 2
    layers += [nn.Flatten(), nn.Linear(channels * side * side, HIDDEN, bias=False)]
    layers += [nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)]
    return nn.Sequential(*layers)


def read_train(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images (N, 32, 32, 3) uint8, classes and tracks of both training files."""
    parts = [np.load(folder / name) for name in TRAIN]
    return tuple(np.concatenate([part[key] for part in parts]) for key in ("x", "y", "track"))


def shifted(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return every image moved by up to SHIFT pixels in each direction, its edge repeated."""
    rows, columns = (
        np.clip(np.arange(32) + generator.integers(-SHIFT, SHIFT + 1, (len(x), 1)), 0, 31)
        for _ in range(2)
    )
    return x[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]]


def tensor(x: np.ndarray) -> Tensor:
    """Return images as the network takes them: raw pixels 0 … 255, channels first."""
    return torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2)


def train(x: np.ndarray, y: np.ndarray, epochs: int) -> nn.Sequential:
    """Return the network trained on images and classes."""
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    model = network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * steps)
    labels = torch.from_numpy(y.astype(np.int64))
    for epoch in range(epochs):
        model.train()
        losses = []
        for batch in generator.permutation(len(x))[: steps * BATCH].reshape(steps, BATCH):
            with torch.autocast("cpu", torch.bfloat16):
                scores = model(tensor(shifted(x[batch], generator)))
            loss = F.cross_entropy(scores.float(), labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1:2d}: loss {np.mean(losses):.4f}", flush=True)
    return model.eval()


def write(model: nn.Sequential, path: Path) -> None:
    """Write the network as ONNX: input `image` (N, 3, 32, 32), output `scores` (N, 43).

    Node by node, because exporters fold batch normalization into the convolutions, and slimming
    ranks channels by its factors.
    """
    nodes, constants = [], []
    source = "image"

    def constant(name: str, value: Tensor) -> str:
        constants.append(numpy_helper.from_array(value.detach().contiguous().numpy(), name))
        return name

    for index, layer in enumerate(model):
        kind = OPS[type(layer)]
        name = f"{kind.lower()}_{index}"
        inputs = [constant(f"{name}.{key}", v) for key, v in layer.state_dict().items() if v.ndim]
        target = "scores" if index == len(model) - 1 else f"{name}.out"
        options = {
            "Conv": {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
            "Gemm": {"transB": 1},
            "MaxPool": {"kernel_shape": [2, 2], "strides": [2, 2]},
        }.get(kind, {})
        nodes.append(helper.make_node(kind, [source, *inputs], [target], name, **options))
        source = target
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "gtsrb",
        [value("image", onnx.TensorProto.FLOAT, ["N", 3, 32, 32])],
        [value("scores", onnx.TensorProto.FLOAT, ["N", CLASSES])],
        constants,
    )
    opset = helper.make_opsetid("", 17)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)


def accuracy(path: Path, x: np.ndarray, y: np.ndarray) -> float:
    """Return the top-1 accuracy of an ONNX file by ONNX Runtime (0 … 1)."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {"image": tensor(x).contiguous().numpy()})
    return float((scores.argmax(1) == y).mean())


def main() -> None:
    """Train, write and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the folder with the three .npz files")
    parser.add_argument("out", type=Path, help="the ONNX file to write")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    x, y, track = read_train(options.data)
    ours, held = split(y, track, VALIDATION, SEED)
    model = train(x[ours], y[ours], options.epochs)
    write(model, options.out)
    print(f"validation: {100 * accuracy(options.out, x[held], y[held]):.2f} % of {len(held)}")
    with np.load(options.data / TEST) as test:
        figure = accuracy(options.out, test["x"], test["y"])
        print(f"test:       {100 * figure:.2f} % of {len(test['y'])}")


if __name__ == "__main__":
    main()

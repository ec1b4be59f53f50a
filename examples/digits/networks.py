"""The three small networks, trained with PyTorch and written as QDQ ONNX."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from qdq import QdqModel, Value
from quantized import Activation, Weights
from torch import Tensor, nn


class Layer(nn.Module):
    """Convolution or dense layer → batch normalization [→ ReLU] [→ 8-bit quantizer]."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        ternary: bool,
        codes: tuple[int, int],
        relu: bool = True,
        quantize: bool = True,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.weights = Weights(shape, ternary)
        self.relu, self.stride, self.padding = relu, stride, shape[-1] // 2
        self.dense = len(shape) == 2
        self.act = Activation(*codes, rectified=relu) if quantize else None

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weights()
        if self.dense:
            x = F.linear(x, weight)[:, :, None, None]
        else:
            x = F.conv2d(x, weight, stride=self.stride, padding=self.padding)
        x = self.weights.norm(x)
        x = torch.relu(x) if self.relu else x
        x = x.flatten(1) if self.dense else x
        return self.act(x) if self.act else x

    def write(self, model: QdqModel, name: str, x: Value) -> Value:
        """Append this layer to an ONNX model."""
        codes, scale, bias = (part.detach().numpy() for part in self.weights.folded())
        if self.dense:
            y = model.dense(name, x, codes, scale, bias)
        else:
            y = model.conv(name, x, codes, scale, bias, stride=self.stride, padding=self.padding)
        y = model.relu(f"{name}_relu", y) if self.relu else y
        return model.quantize(f"{name}_quantize", y, *constants(self.act)) if self.act else y


def constants(act: Activation) -> tuple[float, int, bool]:
    """Return step, zero point and signedness of a trained quantizer."""
    return float(act.step.detach()), act.zero_point, act.low < 0


class Residual(nn.Module):
    """Three convolutions with a residual Add, pooling, one more, global average, dense.

    ``codes`` is the range of the activations: int8 with zero points that differ from layer to
    layer, or uint8.
    """

    def __init__(self, channels: int, *, ternary: bool, codes: tuple[int, int]) -> None:
        super().__init__()
        n, kind = channels, {"ternary": ternary, "codes": codes}
        self.conv1 = Layer((n, 1, 3, 3), **kind)
        self.conv2 = Layer((n, n, 3, 3), **kind)
        self.conv3 = Layer((n, n, 3, 3), relu=False, **kind)
        self.sum = Activation(*codes, rectified=True)
        self.conv4 = Layer((2 * n, n, 3, 3), **kind)
        self.mean = Activation(*codes, rectified=True)
        self.dense = Layer((10, 2 * n), relu=False, quantize=False, **kind)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = self.sum(torch.relu(x + self.conv3(self.conv2(x))))
        x = self.conv4(F.max_pool2d(x, 2))
        return self.dense(self.mean(x.mean((2, 3))))

    def write(self, model: QdqModel) -> None:
        """Write the trained network."""
        x = self.conv1.write(model, "conv1", model.input("image", (1, 8, 8)))
        y = self.conv3.write(model, "conv3", self.conv2.write(model, "conv2", x))
        x = model.relu("add_relu", model.add("add", x, y))
        x = model.quantize("add_quantize", x, *constants(self.sum))
        x = self.conv4.write(model, "conv4", model.max_pool("pool", x, 2))
        x = model.global_average("average", x)
        x = model.quantize("average_quantize", x, *constants(self.mean))
        model.output("logits", self.dense.write(model, "dense", model.flatten("flatten", x)))


class Tiny(nn.Module):
    """Two ternary convolutions with pooling and a dense layer, for the smallest chips."""

    def __init__(self) -> None:
        super().__init__()
        kind = {"ternary": True, "codes": (0, 255)}
        self.conv1 = Layer((8, 1, 3, 3), **kind)
        self.conv2 = Layer((8, 8, 3, 3), **kind)
        self.dense = Layer((10, 32), relu=False, quantize=False, **kind)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.dense(x.flatten(1))

    def write(self, model: QdqModel) -> None:
        """Write the trained network."""
        x = self.conv1.write(model, "conv1", model.input("image", (1, 8, 8)))
        x = self.conv2.write(model, "conv2", model.max_pool("pool1", x, 2))
        x = model.flatten("flatten", model.max_pool("pool2", x, 2))
        model.output("logits", self.dense.write(model, "dense", x))

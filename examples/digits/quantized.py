"""Layers that learn with the rounding that the integer circuit will do (PyTorch).

Forward they round, backward they pretend that rounding is the identity (straight-through
estimator; Bengio et al. 2013). Step sizes of activations are trained (LSQ; Esser et al. 2020);
ternary weights take the threshold 0.7 · mean |w| of TWN (Li et al. 2016). ``torch.round`` rounds
half to even, as ONNX QuantizeLinear does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def through(rounded: Tensor, original: Tensor) -> Tensor:
    """Return ``rounded`` with the gradient of ``original``."""
    return original + (rounded - original).detach()


class Activation(nn.Module):
    """A fake quantizer of 8 bits with a trained step.

    Parameters
    ----------
    low, high : int
        Codes, −128 … 127 or 0 … 255.
    rectified : bool
        Whether values are never negative: real 0 then gets the code ``low``; else the zero point
        comes from the calibrated range.
    """

    def __init__(self, low: int, high: int, rectified: bool) -> None:
        super().__init__()
        self.low, self.high, self.rectified = low, high, rectified
        self.zero_point = low
        # Steps are small and positive: their logarithm is what an optimizer can move safely.
        self.log_step = nn.Parameter(torch.zeros(()))
        self.active = False

    @property
    def step(self) -> Tensor:
        """The distance of two codes."""
        return torch.exp(self.log_step)

    def calibrate(self, x: Tensor) -> None:
        """Set step and zero point from sample values, and switch the rounding on."""
        bottom = 0.0 if self.rectified else float(torch.quantile(x.flatten()[:200_000], 0.001))
        top = float(torch.quantile(x.flatten()[:200_000], 0.999))
        step = (top - bottom) / (self.high - self.low)
        self.zero_point = self.low - round(bottom / step)
        with torch.no_grad():
            self.log_step.fill_(math.log(step))
        self.active = True

    def forward(self, x: Tensor) -> Tensor:
        if not self.active:
            return x
        steps = x / self.step
        codes = through(torch.round(steps), steps)
        codes = torch.clamp(codes, self.low - self.zero_point, self.high - self.zero_point)
        return codes * self.step


class Weights(nn.Module):
    """Quantized weights of a layer, one scale per filter, followed by batch normalization.

    The normalization is per filter too: at export it moves into the scale and the bias, and the
    codes stay what they were.

    Parameters
    ----------
    shape : tuple of int
        (filters, …).
    ternary : bool
        Codes −1, 0, +1 instead of −127 … 127.
    """

    def __init__(self, shape: tuple[int, ...], ternary: bool) -> None:
        super().__init__()
        fan_in = torch.Size(shape[1:]).numel()
        self.latent = nn.Parameter(torch.randn(shape) * (2 / fan_in) ** 0.5)
        self.norm = nn.BatchNorm2d(shape[0])
        self.ternary = ternary

    def codes(self) -> tuple[Tensor, Tensor]:
        """Return integer codes (as floats) and the scale per filter, shaped to broadcast."""
        size = self.latent.detach().abs()
        axes = tuple(range(1, size.dim()))
        if self.ternary:
            chosen = size > 0.7 * size.mean(axes, keepdim=True)
            codes = torch.sign(self.latent.detach()) * chosen
            scale = (size * chosen).sum(axes, keepdim=True) / chosen.sum(axes, keepdim=True)
            return codes, scale
        scale = size.amax(axes, keepdim=True) / 127
        return torch.round(self.latent.detach() / scale), scale

    def forward(self) -> Tensor:
        codes, scale = self.codes()
        return through(codes * scale, self.latent)

    def folded(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return int8 codes, float scale (filters,) and bias (filters,) with the norm folded in."""
        codes, scale = self.codes()
        norm = self.norm
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        # A negative gain turns the codes around, so that scales are positive.
        codes = codes * torch.where(gain < 0, -1.0, 1.0).view(scale.shape)
        bias = norm.bias - norm.running_mean * gain
        return codes.to(torch.int8), scale.flatten() * gain.abs(), bias

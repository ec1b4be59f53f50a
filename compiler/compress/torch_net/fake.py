"""Rounding that lets gradients through: activations to codes, weights to their grids."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import Function


class RoundCodes(Function):
    """``clamp(round(x), low, high)``; the gradient passes where x lies between the ends.

    One new tensor and two passes over memory on the way out, one pass on the way back.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, low: float, high: float) -> Any:
        """Return codes of the dtype of ``x``."""
        ctx.save_for_backward(x)
        ctx.ends = (low - 0.5, high + 0.5) if low else (0.0, high + 0.5)
        return torch.clamp(x, low, high).round_()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Return the gradient, 0 where codes were clamped; a Relu's edge is its own."""
        (x,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(grad, x, *ctx.ends), None, None


class StraightThrough(Function):
    """``value`` instead of the weights; the gradient passes to the weights as it is."""

    @staticmethod
    def forward(ctx: Any, weight: Any, value: Any, mask: Any) -> Any:
        """Return ``value``, a tensor of the shape of ``weight``."""
        ctx.mask = mask
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Return the gradient, 0 where the mask is."""
        grad = grad.float()
        return grad if ctx.mask is None else grad * ctx.mask, None, None


round_codes: Any = RoundCodes.apply
straight_through: Any = StraightThrough.apply

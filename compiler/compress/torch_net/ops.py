"""What every op computes, one function each.

Tensors of frames (H, W, C) are held channels first, (N, C, H, W), in channels-last memory; all
others as (N, *shape). A factor may stand beside a tensor: codes stay whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from ....runtime.errors import UnsupportedError
from ...ir import ops as ir
from ..norm import Norm
from .fake import round_codes
from .layer import Layer
from .normal import Normal
from .plan import Call, Round


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor and the factor that belongs to it."""

    tensor: Any
    factor: float = 1.0

    def real(self) -> Any:
        """Return the values."""
        return self.tensor if self.factor == 1 else self.tensor * self.factor


@dataclass(frozen=True, eq=False)
class Run:
    """What one execution works with.

    Attributes
    ----------
    layers, norms : mapping of node name to Layer, Normal
    codes : mapping of node name to what ``Layer.exact`` gives
        Empty in training.
    dtype : torch.dtype
        Of activations.
    training : bool
        Straight-through gradients, and Norm by the batch's statistics; else exact values without
        gradients.
    """

    layers: Mapping[str, Layer]
    norms: Mapping[str, Normal]
    codes: Mapping[str, tuple[Any, Any]]
    dtype: Any
    training: bool


def compute(run: Run, call: Call, values: list[Held]) -> Held:
    """Return the value of one call.

    Raises
    ------
    UnsupportedError
        If there is no rule for the op.
    """
    rule = _RULES.get(type(call.op))
    if rule is None:
        raise UnsupportedError(
            f"{type(call.op).__name__} '{call.node}' must be an op that can be trained; those are "
            + ", ".join(sorted(kind.__name__ for kind in _RULES))
        )
    return rule(run, call, *values)


def inside(x: Any) -> Any:
    """Return (N, *shape) as it is held here."""
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def outside(x: Any) -> Any:
    """Return a held tensor as (N, *shape), channels last."""
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def _weighted(run: Run, call: Call, x: Held, apply: Callable[[Any, Any, Any], Any]) -> Held:
    layer = run.layers[call.node]
    bias = layer.real_bias()
    if run.training:
        weight = layer.trained(x.factor, run.dtype)
        return Held(apply(x.tensor, weight, None if bias is None else bias.to(run.dtype)))
    # Codes first: their sums are whole numbers, free of rounding.
    weight, scale = run.codes[call.node]
    if scale is None:
        return Held(apply(x.real(), weight.to(run.dtype), _cast(bias, run.dtype)))
    total = apply(x.tensor, weight.to(run.dtype), None)
    shape = (1, -1, *[1] * (total.ndim - 2))
    total = total * (scale * x.factor).view(shape).to(run.dtype)
    return Held(total if bias is None else total + bias.detach().view(shape).to(run.dtype))


def _cast(bias: Any, dtype: Any) -> Any:
    return None if bias is None else bias.detach().to(dtype)


def _conv(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    top, left, bottom, right = op.padding
    even = (top, left) == (bottom, right)

    def apply(tensor: Any, weight: Any, bias: Any) -> Any:
        tensor = tensor if even else functional.pad(tensor, (left, right, top, bottom))
        padding = (top, left) if even else (0, 0)
        return functional.conv2d(
            tensor, weight.permute(0, 3, 1, 2), bias, op.stride, padding, op.dilation, op.groups
        )

    return _weighted(run, call, x, apply)


def _dense(run: Run, call: Call, x: Held) -> Held:
    return _weighted(run, call, x, functional.linear)


def _norm(run: Run, call: Call, x: Held) -> Held:
    norm = run.norms[call.node]
    if not run.training:
        return Held(_by_channel(x.real(), lambda t: norm.exact(t.float()).to(run.dtype)))
    return Held(_by_channel(x.real(), lambda t: norm.trained(t, call.divisor)))


def _by_channel(x: Any, rule: Callable[[Any], Any]) -> Any:
    """Apply a rule for channels at axis 1 to a held tensor of any rank."""
    if x.ndim in (2, 4):
        return rule(x)
    return rule(x.reshape(-1, x.shape[-1])).reshape(x.shape)


def _round(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    if run.training:
        factor = x.factor if op.divided else x.factor / op.scale
        tensor = x.tensor if factor == 1 else x.tensor * factor
        return Held(round_codes(tensor, float(op.low), float(op.high)), op.scale)
    codes = torch.round(x.real() / op.scale).clamp_(op.low, op.high)
    return Held(codes, op.scale)


def _affine(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    scale, shift = (
        torch.tensor([float(value) for value in values], dtype=torch.float32)
        for values in (op.scale, op.shift)
    )

    def apply(tensor: Any) -> Any:
        shape = (1, -1, *[1] * (tensor.ndim - 2))
        return (tensor.float() * scale.view(shape) + shift.view(shape)).to(run.dtype)

    return Held(_by_channel(x.real(), apply))


def _relu(run: Run, call: Call, x: Held) -> Held:
    return Held(functional.relu(x.tensor), x.factor)


def _clip(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    low, high = (None if end is None else float(end) for end in (op.low, op.high))
    return x if low is None and high is None else Held(torch.clamp(x.real(), low, high))


def _sigmoid(run: Run, call: Call, x: Held) -> Held:
    return Held(torch.sigmoid(x.real().float()))


def _softmax(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    return Held(inside(torch.softmax(outside(x.real()).float(), op.axis + 1)))


def _arg_max(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    return Held(inside(outside(x.real()).argmax(op.axis + 1, keepdim=op.keepdims)))


def _max_pool(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    top, left, bottom, right = op.padding
    tensor = x.tensor
    if any(op.padding):
        tensor = functional.pad(tensor, (left, right, top, bottom), value=-torch.inf)
    return Held(functional.max_pool2d(tensor, op.kernel, op.stride, 0, op.dilation), x.factor)


def _average_pool(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    top, left, bottom, right = op.padding
    tensor = functional.pad(x.tensor, (left, right, top, bottom)) if any(op.padding) else x.tensor
    area: Any = op.kernel[0] * op.kernel[1]
    if tensor.shape[2:] == op.kernel:
        # Sums in float32: of codes they are exact.
        total = tensor.float().sum((2, 3), keepdim=True)
    else:
        total = functional.avg_pool2d(tensor.float(), op.kernel, op.stride, divisor_override=1)
    if any(op.padding) and not op.count_include_pad:
        ones = functional.pad(
            torch.ones(x.tensor.shape[2:])[None, None], (left, right, top, bottom)
        )
        area = functional.avg_pool2d(ones, op.kernel, op.stride, divisor_override=1)
    return Held((total * x.factor / area).to(run.dtype))


def _add(run: Run, call: Call, first: Held, second: Held) -> Held:
    return Held(first.real() + second.real())


def _concat(run: Run, call: Call, *values: Held) -> Held:
    op: Any = call.op
    if len({value.factor for value in values}) == 1:
        tensors, factor = [value.tensor for value in values], values[0].factor
    else:
        tensors, factor = [value.real() for value in values], 1.0
    axis = op.axis + 1
    if tensors[0].ndim == 4:
        axis = (2, 3, 1)[op.axis]
    return Held(torch.cat(tensors, axis), factor)


def _reshape(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    tensor = outside(x.tensor)
    return Held(inside(tensor.reshape(len(tensor), *op.shape)), x.factor)


def _transpose(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    tensor = outside(x.tensor).permute(0, *(axis + 1 for axis in op.perm))
    return Held(inside(tensor.contiguous()), x.factor)


def _slice(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    parts = zip(op.start, op.size, op.step, strict=True)
    cut = (slice(first, first + (size - 1) * step + 1, step) for first, size, step in parts)
    return Held(inside(outside(x.tensor)[(slice(None), *cut)]), x.factor)


def _pad(run: Run, call: Call, x: Held) -> Held:
    op: Any = call.op
    pairs = reversed(list(zip(op.before, op.after, strict=True)))
    widths = [width for pair in pairs for width in pair]
    return Held(inside(functional.pad(outside(x.tensor), widths)), x.factor)


_RULES: Mapping[type[ir.Op], Callable[..., Held]] = {
    ir.Add: _add,
    ir.Affine: _affine,
    ir.ArgMax: _arg_max,
    ir.AveragePool: _average_pool,
    ir.Clip: _clip,
    ir.Concat: _concat,
    ir.Conv: _conv,
    ir.Dense: _dense,
    ir.MaxPool: _max_pool,
    ir.Pad: _pad,
    ir.Relu: _relu,
    ir.Reshape: _reshape,
    ir.Sigmoid: _sigmoid,
    ir.Slice: _slice,
    ir.Softmax: _softmax,
    ir.Transpose: _transpose,
    Norm: _norm,
    Round: _round,
}

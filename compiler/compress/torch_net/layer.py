"""The trainable numbers of a Conv or Dense layer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import frexp, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ..codes import codes_of
from ..prune.balanced import kept_per_bank
from ..rule import BalancedTernary, Integer, Rule, Ternary
from .fake import straight_through

FloatArray = npt.NDArray[np.float64]


class Layer:
    """Hidden weights and bias of one layer, in units of the weights' root mean square.

    In these units one learning rate fits every layer, whatever its weights are measured in. A unit
    is a power of two: weights that were not trained come back to the last bit.
    """

    def __init__(self, op: Conv | Dense, rule: Rule) -> None:
        self._op = op
        self._rule = rule
        weight = op.weight.astype(np.float64)
        self._unit = power_of_two(weight)
        self.weight = parameter(weight / self._unit)
        self._mask = None if rule.mask is None else torch.from_numpy(rule.mask.copy())
        self._largest = None
        if rule.unit is not None:
            shape = (-1, *[1] * (weight.ndim - 1))
            self._largest = torch.tensor(rule.unit / self._unit, dtype=torch.float32).view(shape)
        self.bias: Any = None
        if op.bias is not None:
            bias = np.array([float(value) for value in op.bias])
            self._bias_unit = power_of_two(bias)
            self.bias = parameter(bias / self._bias_unit)

    @property
    def ternary(self) -> bool:
        """Whether weights are -1, 0 and 1 of their scale."""
        return isinstance(self._rule.grid, Ternary | BalancedTernary)

    def hidden(self) -> FloatArray:
        """Return the hidden weights: float64 in the shape of the IR, numbers of float32."""
        values: FloatArray = self.weight.detach().numpy().astype(np.float64) * self._unit
        return values.astype(np.float32).astype(np.float64)

    def exact(self) -> tuple[Any, Any]:
        """Return codes (float32, shape of the weights) and their scale (filters,).

        These are the codes of ``compress.codes``; without a grid the weights and None.
        """
        weight = self.hidden()
        if self._rule.grid is None:
            if self._rule.mask is not None:
                weight = np.where(self._rule.mask, weight, 0.0)
            return torch.from_numpy(weight.astype(np.float32)), None
        codes, scale = codes_of(weight, self._rule)
        return torch.from_numpy(codes.astype(np.float32)), torch.from_numpy(scale)

    def trained(self, factor: float, dtype: Any) -> Any:
        """Return the weights on their grid, times a factor, with straight-through gradients.

        Computed in float32, so that a code next to an edge may differ from ``exact``.
        """
        with torch.no_grad():
            value = self._on_grid(self.weight)
        value = straight_through(self.weight, value, self._mask)
        return (value * (self._unit * factor)).to(dtype)

    def real_bias(self) -> Any:
        """Return the bias (filters,), or None."""
        return None if self.bias is None else self.bias * self._bias_unit

    def settle(self) -> None:
        """After a step: clip ternary weights to their unit, and zero what was pruned."""
        with torch.no_grad():
            if self.ternary and self._largest is not None:
                torch.clamp(self.weight, -self._largest, self._largest, out=self.weight)
            if self._mask is not None:
                self.weight.mul_(self._mask)

    def op(self) -> Conv | Dense:
        """Return the layer as an op of the IR."""
        op = replace(self._op, weight=self.hidden())
        if self.bias is None:
            return op
        return replace(op, bias=exact_floats(self.bias, self._bias_unit))

    def _on_grid(self, weight: Any) -> Any:
        grid, mask = self._rule.grid, self._mask
        if grid is None:
            return weight.detach() if mask is None else weight * mask
        sizes = weight.abs()
        axes = tuple(range(1, weight.ndim))
        if isinstance(grid, Integer):
            if mask is not None:
                sizes = sizes * mask
            count = sizes[0].numel() if mask is None else mask.sum(axes, keepdim=True).clamp_min(1)
            mean = sizes.sum(axes, keepdim=True) / count
            peak = sizes.amax(axes, keepdim=True) / grid.largest
            scale = torch.minimum(peak, 2 * mean / sqrt(grid.largest)).clamp_min(1e-30)
            codes = (weight / scale).round_().clamp_(-grid.largest, grid.largest)
            if self._rule.even:
                codes = torch.where(codes == 0, torch.where(weight < 0, -1.0, 1.0), codes)
            return codes.mul_(scale) if mask is None else codes.mul_(scale).mul_(mask)
        if isinstance(grid, Ternary):
            assert self._largest is not None
            chosen = sizes > grid.threshold * self._largest
            if mask is not None:
                chosen &= mask
        else:
            chosen = self._strongest(sizes, grid)
        kept = sizes * chosen
        scale = kept.sum(axes, keepdim=True) / chosen.sum(axes, keepdim=True).clamp_min(1)
        return torch.copysign(scale, weight).mul_(chosen)

    def _strongest(self, sizes: Any, grid: BalancedTernary) -> Any:
        """Return where the largest of every filter and bank are; of equal ones, the first.

        As ``exact`` has it: many weights that are clipped to their unit are equal.
        """
        shape, banks = tuple(sizes.shape), grid.banks
        kept = kept_per_bank(shape, grid.zeros, banks)
        mask = self._mask
        allowed = sizes if mask is None else torch.where(mask, sizes, -1.0)
        rows = allowed.reshape(shape[0], -1, shape[-1])
        rows = torch.nn.functional.pad(rows, (0, -shape[-1] % banks), value=-1.0)
        split = rows.view(shape[0], rows.shape[1], -1, banks)
        flat = split.permute(0, 3, 1, 2).reshape(shape[0], banks, -1)
        if mask is not None:
            kept = max(1, min(kept, int((flat >= 0).sum(2).min())))
        order = flat.argsort(dim=2, descending=True, stable=True)[:, :, :kept]
        chosen = torch.zeros_like(flat, dtype=torch.bool).scatter_(2, order, True) & (flat >= 0)
        chosen = chosen.view(shape[0], banks, *split.shape[1:3]).permute(0, 2, 3, 1)
        return chosen.reshape(rows.shape)[:, :, : shape[-1]].reshape(shape)


def parameter(values: FloatArray) -> Any:
    """Return a float32 tensor that is trained."""
    return torch.tensor(values, dtype=torch.float32).requires_grad_()


def power_of_two(values: FloatArray) -> float:
    """Return a power of two near the root mean square of what is not 0; 1 where all is 0."""
    some = values[values != 0]
    if not some.size:
        return 1.0
    size = sqrt(float((some * some).mean()))
    # Far enough from the ends of float32 that quotients and products stay normal.
    return float(2.0 ** min(max(frexp(size)[1], -60), 60))


def exact_floats(values: Any, unit: float) -> tuple[Fraction, ...]:
    """Return float32 numbers in a unit as exact rationals."""
    return tuple(Fraction(float(value) * unit) for value in values.detach().numpy())

"""The trainable numbers of a Norm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..norm import FloatArray, Norm
from .layer import parameter, power_of_two


class Normal:
    """Factors and statistics of one Norm; factors in units of their root mean square."""

    def __init__(self, op: Norm) -> None:
        self._op = op
        # One unit for both: an offset is as large as what it is added to.
        self._unit = power_of_two(op.gamma)
        self.gamma = parameter(op.gamma / self._unit)
        self.beta = parameter(op.beta / self._unit)
        self.mean = torch.tensor(op.mean, dtype=torch.float32)
        self.variance = torch.tensor(op.variance, dtype=torch.float32)
        self.momentum = 0.0

    def trained(self, x: Any, divisor: float) -> Any:
        """Return the tensor normalized by its own statistics, over a divisor; channels are axis 1.

        Its statistics count in ``mean`` and ``variance`` with the share ``momentum``.
        """
        factor = self._unit / divisor
        return functional.batch_norm(
            x,
            self.mean,
            self.variance,
            self.gamma * factor,
            self.beta * factor,
            True,
            self.momentum,
            self._op.epsilon,
        )

    def exact(self, x: Any) -> Any:
        """Return what the ``Norm`` computes, its constants rounded to float32 once."""
        op = self.op()
        gain = op.gain()
        shape = (1, -1, *[1] * (x.ndim - 2))
        shift = torch.from_numpy((op.beta - gain * op.mean).astype(np.float32)).view(shape)
        return torch.addcmul(shift, x, torch.from_numpy(gain.astype(np.float32)).view(shape))

    def op(self) -> Norm:
        """Return the Norm as an op."""
        return replace(
            self._op,
            gamma=_numbers(self.gamma) * self._unit,
            beta=_numbers(self.beta) * self._unit,
            mean=_numbers(self.mean),
            variance=_numbers(self.variance),
        )


def _numbers(tensor: Any) -> FloatArray:
    values: FloatArray = tensor.detach().numpy().astype(np.float64)
    return values

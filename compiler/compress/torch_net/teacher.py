"""The original network, whose outputs the compressed one follows."""

from __future__ import annotations

from typing import Any

import torch

from .module import TorchNet
from .variants import Variants

#: Images at a time: always the same ones together, so that no result depends on who asked first.
_TOGETHER = 512


class Teacher:
    """Outputs of a network for every version of the training images, computed once.

    Parameters
    ----------
    net : TorchNet
    images : Variants
    dtype : torch.dtype
        What is computed in.
    ends : names
        Whose values are wanted.
    """

    def __init__(self, net: TorchNet, images: Variants, dtype: Any, ends: tuple[str, ...]) -> None:
        self._net = net
        self._images = images
        self._dtype = dtype
        self._ends = ends
        self._versions: dict[int, tuple[Any, ...]] = {}

    def outputs(self, version: int) -> tuple[Any, ...]:
        """Return the values of the ends: float32 tensors (images, *shape)."""
        if version not in self._versions:
            self._versions[version] = self._compute(version)
        return self._versions[version]

    def _compute(self, version: int) -> tuple[Any, ...]:
        parts = []
        for start in range(0, len(self._images), _TOGETHER):
            stop = min(start + _TOGETHER, len(self._images))
            x = self._images.take(version, torch.arange(start, stop))
            for values in self._net.batches(x, self._ends, batch=_TOGETHER, dtype=self._dtype):
                parts.append(tuple(values[end] for end in self._ends))
        return tuple(torch.cat(column) for column in zip(*parts, strict=True))

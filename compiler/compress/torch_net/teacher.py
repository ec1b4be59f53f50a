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
    """

    def __init__(self, net: TorchNet, images: Variants, dtype: Any) -> None:
        self._net = net
        self._images = images
        self._dtype = dtype
        self._versions: dict[int, tuple[Any, ...]] = {}

    def outputs(self, version: int) -> tuple[Any, ...]:
        """Return what the ends of the network give: float32 tensors (images, *shape)."""
        if version not in self._versions:
            self._versions[version] = self._compute(version)
        return self._versions[version]

    def _compute(self, version: int) -> tuple[Any, ...]:
        ends, parts = self._net.ends(), []
        for start in range(0, len(self._images), _TOGETHER):
            stop = min(start + _TOGETHER, len(self._images))
            x = self._images.take(version, torch.arange(start, stop))
            for values in self._net.batches(x, ends, batch=_TOGETHER, dtype=self._dtype):
                parts.append(tuple(values[end] for end in ends))
        return tuple(torch.cat(column) for column in zip(*parts, strict=True))

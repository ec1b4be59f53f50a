"""Moved versions of the training images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .affine import Affine


class Variants:
    """A fixed number of versions of every image: shifted, mirrored, turned, zoomed, lit.

    Every image has its own shift in every version, the edge repeated; its own angle and size (see
    ``affine``); and its own contrast and brightness: ``x * (1 + c) + b * range`` with c and b/2
    evenly from ``-light`` to ``light``, clamped to the range of the images. Without any of these
    there is one version.

    Parameters
    ----------
    x : uint8 or float32 (N, H, W, C) or (N, features)
        Images without rows and columns are not moved.
    shift : int
        Pixels, in each direction.
    flip : bool
    light : float
        0: images keep their values.
    count : int
        Versions.
    seed : int
    turn, zoom : float
        Degrees to either side; share by which rows and columns grow or shrink.
    """

    def __init__(
        self,
        x: npt.NDArray[Any],
        *,
        shift: int,
        flip: bool,
        count: int,
        seed: int,
        light: float = 0.0,
        turn: float = 0.0,
        zoom: float = 0.0,
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        moved = x.ndim == 4 and (shift > 0 or flip)
        turned = x.ndim == 4 and (turn > 0 or zoom > 0)
        self.count = count if moved or turned or light else 1
        self._low, self._high = float(x.min()), float(x.max())
        shape = (2, self.count, len(x))
        self._light: Any = None
        if light:
            self._light = light * (2 * torch.rand(shape, generator=generator) - 1)
        self._affine = Affine(turn, zoom, shape[1:], generator) if turned else None
        self._moves: Any = None
        if not moved:
            self._x = torch.from_numpy(np.ascontiguousarray(x))
            return
        size = x.shape[1:3]
        margins = ((0, 0), (shift, shift), (shift, shift), (0, 0))
        padded = torch.from_numpy(np.ascontiguousarray(np.pad(x, margins, mode="edge")))
        self._moves = torch.randint(0, 2 * shift + 1, shape, generator=generator)
        half = torch.rand(shape[1:], generator=generator) < 0.5
        self._mirrored = half if flip else torch.zeros_like(half)
        # Every window of every image, as a view: (N, rows, columns, C, H, W).
        self._x = padded.unfold(1, size[0], 1).unfold(2, size[1], 1)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._x)

    def take(self, version: int, indices: Any) -> Any:
        """Return images of one version: float32 if turned, zoomed or lit, else in their dtype.

        Parameters
        ----------
        version : int
            0 … ``count`` - 1.
        indices : int64 tensor (M,)
        """
        x = self._moved(version, indices)
        if self._affine is not None:
            x = self._affine(x, version, indices)
        if self._light is None:
            return x
        contrast, brightness = self._light[:, version, indices].view(2, -1, *(1,) * (x.dim() - 1))
        span = self._high - self._low
        lit = x.float() * (1 + contrast) + brightness / 2 * span
        return lit.clamp(self._low, self._high)

    def _moved(self, version: int, indices: Any) -> Any:
        if self._moves is None:
            return self._x[indices]
        rows, columns = self._moves[:, version, indices]
        x = self._x[indices, rows, columns].permute(0, 2, 3, 1)
        mirrored = self._mirrored[version, indices].view(-1, 1, 1, 1)
        return torch.where(mirrored, x.flip(2), x) if bool(mirrored.any()) else x

"""Images turned and zoomed."""

from __future__ import annotations

from math import radians
from typing import Any

import torch
import torch.nn.functional as F


class Affine:
    """An angle and a factor per axis for every image in every version.

    Images turn around their centre, evenly by ``-turn … turn`` degrees; rows and columns are each
    ``1 - zoom … 1 + zoom`` as large. Between pixels values are bilinear; the edge is repeated.

    Parameters
    ----------
    turn, zoom : float
        Degrees, 0 … 180; share, 0 … 0.5.
    shape : tuple of int
        Versions and images.
    generator : torch.Generator
    """

    def __init__(
        self, turn: float, zoom: float, shape: tuple[int, int], generator: torch.Generator
    ) -> None:
        drawn = 2 * torch.rand((3, *shape), generator=generator) - 1
        angle = radians(turn) * drawn[0]
        self._cosine, self._sine = torch.cos(angle), torch.sin(angle)
        self._rows, self._columns = 1 + zoom * drawn[1:]

    def __call__(self, x: Any, version: int, indices: Any) -> Any:
        """Return images (M, H, W, C) of one version: float32, within the range of ``x``.

        Parameters
        ----------
        x : tensor (M, H, W, C)
        version : int
        indices : int64 tensor (M,)
        """
        parts = (self._cosine, self._sine, self._rows, self._columns)
        cosine, sine, rows, columns = (part[version, indices] for part in parts)
        zero = torch.zeros_like(cosine)
        height, width = x.shape[1:3]
        # Where pixels come from, in units of half the width and half the height.
        across = (cosine / columns, -sine * (height / width) / columns, zero)
        down = (sine * (width / height) / rows, cosine / rows, zero)
        theta = torch.stack([torch.stack(across, 1), torch.stack(down, 1)], 1)
        images = x.float().permute(0, 3, 1, 2)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        moved = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
        return moved.permute(0, 2, 3, 1)

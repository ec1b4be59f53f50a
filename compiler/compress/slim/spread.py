"""How much every channel varies from image to image, as its Norms tell."""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, exp, pi, sqrt

import numpy as np

from ...ir.graph import Graph
from ...ir.ops.add import Add
from ...ir.ops.affine import Affine
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.base import Elementwise, Op
from ...ir.ops.clip import Clip
from ...ir.ops.relu import Relu
from ..norm import FloatArray, Norm
from .flow import carried

#: Means and variances of channels: float64 (2, channels).
Moments = FloatArray


def variances(graph: Graph) -> Mapping[str, FloatArray]:
    """Return the variance of every channel of every node's tensor, without running an image.

    Behind a Norm a channel is taken as normal with mean beta and variance gamma²; from there
    means and variances go on by what ops do to independent normal numbers. Windows of pools count
    as one pixel, and a Clip from 0 as Relu. Inputs have variance 1.

    Returns
    -------
    mapping of node name to float64 (size of the last axis,)
    """
    found: dict[str, Moments] = {}
    for name in graph.order():
        sources = tuple(found[source] for source in graph.inputs(name))
        shape = graph.shape(name)
        found[name] = _moments(graph.op(name), sources, shape[-1] if shape else 1)
    return {name: moments[1] for name, moments in found.items()}


def _moments(op: Op, sources: tuple[Moments, ...], size: int) -> Moments:
    if isinstance(op, Norm):
        return np.stack((op.beta, op.gamma**2))
    if isinstance(op, Relu) or (isinstance(op, Clip) and op.low == 0):
        return rectified(sources[0])
    if isinstance(op, Add):
        return sources[0] + sources[1]
    if isinstance(op, Affine):
        scale, shift = (np.array([float(x) for x in part]) for part in (op.scale, op.shift))
        mean, variance = sources[0]
        return np.stack((mean * scale + shift, variance * scale**2))
    if isinstance(op, Elementwise | AveragePool):
        return sources[0]
    parts = [
        carried(op, tuple(source[row] for source in sources), size, np.zeros) for row in (0, 1)
    ]
    mean, variance = parts
    if mean is None or variance is None:
        return np.stack((np.zeros(size), np.ones(size)))
    return np.stack((mean, variance))


def rectified(moments: Moments) -> Moments:
    """Return mean and variance of max(x, 0) for normal x."""
    columns = [_rectified(mean, variance) for mean, variance in moments.T.tolist()]
    return np.array(columns).reshape(-1, 2).T


def _rectified(mean: float, variance: float) -> tuple[float, float]:
    if variance == 0:
        return max(mean, 0.0), 0.0
    deviation = sqrt(variance)
    place = mean / deviation
    below = (1 + erf(place / sqrt(2))) / 2
    density = exp(-place * place / 2) / sqrt(2 * pi)
    first = mean * below + deviation * density
    second = (mean * mean + variance) * below + mean * deviation * density
    return first, max(second - first * first, 0.0)

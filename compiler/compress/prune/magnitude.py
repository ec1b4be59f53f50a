"""Which weights of a network go first: by magnitude, weighed layer against layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..codes import codes_of
from ..network import Network
from ..rule import BoolArray

FloatArray = npt.NDArray[np.float64]


def is_zero(network: Network, name: str) -> BoolArray:
    """Return which weights of a layer are zero now, by their codes or their mask."""
    weight, rule = network.layer(name).weight, network.rules[name]
    if rule.grid is not None:
        codes, _ = codes_of(weight, rule)
        return np.asarray(codes == 0)
    zero = np.asarray(weight == 0)
    return zero if rule.mask is None else zero | ~rule.mask


def zero_share(network: Network, names: tuple[str, ...]) -> float:
    """Return the share of the weights of these layers that are zero now; 0 without layers."""
    zeros = [is_zero(network, name) for name in names]
    return sum(int(each.sum()) for each in zeros) / max(1, sum(each.size for each in zeros))


def magnitude_masks(
    network: Network, names: tuple[str, ...], share: float, floor: float
) -> Mapping[str, BoolArray]:
    """Return masks that leave ``1 - share`` of the weights of these layers together.

    What is zero already stays so. Of the others those with the least scores go (see ``scores``),
    but every layer keeps ``floor`` of its weights, or what it has where that is less; so the
    share is missed where floors forbid it.

    Parameters
    ----------
    network : Network
    names : tuple of str
        Layers that share one threshold.
    share : float
        Of weights that are zero afterwards, 0 … 1.
    floor : float
        Least share of weights that every layer keeps, 0 … 1; at least one weight.

    Returns
    -------
    mapping of str to bool, shape of the weights
        False for weights that go.
    """
    ranks: list[FloatArray] = []
    for name in names:
        weight = np.abs(network.layer(name).weight.astype(np.float64))
        left = ~is_zero(network, name)
        rank = scores(weight, left).reshape(-1)
        kept = max(1, int(np.ceil(floor * rank.size)))
        # The strongest ones of every layer are beyond any threshold.
        rank[np.argsort(-rank, kind="stable")[:kept]] = np.inf
        ranks.append(np.where(left.reshape(-1), rank, -1.0))
    joined = np.concatenate(ranks)
    gone = np.zeros(joined.size, np.bool_)
    gone[np.argsort(joined, kind="stable")[: round(share * joined.size)]] = True
    gone &= joined < np.inf
    gone |= joined < 0
    masks: dict[str, BoolArray] = {}
    start = 0
    for name in names:
        shape = network.layer(name).weight.shape
        size = int(np.prod(shape))
        masks[name] = ~gone[start : start + size].reshape(shape)
        start += size
    return masks


def scores(sizes: FloatArray, left: BoolArray) -> FloatArray:
    """Return how much of a layer each weight is, so that layers can be compared.

    LAMP (Lee et al., "Layer-adaptive sparsity for the magnitude-based pruning", ICLR 2021): a
    weight's square in relation to the sum of its own and all larger squares of its layer. The
    largest has score 1, and a layer of few weights keeps more of them than one of many. Sizes are
    taken in units of their filter first: what a filter gives is normalized behind it.

    Parameters
    ----------
    sizes : float64 (filters, …)
        Not negative.
    left : bool, shape of ``sizes``
        The weights that are not zero yet; others have score 0.

    Returns
    -------
    float64, shape of ``sizes``
    """
    flat, counted = sizes.reshape(len(sizes), -1), left.reshape(len(sizes), -1)
    squares = np.where(counted, flat * flat, 0.0)
    power = squares.sum(axis=1, keepdims=True) / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    relative = (squares / np.where(power > 0, power, 1.0)).reshape(-1)
    order = np.argsort(-relative, kind="stable")
    sums = np.cumsum(relative[order])
    found = np.empty_like(relative)
    found[order] = relative[order] / np.where(sums > 0, sums, 1.0)
    return found.reshape(sizes.shape)

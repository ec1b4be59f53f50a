"""Equal numbers per bank again, after channels were removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..network import Network
from ..rule import Rule
from .balanced import bank_counts, can_balance, strongest


def rebalanced(network: Network, banks: int) -> Network:
    """Return the network with masks that leave every filter and bank the same number of weights.

    The channels that are left lie in other banks than before. A layer keeps its mean number of
    weights per bank; where a bank has too few, the largest of its pruned weights come back.
    Only rules with ``even`` masks are changed: balanced ternary grids choose anew by themselves.

    Parameters
    ----------
    network : Network
    banks : int
        Channel c lies in bank ``c % banks``; layers narrower than that are left as they are.
    """
    rules: dict[str, Rule] = {}
    for name in network.layers():
        rule, layer = network.rules[name], network.layer(name)
        if rule.mask is None or not rule.even or not can_balance(layer, banks):
            continue
        sizes = np.abs(layer.weight.astype(np.float64))
        # What was pruned comes behind all that was not.
        sizes += np.where(rule.mask, sizes.max(initial=0.0), 0.0)
        kept = max(1, round(float(bank_counts(rule.mask, banks).mean())))
        rules[name] = replace(rule, mask=strongest(sizes, banks, kept))
    return network.with_rules(rules)

"""What a compressed model says of its banks, and whether its weights keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.errors import ModelError, UsageError
from ..ir.graph import Graph
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from .network import Network
from .prune.balanced import bank_counts, can_balance

BANKS = "sangi.banks"
"""Key of a model's metadata: JSON, ``{layer: {"banks": 8, "channels": "c % 8", "nonzeros": 5}}``.

Only layers that are balanced are listed: every filter has so many weights that are not zero in
every bank of its input channels. The columns of a fully connected layer are its channels.
"""


def balance_of(codes: npt.NDArray[Any], banks: int) -> int | None:
    """Return how many weights are not zero in every filter and bank; None where they differ.

    Parameters
    ----------
    codes : (filters, …, channels)
        Channel c lies in bank ``c % banks``.
    banks : int
        1 … channels.
    """
    counts = np.unique(bank_counts(codes, banks))
    return int(counts[0]) if len(counts) == 1 else None


def check_wide_enough(network: Network, banks: int) -> None:
    """Refuse more banks than any layer has input channels: nothing would be balanced.

    Raises
    ------
    UsageError
        The message says how many banks are possible.
    """
    layers = [network.layer(name) for name in network.layers()]
    if not any(can_balance(layer, banks) for layer in layers):
        most = max(layer.weight.shape[-1] for layer in layers)
        raise UsageError(
            f"balanced must be at most {most} banks, the input channels of the widest layer, "
            f"not {banks}"
        )


def banks_text(codes: Mapping[str, npt.NDArray[Any]], banks: int) -> str:
    """Return the metadata of a model with these codes of layers: JSON, see ``BANKS``."""
    entries: dict[str, dict[str, int | str]] = {}
    for name in sorted(codes):
        weights = codes[name]
        nonzeros = balance_of(weights, banks) if weights.shape[-1] >= banks else None
        if nonzeros:
            entries[name] = {"banks": banks, "channels": f"c % {banks}", "nonzeros": nonzeros}
    return json.dumps(entries)


def layer_codes(graph: Graph) -> dict[str, npt.NDArray[Any]]:
    """Return the weights of every Conv and Dense of a graph, by the node's name."""
    ops = ((name, graph.op(name)) for name in graph.order())
    return {name: op.weight for name, op in ops if isinstance(op, Conv | Dense)}


def check_banks(graph: Graph) -> Mapping[str, int]:
    """Return the non-zeros per filter and bank of every layer that a model calls balanced.

    Parameters
    ----------
    graph : Graph
        With integer weights, as it was read, channels last.

    Raises
    ------
    ModelError
        If the metadata is damaged, or the weights of a layer are not as it says.
    """
    found: dict[str, int] = {}
    for name, (banks, nonzeros) in _entries(graph.metadata).items():
        op = graph.op(name) if name in graph.net else None
        if not isinstance(op, Conv | Dense):
            raise ModelError(f"{BANKS} must name Conv and Dense layers of the model, not '{name}'")
        if not 1 <= banks <= op.weight.shape[-1]:
            raise ModelError(
                f"{BANKS} of '{name}' must say 1 … {op.weight.shape[-1]} banks (its input "
                f"channels), not {banks}"
            )
        balance = balance_of(op.weight, banks)
        if balance != nonzeros:
            counts = bank_counts(op.weight, banks)
            raise ModelError(
                f"{type(op).__name__} '{name}' must have {nonzeros} non-zero weights in every "
                f"filter and bank, as {BANKS} says, not {counts.min()} … {counts.max()}"
            )
        found[name] = nonzeros
    return found


def _entries(metadata: Mapping[str, str]) -> Mapping[str, tuple[int, int]]:
    try:
        entries = json.loads(metadata.get(BANKS, "{}"))
        return {
            name: (int(entry["banks"]), int(entry["nonzeros"])) for name, entry in entries.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{BANKS} must be JSON as sangi writes it, not damaged") from error

"""The memory of an engine's weights, read beside its window."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Module, Shape, Value

from .arithmetic import fetch_cycles
from .filters import Weights, negative_counts
from .memory import RomStyle
from .pipeline import counter, delay_valid
from .stored import stored
from .tables import channel_constants

READ_CYCLES = 2
"""Cycles from a step of the window to its word."""


def stored_weights(
    m: Module, words: Sequence[int], bits: int, style: RomStyle, step: Value
) -> Value:
    """Return the words of ``bits`` bits one after the other, a cycle before the window's words.

    After the last word follows the first one. Between memory and multipliers stands a register,
    which is the engine's.
    """
    address, _ = counter(m, step, len(words), "weight_address")
    return stored(m, words, bits, style, address, "weights")


def negatives(m: Module, weights: Weights, pe: int, end: Value, stages: int) -> list[Value]:
    """Return what the accumulators of ternary lanes start from: each filter's number of −1.

    Parameters
    ----------
    m : Module
    weights : int64 (filters, …)
    pe : int
        Filters of a firing.
    end : Value
        High in the last step of a firing.
    stages : int
        Registers from a word to its sum.
    """
    filters = len(weights)
    # The firing counts on as it ends, late enough for the last accumulation to start right and
    # early enough for the memory of the next firing's constants.
    fetch = fetch_cycles(filters, filters // pe)
    ended = delay_valid(m, end, READ_CYCLES + stages - fetch)
    group, _ = counter(m, ended, filters // pe, "group")
    counts = negative_counts(weights, pe)
    shape = Shape(max(1, int(counts.max()).bit_length()))
    return channel_constants(m, counts.ravel(), pe, shape, group, "negatives")

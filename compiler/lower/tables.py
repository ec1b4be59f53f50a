"""Requantizers as tables: stored thresholds, or all values of a narrow input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...runtime.ops.base import IntArray
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.threshold import Threshold
from .exact import BigArray, Rounded
from .requantize import within_reach

MAX_STEPS = 1 << 10
"""Most thresholds, or values, of a channel that are stored: codes of 10 bits."""

MAX_TABLE = 1 << 20
"""Most thresholds, or values, of all channels."""


def table(functions: Sequence[Rounded], low: int, high: int) -> Threshold | Lookup:
    """Return the stored steps of functions, or their values: form (c), which always holds.

    Parameters
    ----------
    functions : sequence of Rounded
        One, or one per channel.
    low, high : int
        Range of the input.

    Raises
    ------
    ValueError
        If that is too much to store.
    """
    functions = within_reach(functions, low, high)
    steps = max(f.high - f.low for f in functions)
    channels = len(functions) if len(set(functions)) > 1 else 1
    if steps <= MAX_STEPS and steps * channels <= MAX_TABLE:
        return thresholds(functions, low, high)
    if high - low < MAX_STEPS and (high - low) * channels <= MAX_TABLE:
        return _values(functions, low, high)
    if steps <= MAX_STEPS:
        raise ValueError(
            f"tables of the steps must have at most {MAX_TABLE} entries where no multiplication "
            f"and shift gives the codes exactly, not {steps * channels}; quantize to fewer bits"
        )
    raise ValueError(
        f"codes must have at most {MAX_STEPS} steps where no multiplication and shift gives them "
        f"exactly, not {steps}; quantize to 10 bits or fewer, or with scales whose ratio to the "
        "input's is a power of two"
    )


def thresholds(functions: Sequence[Rounded], low: int, high: int) -> Threshold:
    """Return form (c): the exact place of every step. Channels may differ in their ranges."""
    least = min(f.low for f in functions)
    most = max(least + 1, *(f.high for f in functions))
    rows = {f: _steps(f, least, most, low, high) for f in dict.fromkeys(functions)}
    places = np.stack([rows[f][0] for f in functions]).astype(np.int64)
    steps = np.stack([rows[f][1] for f in functions]).astype(np.int64)
    return trimmed(places, steps, low, high)


def trimmed(places: IntArray, values: IntArray, low: int, high: int) -> Threshold:
    """Return the op without thresholds that every channel has always passed, or never passes.

    One threshold stays in any case.

    Parameters
    ----------
    places : int64 (channels, n)
        Ascending thresholds, at least one.
    values : int64 (channels, n + 1)
    low, high : int
        Range of the input.
    """
    count = places.shape[1]
    passed = min(int((places <= low).all(axis=0).sum()), count - 1)
    never = max(count - int((places > high).all(axis=0).sum()), passed + 1)
    places, values = places[:, passed:never], values[:, passed : never + 1]
    if (places == places[0]).all() and (values == values[0]).all():
        places, values = places[:1], values[:1]
    return Threshold(places, values)


def _steps(f: Rounded, least: int, most: int, low: int, high: int) -> tuple[BigArray, BigArray]:
    """Return where each step of a channel begins, ascending, and the values between them."""
    wide = replace(f, low=least, high=most)
    values = np.arange(least, most + 1).astype(object)
    if f.scale == 0:
        places = np.full(most - least, high + 1, dtype=object)
        values = np.full(most - least + 1, f(low), dtype=object)
    elif f.scale > 0:
        places = wide.first(low, high)
    else:
        mirrored = replace(wide, scale=-f.scale)
        # y >= j holds for -x >= t, that is for x <= -t: the step down is taken at 1 - t.
        places = (1 - mirrored.first(-high, -low))[::-1]
        values = values[::-1]
    return places, np.minimum(np.maximum(values, f.low), f.high)


def _values(functions: Sequence[Rounded], low: int, high: int) -> Lookup:
    """Return the values at every integer."""
    rows = {f: [f(x) for x in range(low, high + 1)] for f in dict.fromkeys(functions)}
    table = np.array([rows[f] for f in functions], dtype=np.int64)
    return Lookup(table[:1] if (table == table[0]).all() else table, low)

"""``choice`` of report.json's layers: why this circuit, and what the next best ones would cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...hdl.cost import Resources
from ...hdl.engines import Params, engine_of
from ...hdl.unrolled.params import UnrolledParams
from ..mapping.explain import Alternative, Reason
from ..mapping.limits import KINDS, RESOURCES
from .folding import folding, rounded

MADE_OF = ("multiplier", "weight_style", "places")
"""Parameters that say what a circuit is made of, where it has them."""

LEAST = 0.05
"""Differences below this are not told."""


def choices(reasons: tuple[Reason, ...], taken: Mapping[str, Params]) -> dict[str, dict[str, Any]]:
    """Return the choice of every node.

    Parameters
    ----------
    reasons : tuple of Reason
    taken : mapping of node to Params
        What the design has.
    """
    return {reason.node: _choice(reason, taken[reason.node]) for reason in reasons}


def _choice(reason: Reason, params: Params) -> dict[str, Any]:
    return {
        "why": _why(reason, params),
        "interval": reason.interval,
        "scarce": RESOURCES[reason.scarce],
        "made_of": _made_of(params),
        "resources": rounded(reason.resources),
        "alternatives": [_alternative(other) for other in reason.alternatives],
    }


def _alternative(other: Alternative) -> dict[str, Any]:
    return {
        "engine": engine_of(other.params).name,
        "folding": folding(other.params),
        "made_of": _made_of(other.params),
        "cycles": other.params.cycles,
        "resources": rounded(other.resources),
        "more": rounded(other.more),
    }


def _made_of(params: Params) -> dict[str, str | int]:
    return {key: getattr(params, key) for key in MADE_OF if hasattr(params, key)}


def _why(reason: Reason, params: Params) -> str:
    """Say in words what was weighed."""
    kind, name = KINDS[reason.scarce], engine_of(params).name
    within = f"its {params.cycles:,} cycles a frame meet the interval of {reason.interval:,}"
    if reason.fixed:
        name = f"{name}, within what the user fixed ({', '.join(reason.fixed)}),"
    if not reason.alternatives:
        return f"{name} is the only circuit that was looked at: {within}"
    takes = _of(reason.resources, reason.scarce)
    others = [
        f"{_described(other, params)} takes {_difference(other.more, reason.scarce)}"
        for other in reason.alternatives
    ]
    return (
        f"{name} adds least to what the circuit takes of the board, where {kind} is scarce: "
        f"{within} with {_amount(takes)} {kind}; next best: {'; '.join(others)}"
    )


def _described(other: Alternative, params: Params) -> str:
    """Say what an alternative is, in what differs from the circuit that was taken."""
    name = engine_of(other.params).name
    mine = _made_of(params)
    made = [
        _part(key, value)
        for key, value in _made_of(other.params).items()
        # Engines that have no FIFO of pixels are like those that could have one.
        if mine.get(key, 0 if key == "places" else None) != value
    ]
    return ", ".join([f"{name} ({_side_by_side(other.params)})", *made])


def _part(key: str, value: str | int) -> str:
    """Say what a circuit is made of."""
    if key == "places":
        return f"a FIFO of {value} pixels" if value else "no FIFO of pixels"
    return str(value)


def _side_by_side(params: Params) -> str:
    """Say how much a unit does side by side."""
    if isinstance(params, UnrolledParams):
        bits = "1 bit" if params.digit == 1 else f"{params.digit} bits"
        sums = f"digits of {bits}" if params.digit else "whole sums"
        return f"{params.size.adders} adders, {params.levels} in a row, {sums}"
    return " × ".join(f"{value} {key}" for key, value in folding(params).items())


def _difference(more: Resources, scarce: int) -> str:
    """Say what an alternative takes more or less, the scarce resource first."""
    order = [scarce, *(number for number in range(len(KINDS)) if number != scarce)]
    parts = [
        f"{_amount(abs(_of(more, number)))} {KINDS[number]} "
        f"{'more' if _of(more, number) > 0 else 'less'}"
        for number in order
        if abs(_of(more, number)) >= LEAST
    ]
    return ", ".join(parts) or "the same"


def _of(resources: Resources, number: int) -> float:
    return (resources.lut, resources.ff, resources.bram, resources.dsp)[number]


def _amount(count: float) -> str:
    return f"{count:,.1f}" if count < 10 and count != int(count) else f"{count:,.0f}"

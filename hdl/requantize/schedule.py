"""Schedule of the requantizer: one beat in, one beat out, every cycle."""

from __future__ import annotations

from ..arithmetic import Product, fetch_cycles, rounding_stages
from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import RequantizeParams


def product(params: RequantizeParams) -> Product:
    """Return the plan of one lane's multiplication."""
    return Product(
        params.beat.bits,
        params.beat.signed,
        params.multiplier_bits,
        params.multiplier_signed,
        params.multiplier,
    )


def latency(params: RequantizeParams) -> int:
    """Return the cycles from the start of a firing to the push: fetch, multiply, add, round."""
    fetch = fetch_cycles(params.entries, params.words)
    return fetch + product(params).stages + 1 + rounding_stages(params.ties)


def schedule(params: RequantizeParams) -> Schedule:
    """Return the schedule: ``pixels * words`` firings of one cycle, each 1 → 1."""
    one = repeat(1, params.cycles)
    return Schedule((Actor(one),), (InputPort(0, one),), (OutputPort(0, one, latency(params)),))

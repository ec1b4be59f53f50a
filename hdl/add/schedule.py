"""Schedule of the requantizing adder: one beat of each input, one beat out, every cycle."""

from __future__ import annotations

from ..arithmetic import Product, fetch_cycles, rounding_stages
from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import AddParams


def products(params: AddParams) -> tuple[Product, Product]:
    """Return the plans of one lane's two multiplications."""
    first, second = (
        Product(beat.bits, beat.signed, bits, params.multiplier_signed, params.multiplier)
        for beat, bits in zip(params.beats, params.multiplier_bits, strict=True)
    )
    return first, second


def latency(params: AddParams) -> int:
    """Return the cycles from the start of a firing to the push.

    Fetch, multiply (the slower of the two), add the products, add the offset, round.
    """
    multiply = max(product.stages for product in products(params))
    fetch = fetch_cycles(params.entries, params.words)
    return fetch + multiply + 2 + rounding_stages(params.ties)


def schedule(params: AddParams) -> Schedule:
    """Return the schedule: ``pixels * words`` firings of one cycle, each 1 + 1 → 1."""
    one = repeat(1, params.cycles)
    return Schedule(
        (Actor(one),),
        (InputPort(0, one), InputPort(0, one)),
        (OutputPort(0, one, latency(params)),),
    )

"""Divisors: the lanes that a number of channels can be cut into."""

from __future__ import annotations


def divisors(number: int) -> tuple[int, ...]:
    """Return the divisors of ``number`` ≥ 1, ascending."""
    return tuple(d for d in range(1, number + 1) if number % d == 0)


def fewest_lanes(elements: int, channels: int, interval: int) -> int | None:
    """Return the fewest lanes that carry a frame within ``interval`` cycles, None if none do."""
    return next((d for d in divisors(channels) if elements // d <= interval), None)

"""The search for the network of fewest adder bits that computes a matrix.

What saves most is shared first; then, time and again, a few shared sums are taken apart and the
search goes on from there with other random ties, and what came out better is kept (a large
neighbourhood search; Shaw, CP 1998). The number of attempts is fixed, not the time, so that equal
inputs give equal networks.
"""

from __future__ import annotations

import numpy as np

from .digits import rows_of, signed_digits
from .network import Matrix, Network, Tap
from .signs import positive
from .sums import Scaled, Sums
from .terms import Terms

NOISE = 1.5
"""Bits by which scores differ at random."""
WARMTH = 3.0
"""Bits by which an early attempt may be worse than what it started from."""
APART = 16
"""At most so many sums are taken apart in an attempt, beside those that they are made of."""
STOP = 0.6
"""How likely the parts of a sum that is taken apart stay whole."""


def share(
    matrix: Matrix, bits: int, *, signed: bool = True, tries: int = 200, seed: int = 0
) -> Network:
    """Return a network of few adder bits that computes ``matrix``.

    Parameters
    ----------
    matrix : int64 (rows, columns)
    bits : int
        Width of an input.
    signed : bool
        Whether inputs can be negative.
    tries : int
        Attempts to improve the first network; one takes a few milliseconds.
    seed : int
        Of all that is random.
    """
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    rng = np.random.default_rng(seed)
    terms = Terms(signed_digits(matrix), low, high, NOISE, rng)
    terms.greedy()
    _improve(terms, tries, rng)
    network = positive(_assemble(terms, len(matrix), low, high))
    assert np.array_equal(network.matrix, matrix)
    return network


def _improve(terms: Terms, tries: int, rng: np.random.Generator) -> None:
    cost = terms.bits()
    kept = start = terms.snapshot()
    least = cost
    for number in range(tries):
        loose = terms.loose()
        if not len(loose):
            return
        for term in rng.choice(loose, 1 + int(rng.integers(APART))).tolist():
            _take_apart(terms, term, rng)
        terms.greedy()
        after = terms.bits()
        # The threshold falls to 0 with time, as in annealing.
        allowed = WARMTH * (1 - number / tries) * float(rng.exponential())
        if after > cost + allowed:
            terms.restore(start)
            continue
        start, cost = terms.snapshot(), after
        if cost < least:
            kept, least = start, cost
    terms.restore(kept)


def _take_apart(terms: Terms, term: int, rng: np.random.Generator) -> None:
    waiting = [term]
    while waiting:
        term = waiting.pop()
        if terms.is_loose(term):
            waiting += terms.expand(term)
            if rng.random() < STOP:
                return


def _assemble(terms: Terms, rows: int, low: int, high: int) -> Network:
    sums = Sums(terms.inputs, low, high)
    made = {term: Scaled(term) for term in range(terms.inputs)}
    for term, pair in terms.pairs():
        a, b = made[pair.a], made[pair.b]
        made[term] = sums.add(
            Scaled(a.value, a.shift + pair.a_shift, a.negative),
            Scaled(b.value, b.shift + pair.b_shift, b.negative != pair.subtract),
        )
    parts: list[list[Scaled]] = [[] for _ in range(rows)]
    for masks, negative in ((terms.state.plus, False), (terms.state.minus, True)):
        for term, place, row in rows_of(masks[: terms.size]).tolist():
            scaled = made[term]
            sign = scaled.negative != negative
            parts[row].append(Scaled(scaled.value, scaled.shift + place, sign))
    taps = []
    for row_parts in parts:
        if row_parts:
            total = sums.total(row_parts)
            taps.append(Tap(total.value, total.shift, total.negative))
        else:
            taps.append(Tap(None))
    return Network(terms.inputs, tuple(sums.adders), tuple(taps))

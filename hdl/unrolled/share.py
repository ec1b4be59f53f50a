"""The search for shared additions: greedy extraction of the pair of terms that saves most.

Every row of the matrix is a signed sum of terms (inputs, and inputs shifted for weights of several
signed digits). The pair ``a ± b`` whose extraction saves most adder bits becomes a new term in
every row that holds it, until no pair occurs twice; what is left of each row is summed in a tree
(Potkonjak et al., "Multiple constant multiplications", 1996; scored by bits, as da4ml does).
Pair counts live in arrays and only rows of them change in a step, so that a step takes a fraction
of a millisecond; ties are broken by seeded noise, and the best of several runs is kept.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .network import Adder, Matrix, Network, Tap

NOISE = (0.0, 0.01, 0.3)
"""Parts of a saved adder by which scores of successive runs differ at random."""

Bits = npt.NDArray[np.int64]


def share(matrix: Matrix, bits: int, *, tries: int = 6, seed: int = 0) -> Network:
    """Return a network of few adder bits that computes ``matrix``.

    Parameters
    ----------
    matrix : int64 (rows, columns)
    bits : int
        Width of an input.
    tries : int
        Runs, of which the best is kept.
    seed : int
        Of the noise that breaks ties.
    """
    terms, columns, shifts = signed_digits(matrix)
    best: tuple[int, Network] | None = None
    for number in range(max(1, tries)):
        rng = np.random.default_rng((seed, number))
        pairs = _extract(terms, bits, NOISE[number % len(NOISE)], rng)
        network = _assemble(matrix.shape[1], columns, shifts, pairs, bits)
        cost = adder_bits(network, bits)
        if best is None or cost < best[0]:
            best = cost, network
    assert best is not None
    return best[1]


def adder_bits(network: Network, bits: int) -> int:
    """Return the sum of the widths of all adders' results, for signed inputs of ``bits`` bits."""
    low, high = network.ranges(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    widths = [
        max((-int(a) - 1).bit_length(), int(b).bit_length()) + 1
        for a, b in zip(low[network.inputs :], high[network.inputs :], strict=True)
    ]
    return sum(widths)


def signed_digits(matrix: Matrix) -> tuple[npt.NDArray[np.int8], Bits, Bits]:
    """Write a matrix in canonical signed digits, a column for every digit that occurs.

    Returns
    -------
    digits : int8 (rows, terms), −1, 0 or +1
    columns, shifts : int64 (terms,)
        ``matrix[:, c] = sum of digits[:, t] << shifts[t] over t with columns[t] = c``.
    """
    parts, columns, shifts = [], [], []
    rest = matrix.astype(np.int64)
    shift = 0
    while rest.any():
        # An odd number takes the digit after which the next one is 0.
        digit = np.where(rest & 1, 2 - (rest & 3), 0)
        used = np.flatnonzero(digit.any(axis=0))
        parts.append(digit[:, used])
        columns.append(used)
        shifts.append(np.full(len(used), shift))
        rest = (rest - digit) >> 1
        shift += 1
    if not parts:
        empty: Bits = np.zeros(0, dtype=np.int64)
        return np.zeros((len(matrix), 0), dtype=np.int8), empty, empty
    return (
        np.concatenate(parts, axis=1).astype(np.int8),
        np.concatenate(columns).astype(np.int64),
        np.concatenate(shifts).astype(np.int64),
    )


@dataclass(frozen=True)
class _Pair:
    """A new term ``a + b``, or ``a - b``."""

    a: int
    b: int
    subtract: bool


@dataclass(frozen=True, eq=False)
class _Extraction:
    """Shared pairs in order, and the signed terms that are left in every row."""

    pairs: tuple[_Pair, ...]
    rows: npt.NDArray[np.int8]


class _Counts:
    """How often terms occur in pairs of like and of unlike signs, and what that would save.

    ``counts[s, i, j]`` rows hold terms i and j with like (s = 0) or unlike (s = 1) signs.
    """

    def __init__(
        self, digits: npt.NDArray[np.int8], bits: int, noise: float, rng: np.random.Generator
    ) -> None:
        self.size = digits.shape[1]
        self.noise, self.rng, self.bits = noise, rng, bits
        self.rows: npt.NDArray[np.int8] = digits
        self.widths: npt.NDArray[np.float32] = np.full(self.size, bits, dtype=np.float32)
        self.weights: npt.NDArray[np.int64] = np.ones(self.size, dtype=np.int64)
        present, signed = np.abs(digits).astype(np.int32), digits.astype(np.int32)
        both, difference = present.T @ present, signed.T @ signed
        self.counts: npt.NDArray[np.int16] = np.stack(
            [(both + difference) // 2, (both - difference) // 2]
        ).astype(np.int16)
        self.counts[:, np.arange(self.size), np.arange(self.size)] = 0
        self.scores = np.zeros(self.counts.shape, dtype=np.float32)
        self.best = np.zeros((2, self.size), dtype=np.float32)
        self.partner = np.zeros((2, self.size), dtype=np.int64)
        self._grow(self.size + 64)
        for term in range(self.size):
            for unlike in range(2):
                self.scores[unlike, term, : self.size] = self._score(unlike, term)
        self._refresh(np.arange(self.size))

    def _grow(self, room: int) -> None:
        def padded(array: npt.NDArray[np.generic], *axes: int) -> npt.NDArray[np.generic]:
            missing = [(0, room - n if axis in axes else 0) for axis, n in enumerate(array.shape)]
            return np.pad(array, missing)

        self.rows = padded(self.rows, 1)  # type: ignore[assignment]
        self.widths = padded(self.widths, 0)  # type: ignore[assignment]
        self.weights = padded(self.weights, 0)  # type: ignore[assignment]
        self.counts = padded(self.counts, 1, 2)  # type: ignore[assignment]
        self.scores = padded(self.scores, 1, 2)  # type: ignore[assignment]
        self.best = padded(self.best, 1)  # type: ignore[assignment]
        self.partner = padded(self.partner, 1)  # type: ignore[assignment]

    def _score(self, unlike: int, term: int) -> npt.NDArray[np.float32]:
        counts = self.counts[unlike, term, : self.size].astype(np.float32)
        saved = (counts - 1) * (np.maximum(self.widths[term], self.widths[: self.size]) + 1)
        if self.noise:
            saved = saved + self.noise * self.rng.random(self.size, dtype=np.float32)
        return np.where(counts >= 2, saved, 0).astype(np.float32)

    def _refresh(self, terms: npt.NDArray[np.int64]) -> None:
        for unlike in range(2):
            scores = self.scores[unlike, terms, : self.size]
            self.best[unlike, terms] = scores.max(axis=1, initial=0)
            self.partner[unlike, terms] = scores.argmax(axis=1)

    def most_saving(self) -> _Pair | None:
        """Return the pair whose extraction saves most, None where none saves anything."""
        unlike, term = divmod(int(self.best[:, : self.size].argmax()), self.size)
        if self.best[unlike, term] <= 0:
            return None
        a, b = sorted((term, int(self.partner[unlike, term])))
        return _Pair(a, b, bool(unlike))

    def extract(self, pair: _Pair) -> None:
        """Replace a pair by a new term in every row that holds it."""
        if self.size == len(self.widths):
            self._grow(self.size + self.size // 2 + 64)
        new, self.size = self.size, self.size + 1
        a, b, unlike = pair.a, pair.b, int(pair.subtract)
        held = np.flatnonzero(self.rows[:, a] * self.rows[:, b] == (-1 if unlike else 1))
        signs = self.rows[held, a].astype(np.int16)
        self.rows[held, a] = 0
        self.rows[held, b] = 0
        self.rows[held, new] = signs
        self.weights[new] = self.weights[a] + self.weights[b]
        self.widths[new] = self.bits + int(self.weights[new] - 1).bit_length()
        others = self.rows[held, :new].astype(np.int16)
        near = np.flatnonzero(others.any(axis=0))
        others = others[:, near]
        for term, sign in ((a, 1), (b, -1 if unlike else 1)):
            self._add(term, near, others * (sign * signs)[:, None], -1)
        self.counts[unlike, a, b] -= len(held)
        self.counts[unlike, b, a] -= len(held)
        self._add(new, near, others * signs[:, None], 1)
        touched = np.array([a, b, new])
        for which in range(2):
            for term in touched.tolist():
                scores = self._score(which, term)
                self.scores[which, term, : self.size] = scores
                self.scores[which, : self.size, term] = scores
            # Rows whose best partner was touched look for another; a new term may be better.
            better = self.scores[which, : self.size, new] > self.best[which, : self.size]
            self.best[which, : self.size][better] = self.scores[which, : self.size, new][better]
            self.partner[which, : self.size][better] = new
        partners = self.partner[:, : self.size]
        stale: npt.NDArray[np.bool_] = ((partners == a) | (partners == b)).any(axis=0)
        stale[touched] = True
        self._refresh(np.flatnonzero(stale))

    def _add(
        self,
        term: int,
        near: npt.NDArray[np.int64],
        products: npt.NDArray[np.int16],
        sign: int,
    ) -> None:
        for unlike, value in enumerate((1, -1)):
            change = (sign * (products == value).sum(axis=0)).astype(np.int16)
            self.counts[unlike, term, near] += change
            self.counts[unlike, near, term] += change


def _extract(
    digits: npt.NDArray[np.int8], bits: int, noise: float, rng: np.random.Generator
) -> _Extraction:
    if not digits.size:
        return _Extraction((), digits)
    counts = _Counts(digits, bits, noise, rng)
    pairs: list[_Pair] = []
    while (pair := counts.most_saving()) is not None:
        counts.extract(pair)
        pairs.append(pair)
    return _Extraction(tuple(pairs), counts.rows[:, : counts.size])


@dataclass(frozen=True, order=True)
class _Part:
    """A summand of a row while it is summed: cheapest first."""

    width: int
    level: int
    value: int
    shift: int
    negative: bool


class _Builder:
    """Collects adders; equal ones are made once, also where they differ by a shift of all."""

    def __init__(self, inputs: int, bits: int) -> None:
        self.inputs = inputs
        self.adders: list[Adder] = []
        self.known: dict[Adder, int] = {}
        self.reach = [1] * inputs
        self.levels = [0] * inputs
        self.bits = bits

    def add(self, a: tuple[int, int], b: tuple[int, int], subtract: bool) -> tuple[int, int]:
        """Return (value, shift) of the sum or difference of two shifted values."""
        common = min(a[1], b[1])
        first, second = (a[0], a[1] - common), (b[0], b[1] - common)
        if not subtract and second < first:
            first, second = second, first
        adder = Adder(first[0], second[0], first[1], second[1], subtract)
        if adder not in self.known:
            self.known[adder] = self.inputs + len(self.adders)
            self.adders.append(adder)
            self.reach.append(
                (self.reach[first[0]] << first[1]) + (self.reach[second[0]] << second[1])
            )
            self.levels.append(1 + max(self.levels[first[0]], self.levels[second[0]]))
        return self.known[adder], common

    def part(self, term: tuple[int, int], negative: bool) -> _Part:
        """Return a summand."""
        value, shift = term
        width = self.bits + ((self.reach[value] << shift) - 1).bit_length()
        return _Part(width, self.levels[value], value, shift, negative)


def _assemble(
    inputs: int, columns: Bits, shifts: Bits, extraction: _Extraction, bits: int
) -> Network:
    builder = _Builder(inputs, bits)
    terms = [(int(c), int(s)) for c, s in zip(columns, shifts, strict=True)]
    for pair in extraction.pairs:
        terms.append(builder.add(terms[pair.a], terms[pair.b], pair.subtract))
    taps = []
    for row in extraction.rows:
        heap = [builder.part(terms[t], bool(row[t] < 0)) for t in np.flatnonzero(row).tolist()]
        heapq.heapify(heap)
        while len(heap) > 1:
            first, second = heapq.heappop(heap), heapq.heappop(heap)
            if first.negative and not second.negative:
                first, second = second, first
            subtract = first.negative != second.negative
            total = builder.add((first.value, first.shift), (second.value, second.shift), subtract)
            heapq.heappush(heap, builder.part(total, first.negative))
        taps.append(Tap(heap[0].value, heap[0].shift, heap[0].negative) if heap else Tap(None))
    return Network(inputs, tuple(builder.adders), tuple(taps))

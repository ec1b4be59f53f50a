"""Rows as signed sums of terms that pairs of terms are taken out of and put back into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .digits import Digits, Masks, masks_of, moved, ones

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """A term ``(a << a_shift) ± (b << b_shift)``; one of the shifts is 0."""

    a: int
    b: int
    a_shift: int
    b_shift: int
    subtract: bool


@dataclass(eq=False)
class State:
    """The terms and where they stand; arrays of as many terms as there is room for.

    Attributes
    ----------
    plus, minus : uint64 (terms, places, words)
        Bit ``row % 64`` of word ``row // 64`` of a place: whether the row adds (subtracts) the
        term, shifted by the place.
    low, high : float64 (terms,)
        Range of values, whole numbers.
    width : float64 (terms,)
        Bits of that range.
    cost : float64 (terms,)
        Bits of the adder that makes the term: those where both operands are.
    best : float64 (terms,)
        No pair with an earlier term saves more.
    pairs : int64 (terms, 5)
        Fields of ``Pair``; −1 for inputs and free places.
    uses : int64 (terms,)
        Pairs that the term is part of.
    """

    plus: Masks
    minus: Masks
    low: Floats
    high: Floats
    width: Floats
    cost: Floats
    best: Floats
    pairs: Numbers
    uses: Numbers

    def resized(self, terms: int) -> State:
        """Return a copy of the first so many terms, free places behind those that are there."""
        arrays = {}
        for name, array in vars(self).items():
            fresh = np.full((terms, *array.shape[1:]), -1 if name == "pairs" else 0, array.dtype)
            kept = min(terms, len(array))
            fresh[:kept] = array[:kept]
            arrays[name] = fresh
        return State(**arrays)


class Terms:
    """A matrix's rows over terms: inputs first, then pairs of other terms.

    A pair that several rows hold becomes a term of its own where that saves adder bits, always
    the pair that saves most (Potkonjak et al., "Multiple constant multiplications", 1996). Rows
    are bits of machine words, so that one instruction counts a pair in 64 of them, and a term
    keeps an upper bound of what its best pair saves, which is looked at again only when it leads.

    Parameters
    ----------
    digits : int8 (places, rows, columns)
    low, high : int
        Range of every input.
    noise : float
        Scores differ at random by up to so many bits.
    rng : numpy Generator
    """

    def __init__(
        self, digits: Digits, low: int, high: int, noise: float, rng: np.random.Generator
    ) -> None:
        self.noise, self.rng = noise, rng
        self.inputs: int = digits.shape[2]
        self.size = self.inputs
        none = np.zeros(self.inputs)
        self.state = State(
            masks_of(digits > 0),
            masks_of(digits < 0),
            np.full(self.inputs, float(low)),
            np.full(self.inputs, float(high)),
            none + _width(np.array(float(low)), np.array(float(high))),
            none.copy(),
            none.copy(),
            np.full((self.inputs, 5), -1),
            np.zeros(self.inputs, dtype=np.int64),
        ).resized(2 * self.inputs + 64)
        self.places = digits.shape[0]
        self.free: list[int] = []
        for term in range(self.inputs):
            self._compare(term)

    def snapshot(self) -> tuple[State, list[int]]:
        """Return what ``restore`` takes."""
        return self.state.resized(self.size), list(self.free)

    def restore(self, snapshot: tuple[State, list[int]]) -> None:
        """Return to an earlier state."""
        state, free = snapshot
        self.state, self.size = state.resized(len(state.low) + 64), len(state.low)
        self.free = list(free)

    def bits(self) -> float:
        """Return the bits of all adders: those of pairs, and about those of what is left.

        A tree over m terms of w bits takes m·(w + 1) bits less what depends on its root only: as
        many as its leaves, half as many one bit wider, and so on.
        """
        state, size = self.state, self.size
        left = ones(state.plus[:size] | state.minus[:size])
        return float(state.cost[:size].sum() + (left * (state.width[:size] + 1)).sum())

    def pairs(self) -> list[tuple[int, Pair]]:
        """Return terms that are pairs, each after its parts."""
        rows = self.state.pairs[: self.size]
        waiting = {int(t): rows[t].tolist() for t in np.flatnonzero(rows[:, 0] >= 0)}
        result: list[tuple[int, Pair]] = []
        while waiting:
            ready = [t for t, (a, b, *_) in waiting.items() if not {a, b} & waiting.keys()]
            for term in ready:
                a, b, a_shift, b_shift, subtract = waiting[term]
                result.append((term, Pair(a, b, a_shift, b_shift, bool(subtract))))
            for term in ready:
                del waiting[term]
        return result

    def loose(self) -> Numbers:
        """Return the pairs that are no part of another pair."""
        state, size = self.state, self.size
        return np.flatnonzero((state.pairs[:size, 0] >= 0) & (state.uses[:size] == 0))

    def is_loose(self, term: int) -> bool:
        """Whether a term is a pair and no part of another one."""
        return bool(self.state.pairs[term, 0] >= 0 and self.state.uses[term] == 0)

    def greedy(self) -> None:
        """Make terms of pairs, the most saving first, until none saves anything."""
        while True:
            best = self.state.best[: self.size]
            term = int(best.argmax())
            if best[term] <= 0:
                return
            scores = self._scores(term, term + 1)
            top = int(scores.argmax())
            score = float(scores.flat[top])
            # Others may lead by now: what a term had may have gone into new ones.
            if score <= 0 or score + self.noise < best[term]:
                best[term] = max(score, 0.0)
                continue
            which, other = divmod(top, term + 1)
            shift, unlike = divmod(which, 2)
            self._extract(term, other, shift - self.places + 1, bool(unlike))

    def expand(self, term: int) -> tuple[int, int]:
        """Put a loose pair back as its parts in every row, and return them."""
        state = self.state
        a, b, a_shift, b_shift, unlike = state.pairs[term].tolist()
        plus, minus = state.plus[term], state.minus[term]
        state.plus[a] |= moved(plus, a_shift)
        state.minus[a] |= moved(minus, a_shift)
        if unlike:
            plus, minus = minus, plus
        state.plus[b] |= moved(plus, b_shift)
        state.minus[b] |= moved(minus, b_shift)
        state.uses[[a, b]] -= 1 if a != b else 2
        for array in (state.plus, state.minus, state.cost, state.best):
            array[term] = 0
        state.pairs[term] = -1
        self.free.append(term)
        for part in {a, b}:
            self._compare(part)
        return a, b

    def _extract(self, a: int, b: int, shift: int, unlike: bool) -> None:
        """Make a term of a pair: ``b`` stands ``shift`` places above ``a``."""
        state = self.state
        plus, minus = self._matches(a, b, shift, unlike)
        state.plus[a] &= ~plus
        state.minus[a] &= ~minus
        above, below = moved(plus, shift), moved(minus, shift)
        if unlike:
            above, below = below, above
        state.plus[b] &= ~above
        state.minus[b] &= ~below
        a_shift, b_shift = max(-shift, 0), max(shift, 0)
        pair = np.array([a, b, a_shift, b_shift, unlike], dtype=np.int64)
        known = np.flatnonzero((state.pairs[: self.size] == pair).all(axis=1))
        if len(known):
            new = int(known[0])
        else:
            new = self._place()
            state = self.state
            scaled = [state.low[b] * 2**b_shift, state.high[b] * 2**b_shift]
            if unlike:
                scaled = [-scaled[1], -scaled[0]]
            state.low[new] = state.low[a] * 2**a_shift + scaled[0]
            state.high[new] = state.high[a] * 2**a_shift + scaled[1]
            state.width[new] = _width(state.low[new], state.high[new])
            top = max(state.width[a] + a_shift, state.width[b] + b_shift)
            state.cost[new] = top - max(a_shift, b_shift)
            state.pairs[new] = pair
            state.uses[[a, b]] += 1 if a != b else 2
        state.plus[new] |= moved(plus, -a_shift)
        state.minus[new] |= moved(minus, -a_shift)
        self._compare(new)

    def _place(self) -> int:
        if self.free:
            return self.free.pop()
        if self.size == len(self.state.low):
            self.state = self.state.resized(self.size + self.size // 2 + 64)
        term: int = self.size
        self.size += 1
        return term

    def _matches(self, a: int, b: int, shift: int, unlike: bool) -> tuple[Masks, Masks]:
        """Return where ``a`` stands below such a ``b``, as its plus and minus."""
        state = self.state
        plus, minus = moved(state.plus[b], -shift), moved(state.minus[b], -shift)
        if unlike:
            plus, minus = minus, plus
        plus, minus = state.plus[a] & plus, state.minus[a] & minus
        if a == b:
            # A term is no part of two pairs: what is the upper one is not the lower one too.
            for place in range(shift, self.places):
                lower = plus[place - shift] | minus[place - shift]
                plus[place] &= ~lower
                minus[place] &= ~lower
        return plus, minus

    def _scores(self, term: int, size: int) -> Floats:
        """Return the bits that pairs of a term with the first ``size`` terms save.

        Returns
        -------
        float64 (2 · (2 · places − 1), size)
            By how far the others stand above the term, first with like, then with unlike signs.
        """
        state = self.state
        all_plus, all_minus = state.plus[:size], state.minus[:size]
        scores = np.zeros((2 * (2 * self.places - 1), size))
        for index in range(2 * self.places - 1):
            shift = index - self.places + 1
            plus, minus = state.plus[term], state.minus[term]
            if shift:
                plus, minus = moved(plus, shift), moved(minus, shift)
            for unlike in range(2):
                if unlike:
                    plus, minus = minus, plus
                counts = ones((all_plus & plus) | (all_minus & minus))
                if term < size:
                    counts[term] = self._own(term, shift, bool(unlike))
                often = np.flatnonzero(counts > 1)
                if len(often):
                    saved = self._saved(term, often, counts[often], shift, bool(unlike))
                    scores[2 * index + unlike, often] = saved
        return scores

    def _saved(
        self, term: int, others: Numbers, counts: Numbers, shift: int, unlike: bool
    ) -> Floats:
        """Return the bits that a pair with each of the others saves where so many rows hold it."""
        state = self.state
        down, up = max(-shift, 0), max(shift, 0)
        width, low, high = state.width[others], state.low[others], state.high[others]
        if shift:
            low, high = low * 2**up, high * 2**up
        if unlike:
            low, high = -high, -low
        total = _width(state.low[term] * 2**down + low, state.high[term] * 2**down + high)
        own = state.width[term]
        saved: Floats = counts * (own + width + 1 - total)
        saved -= np.maximum(own + down, width + up) - max(down, up)
        if self.noise:
            saved += self.noise * self.rng.random(len(others))
        return saved

    def _own(self, term: int, shift: int, unlike: bool) -> int:
        """Count the pairs of a term with itself."""
        if shift <= 0:
            return 0
        plus, minus = self._matches(term, term, shift, unlike)
        return int(ones((plus | minus)[None])[0])

    def _compare(self, term: int) -> None:
        """Take note of what a term that stands in more rows can save."""
        scores = self._scores(term, self.size).max(axis=0)
        best = self.state.best
        best[term] = scores[: term + 1].max()
        later = best[term + 1 : self.size]
        np.maximum(later, scores[term + 1 :], out=later)


def _width(low: Floats, high: Floats) -> Floats:
    """Bits of ranges of whole numbers, a sign included where there is one."""
    magnitude = np.maximum(high, -low - 1)
    bits: Floats = np.maximum(np.frexp(magnitude)[1] + (low < 0), 1).astype(np.float64)
    return bits

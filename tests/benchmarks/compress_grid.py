"""The margin search against the full grid over the same rungs, both really run.

Run as ``SANGI_DATA=… python tests/benchmarks/compress_grid.py``: six rungs of quantization, of
slimming and of pruning on a small network for digits; ten minutes on one quiet core. Exit code 1
where one of the printed demands is missed. What the search finds depends much on the target, so
the target of the demands is not chosen by hand: it is the one that a third of the grid's
combinations miss; all others stand in the table. Candidates are kept under ``--work``: a run that
was stopped goes on. Trainings and seconds are those that a run from nothing needs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

from compress_small import STAGES, line, make_judge, small_case

from sangi.compiler.compress.search.events import Candidate
from sangi.compiler.compress.search.grid import grid_search
from sangi.compiler.compress.search.judge import ignore
from sangi.compiler.compress.search.margin import Outcome, margin_search

MARGIN = 1
WITHIN = 1.10
FEWER = 20
MISSING = 1 / 3
DROPS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
MARGINS = (0, 1, 2)
LARGER = ((8, 7, 10), (10, 10, 10), (16, 10, 20))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("compress_small.work"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if "SANGI_DATA" not in os.environ:
        print("SANGI_DATA must name the folder of models and images", file=sys.stderr)
        return 2
    small = small_case(Path(os.environ["SANGI_DATA"]), options.work, options.seed)
    stages = tuple(STAGES.values())
    judge = make_judge(small, options.work, options.seed, 1.0)
    grid = grid_search(small[0], stages, judge, lambda sizes: sizes.deflate)
    original = grid.original.score.value

    def searched(target: float, margin: int) -> Outcome:
        quiet = replace(judge, target=target, watch=ignore)
        return margin_search(small[0], stages, quiet, margin=margin)

    print(f"original: {line(grid.original)}\n{len(combinations(grid))} combinations; size of the")
    print("search's network against the grid's best at the target, and trainings, by margin:")
    print("  lost  miss   best" + "".join(f"{f'margin {m}':>14}" for m in MARGINS))
    third = third_misses(grid)
    for target in sorted({third, *(original - drop / 100 for drop in DROPS)}, reverse=True):
        best = smallest(grid, target)
        row = "".join(show(searched(target, margin), best) for margin in MARGINS)
        print(
            f"{100 * (original - target):6.2f} {missing(grid, target):5.0%} "
            f"{best.sizes.ratio('deflate'):5.0f}×{row}{'  a third misses' * (target == third)}",
            flush=True,
        )
    return conclude(grid, searched(third, MARGIN), third)


def conclude(grid: Outcome, search: Outcome, target: float) -> int:
    """Print what was demanded; return 1 where it is missed."""
    whole, best = len(combinations(grid)), smallest(grid, target)
    ratio = search.chosen.candidate.sizes.deflate / best.sizes.deflate
    saved = grid.trainings / search.trainings
    print(
        f"\nwhere a third misses, {100 * target:.2f} %:\n  grid   {line(best)}"
        f"\n  search {line(search.chosen.candidate)}"
        f"\nseconds: {grid.seconds:.0f} the grid, {search.seconds:.0f} the search"
        f"\ntrainings: {grid.trainings} the grid (beginnings shared, stages also left out), "
        f"{search.trainings} the search: {saved:.1f}× fewer; {whole / search.trainings:.1f}× where "
        f"only the {whole} full combinations count (literature: up to 76×)"
    )
    for rungs in LARGER:
        print(
            f"counted, not run: {' × '.join(map(str, rungs))} = {prod(rungs)} networks against at "
            f"most {most_trainings(rungs)} trainings of a search: "
            f"{prod(rungs) / most_trainings(rungs):.0f}×"
        )
    demands = [
        (f"combinations of three rungs: {whole} (at least 216)", whole >= 216),
        (f"size against the grid's best: {ratio:.3f} (at most {WITHIN})", ratio <= WITHIN),
        (f"fewer trainings: {saved:.1f}× (at least {FEWER}×)", saved >= FEWER),
    ]
    print()
    for text, held in demands:
        print(f"{'ok    ' if held else 'MISSED'}  {text}")
    return 0 if all(held for _, held in demands) else 1


def show(outcome: Outcome, best: Candidate) -> str:
    """Return what a search found, against the grid's best, and its trainings."""
    ratio = outcome.chosen.candidate.sizes.deflate / best.sizes.deflate
    return f"{f'{ratio:.3f} ({outcome.trainings})':>14}"


def third_misses(grid: Outcome) -> float:
    """Return the highest target that at most a third of the full combinations miss."""
    worst_first = sorted(reached(one) for one in combinations(grid))
    return worst_first[int(MISSING * len(worst_first))]


def missing(grid: Outcome, target: float) -> float:
    """Return the share of the full combinations that miss a target."""
    whole = combinations(grid)
    return sum(reached(one) < target for one in whole) / len(whole)


def smallest(grid: Outcome, target: float) -> Candidate:
    """Return the smallest network of the grid that reaches a target; the original may be it."""
    holding = [one for one in (grid.original, *grid.candidates) if reached(one) >= target]
    return min(holding, key=lambda one: one.sizes.deflate)


def reached(candidate: Candidate) -> float:
    """Return the target that a candidate just holds: its guard band is off."""
    return candidate.score.value - candidate.score.error


def combinations(grid: Outcome) -> list[Candidate]:
    """Return the candidates that passed all stages."""
    return [one for one in grid.candidates if len(one.steps) == len(STAGES)]


def most_trainings(rungs: Sequence[int]) -> int:
    """Return the most trainings of a bisecting search with a margin of one.

    As long as accuracy falls along the ladders. Bisection tries ``bit_length`` of a ladder's
    rungs, the step back one more in every stage but the last; the last stage is walked from both
    sides of the margin; slimming trains once before its rungs.
    """
    lengths = [n.bit_length() for n in rungs]
    return sum(lengths) + len(rungs) - 1 + lengths[-1] + 1


if __name__ == "__main__":
    sys.exit(main())

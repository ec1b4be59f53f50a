"""The margin search against the full grid over the same rungs, both really run.

Run as ``SANGI_DATA=… python tests/benchmarks/compress_grid.py``: six rungs of quantization, of
slimming and of pruning on a small network for digits; ten minutes on one core. Exit code 1 where
one of the printed demands is missed. The grid's candidates are kept under ``--work``: another
``--drop`` then costs seconds, and a run that was stopped goes on. Trainings and seconds that are
printed are those that a run from nothing needs.
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
MISSING = 1 / 4
LARGER = ((8, 7, 10), (10, 10, 10), (16, 10, 20))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("compress_small.work"))
    parser.add_argument("--drop", type=float, default=1.0, help="points that may be lost")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if "SANGI_DATA" not in os.environ:
        print("SANGI_DATA must name the folder of models and images", file=sys.stderr)
        return 2
    small = small_case(Path(os.environ["SANGI_DATA"]), options.work, options.seed)
    judge = make_judge(small, options.work, options.seed, options.drop / 100)
    stages = tuple(STAGES.values())
    search = margin_search(small[0], stages, judge, margin=MARGIN)
    grid = grid_search(small[0], stages, judge, lambda sizes: sizes.deflate)
    quiet = replace(judge, watch=ignore)
    print(f"target {100 * judge.target:.2f} %, original {line(search.original)}")
    show("grid", grid)
    for margin in (0, 1, 2):
        show(f"margin {margin}", margin_search(small[0], stages, quiet, margin=margin))
    linear = margin_search(small[0], stages, quiet, margin=MARGIN, way="linear")
    show(f"margin {MARGIN}, rung by rung", linear)
    return conclude(grid, search)


def conclude(grid: Outcome, search: Outcome) -> int:
    """Print what was demanded; return 1 where it is missed."""
    whole = combinations(grid)
    missing = sum(not one.holds for one in whole) / len(whole)
    ratio = deflate(search) / deflate(grid)
    saved = grid.trainings / search.trainings
    print(
        f"\n{len(whole)} combinations of all three stages; {missing:.0%} of them miss the target"
        f"\nseconds: {grid.seconds:.0f} the grid, {search.seconds:.0f} the search"
        f"\ntrainings: {grid.trainings} the grid (beginnings shared, stages also left out), "
        f"{search.trainings} the search: {saved:.0f}× fewer (literature: up to 76×)"
    )
    for rungs in LARGER:
        print(
            f"counted, not run: {' × '.join(map(str, rungs))} = {prod(rungs)} networks against at "
            f"most {most_trainings(rungs)} trainings of a search: "
            f"{prod(rungs) / most_trainings(rungs):.0f}×"
        )
    demands = [
        (f"combinations of three rungs: {len(whole)} (at least 216)", len(whole) >= 216),
        (f"share that misses: {missing:.2f} (at least {MISSING})", missing >= MISSING),
        (f"size against the grid's best: {ratio:.3f} (at most {WITHIN})", ratio <= WITHIN),
        (f"fewer trainings: {saved:.1f}× (at least {FEWER}×)", saved >= FEWER),
    ]
    print()
    for text, held in demands:
        print(f"{'ok    ' if held else 'MISSED'}  {text}")
    return 0 if all(held for _, held in demands) else 1


def show(name: str, outcome: Outcome) -> None:
    """Print what a search found and what it cost."""
    print(f"{name:>22}: {outcome.trainings:4d} trainings  {line(outcome.chosen.candidate)}")


def combinations(grid: Outcome) -> list[Candidate]:
    """Return the candidates that passed all stages."""
    return [one for one in grid.candidates if len(one.steps) == len(STAGES)]


def deflate(outcome: Outcome) -> int:
    """Return the bits of the network that was chosen."""
    return outcome.chosen.candidate.sizes.deflate


def most_trainings(rungs: Sequence[int]) -> int:
    """Return the most trainings of a bisecting search over ladders of these lengths.

    Bisection tries ``bit_length`` of a ladder's rungs, the step back by a margin of one may try
    one more in every stage but the last, and slimming trains once before its rungs.
    """
    return sum(n.bit_length() for n in rungs) + len(rungs) - 1 + 1


if __name__ == "__main__":
    sys.exit(main())

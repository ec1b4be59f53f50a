"""The order of the stages: quantization, slimming, pruning against the other five orders.

Run as ``SANGI_DATA=… python tests/benchmarks/compress_orders.py``: every order with the same rungs,
floors, margin and epochs, on the small case of ``compress_grid.py``, with three seeds (of the
original's training and of all others); ten minutes on one core, kept under ``--work``. The
table tells; nothing is demanded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from statistics import geometric_mean

from compress_small import STAGES, line, make_judge, small_case

from sangi.compiler.compress.search.margin import Outcome, margin_search

MARGIN = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what every order found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("compress_small.work"))
    parser.add_argument("--drop", type=float, default=1.0, help="points that may be lost")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    if "SANGI_DATA" not in os.environ:
        print("SANGI_DATA must name the folder of models and images", file=sys.stderr)
        return 2
    orders = list(permutations(STAGES))
    found: dict[tuple[str, ...], list[Outcome]] = {order: [] for order in orders}
    for seed in range(options.seeds):
        small = small_case(Path(os.environ["SANGI_DATA"]), options.work, seed)
        judge = make_judge(small, options.work, seed, options.drop / 100)
        for order in orders:
            print(f"seed {seed}: {' → '.join(order)}", flush=True)
            stages = [STAGES[name] for name in order]
            outcome = margin_search(small[0], stages, judge, margin=MARGIN)
            found[order].append(outcome)
            print(f"  = {line(outcome.chosen.candidate)}", flush=True)
    show(found, options.drop)
    return 0


def show(found: dict[tuple[str, ...], list[Outcome]], drop: float) -> None:
    """Print the table: how many times smaller, DEFLATEd, at the target."""
    seeds = range(len(next(iter(found.values()))))
    print(f"\nDEFLATEd size against float32, at most {drop:g} points lost on the validation split")
    heads = "".join(f"{f'seed {seed}':>9}" for seed in seeds)
    print(f"{'order':16}{heads}{'mean':>9}{'dense':>9}{'trainings':>11}")
    for order, outcomes in found.items():
        ratios = {
            encoding: [one.chosen.candidate.sizes.ratio(encoding) for one in outcomes]
            for encoding in ("deflate", "dense")
        }
        trainings = sum(one.trainings for one in outcomes) / len(outcomes)
        each = "".join(f"{ratio:8.1f}×" for ratio in ratios["deflate"])
        means = "".join(f"{geometric_mean(values):8.1f}×" for values in ratios.values())
        print(f"{' → '.join(order):16}{each}{means}{trainings:11.1f}")


if __name__ == "__main__":
    sys.exit(main())

"""What is said of a network that does not fit its board."""

from __future__ import annotations

import numpy as np

from ...boards.board import Board
from ...runtime.errors import FitError
from .limits import KINDS, Vector, total
from .select import Choice, vector

HELP = {
    "LUT": "fewer channels, ternary weights",
    "FF": "fewer channels",
    "block RAM": "fewer weights, fewer bits a weight (ternary ones take 2)",
    "DSP": "ternary weights",
}

LARGEST = 3


def too_large(
    name: str, choice: Choice, board: Board, budget: Vector, fixed: Vector, target: str | None
) -> FitError:
    """Return the error: what is needed, what there is, the largest layers, what helps.

    Parameters
    ----------
    name : str
        The network's name.
    choice : Choice
        The circuit that misses the budget least.
    board : Board
    budget : Vector
        What may be used.
    fixed : Vector
        What is used beside the choice (shell, deep FIFOs).
    target : str or None
        The frame rate and clock that the circuit was to reach; None where any would do.
    """
    needed = vector(choice.total) + fixed
    over = [i for i in range(4) if needed[i] > budget[i] * (1 + 1e-9)]
    goal = "at any speed" if target is None else f"at {target}"
    lines = [
        f"network '{name}' does not fit {board.name} {goal}: "
        + "; ".join(
            f"it needs about {np.ceil(needed[i]):.0f} {KINDS[i]} and may use {budget[i]:.0f} "
            f"of {total(board)[i]:.0f}"
            for i in over
        )
    ]
    worst = int(np.argmax(needed / np.maximum(budget, 1e-9)))
    sizes = sorted(
        (
            (-vector(cost)[worst], slot.node or slot.name)
            for slot, cost in zip(choice.plan.slots, choice.costs, strict=True)
        ),
    )
    largest = ", ".join(f"{name} ({-size:.0f})" for size, name in sizes[:LARGEST])
    lines.append(f"The largest layers by {KINDS[worst]}: {largest}")
    slower = "" if target is None else ", a lower --target-fps"
    lines.append(f"What helps: a larger board, {HELP[KINDS[worst]]}{slower}")
    return FitError(". ".join(lines))

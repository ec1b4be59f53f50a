"""What is said of a network that does not fit its board."""

from __future__ import annotations

import numpy as np

from ...boards.board import Board
from ...runtime.errors import FitError
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.program import Program
from .limits import FILL, KINDS, RESOURCES, Vector, total
from .resources import shell_resources
from .select import Choice, vector

HELP = {
    "LUT": "fewer channels",
    "FF": "fewer channels",
    "block RAM": "fewer weights",
    "DSP": "fewer channels",
}
TERNARY_HELP = {
    "LUT": "fewer channels, ternary weights",
    "FF": "fewer channels",
    "block RAM": "fewer weights, fewer bits a weight (ternary ones take 2)",
    "DSP": "ternary weights",
}
"""Where not all weights are ternary already."""

LARGEST = 3

ROUNDING = 1e-9


def too_large(
    program: Program,
    choice: Choice,
    board: Board,
    budget: Vector,
    reserve: Vector | None,
    target: str | None,
) -> FitError:
    """Return the error: what is needed, what there is, what takes most, what helps.

    Parameters
    ----------
    program : Program
    choice : Choice
        The circuit that misses the budget least.
    board : Board
    budget : Vector
        What may be used.
    reserve : Vector or None
        What deep FIFOs take beside the choice and the shell.
    target : str or None
        The frame rate and clock that the circuit was to reach; None where any would do.
    """
    shell = vector(shell_resources(board))
    deep = np.zeros(4) if reserve is None else reserve
    needed = vector(choice.total) + shell + deep
    goal = "at any speed" if target is None else f"at {target}"
    worst = int(np.argmax(needed / np.maximum(budget, ROUNDING)))
    users = [
        (slot.node or slot.name, vector(cost)[worst])
        for slot, cost in zip(choice.plan.slots, choice.costs, strict=True)
    ]
    users += [("the shell", shell[worst]), ("deep FIFOs", deep[worst])]
    largest = sorted((-size, user) for user, size in users if round(size))[:LARGEST]
    hints = HELP if _all_ternary(program) else TERNARY_HELP
    help_ = [*_raised(needed, budget, board), "a larger board", hints[KINDS[worst]]]
    if target is not None:
        help_.append("a lower --target-fps")
    return FitError(
        f"network '{program.name}' does not fit {board.name} {goal}: "
        f"it needs {_missed(needed, budget, board)}. The largest users of {KINDS[worst]}: "
        f"{', '.join(f'{user} ({-size:.0f})' for size, user in largest)}. "
        f"What helps: {', '.join(help_)}"
    )


def check_shell(program: Program, board: Board, budget: Vector) -> None:
    """Make sure that there is room for the shell at least.

    Raises
    ------
    FitError
        If the shell takes more of a resource than may be used.
    """
    shell = vector(shell_resources(board))
    if not _over(shell, budget):
        return
    help_ = _raised(shell, budget, board) or ["a larger board"]
    raise FitError(
        f"network '{program.name}' does not fit {board.name}: the shell alone, which carries its "
        f"frames, needs {_missed(shell, budget, board)}. What helps: {', '.join(help_)}"
    )


def _over(needed: Vector, budget: Vector) -> list[int]:
    return [i for i in range(4) if needed[i] > budget[i] * (1 + ROUNDING)]


def _missed(needed: Vector, budget: Vector, board: Board) -> str:
    """Say what is needed of every resource that does not suffice."""
    return "; it needs ".join(
        f"about {np.ceil(needed[i]):.0f} {KINDS[i]} and may use {budget[i]:.0f} "
        f"of {total(board)[i]:.0f}"
        for i in _over(needed, budget)
    )


def _raised(needed: Vector, budget: Vector, board: Board) -> list[str]:
    """Return the limits that help: those given, and the others where the board has enough."""
    has = total(board)
    return [
        f"a higher --max-{RESOURCES[i]}"
        for i in _over(needed, budget)
        if budget[i] < has[i] and (needed[i] <= has[i] or budget[i] < FILL * has[i])
    ]


def _all_ternary(program: Program) -> bool:
    """Whether all weights are −1, 0 or +1."""
    return all(
        bool((np.abs(node.op.weights) <= 1).all())
        for node in program.nodes
        if isinstance(node.op, Conv | Dense)
    )

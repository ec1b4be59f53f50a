"""How much of a board a circuit may use."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...boards.board import Board
from ...runtime.errors import UsageError

Vector = npt.NDArray[np.float64]

RESOURCES = ("lut", "ff", "bram", "dsp")
"""Keys of the four resources, in the order of every vector."""

KINDS = ("LUT", "FF", "block RAM", "DSP")
"""Their names for eyes."""

FILL = 0.8
"""Part of every resource that a circuit may use; place and route need the rest."""


@dataclass(frozen=True)
class Limit:
    """The most that a circuit may use of a resource.

    Attributes
    ----------
    amount : float
        Cells, or percent of what the board has.
    percent : bool
    """

    amount: float
    percent: bool = False

    def __str__(self) -> str:
        """Return the text that ``parse_limit`` reads."""
        return f"{self.amount:g}{'%' if self.percent else ''}"


def parse_limit(text: str) -> Limit:
    """Read a limit: ``12000`` cells, or ``50%`` of what the board has.

    Raises
    ------
    ValueError
        If it is neither.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", text)
    amount = float(found[1]) if found else math.inf
    percent = bool(found and found[2])
    if not math.isfinite(amount) or (percent and amount > 100):
        raise ValueError(f"must be a number of cells, or 0% to 100%, not {text!r}")
    return Limit(amount, percent)


def total(board: Board) -> Vector:
    """Return what a board has: lut, ff, bram, dsp."""
    return np.array([board.lut, board.ff, board.bram, board.dsp], dtype=np.float64)


def budget_of(board: Board, limits: Mapping[str, Limit]) -> Vector:
    """Return what a circuit may use: lut, ff, bram, dsp.

    Parameters
    ----------
    board : Board
    limits : mapping of str to Limit
        By resource; where there is none, 80 % of what the board has.

    Raises
    ------
    UsageError
        If a limit is of no resource, or above what the board has.
    """
    for kind in limits:
        if kind not in RESOURCES:
            raise UsageError(f"a limit must be of one of {', '.join(RESOURCES)}, not {kind!r}")
    budget: Vector = FILL * total(board)
    for number, (kind, has) in enumerate(zip(RESOURCES, total(board), strict=True)):
        limit = limits.get(kind)
        if limit is None:
            continue
        budget[number] = has * limit.amount / 100 if limit.percent else limit.amount
        if budget[number] > has:
            raise UsageError(
                f"--max-{kind} must be at most the {has:.0f} {KINDS[number]} of {board.name}, "
                f"not {limit}"
            )
    return budget

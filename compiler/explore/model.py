"""From a model file to the frontier of its circuits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from ...boards.load import load_board
from ...runtime.errors import UsageError
from ..frontend import Data, load
from ..mapping.limits import budget_of
from ..mapping.wishes import Wishes
from ..order.order import order_channels
from ..project.flows import check_clock
from .frontier import POINTS, Frontier, explore


def explore_model(
    model: str | Path,
    board: str,
    *,
    clock_mhz: float | None = None,
    wishes: Wishes | None = None,
    data: Data | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    points: int = POINTS,
    progress: Callable[[str], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Frontier:
    """Return the frontier of frame rate against resources of a model on a board.

    Parameters
    ----------
    model : path
        ONNX file.
    board : str
        Name of a board, or path of a board's TOML file.
    clock_mhz, wishes, points, progress : as in ``explore``
    data, mean, std, input_shape, note : as in ``load``

    Raises
    ------
    SangiError
        One of its kinds, with a message that says what to mend.
    """
    target = load_board(board)
    if clock_mhz is not None:
        if not (math.isfinite(clock_mhz) and clock_mhz > 0):
            raise UsageError(f"clock_mhz must be a number above 0, not {clock_mhz}")
        check_clock(target, clock_mhz)
    wishes = Wishes() if wishes is None else wishes
    budget_of(target, wishes.limits)
    if progress is not None:
        progress("read the model")
    program = load(
        model,
        mean=mean,
        std=std,
        input_shape=input_shape,
        data=data,
        mapped=True,
        note=note,
    )
    ordered = order_channels(program)
    return explore(
        ordered, target, clock_mhz=clock_mhz, wishes=wishes, points=points, progress=progress
    )

"""Options that several commands share, by one name and meaning, and the reading of their values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import typer

BuildFolder = Annotated[
    Path,
    typer.Argument(
        metavar="BUILD", exists=True, file_okay=False, help="Folder that `sangi compile` wrote."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn at random.")]
Frames = Annotated[
    int | None, typer.Option(min=1, help="Number of frames: the first N of --images.")
]
Mean = Annotated[
    str | None,
    typer.Option(metavar="M,…", help="Subtracted from the pixels: one number, or one per channel."),
]
Std = Annotated[
    str | None,
    typer.Option(
        metavar="S,…", help="Divides the pixels after --mean: one number, or one per channel."
    ),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        metavar="N,C,H,W", help="Shape of the model's input, where the file leaves it open."
    ),
]
VerifyEach = Annotated[
    bool,
    typer.Option(
        "--verify-each",
        help="Execute the graph after every pass, and the program, against the graph before.",
    ),
]


def npz_option(help_text: str) -> typer.models.OptionInfo:
    """Return an option that takes an existing .npz file."""
    option: typer.models.OptionInfo = typer.Option(
        metavar="FILE.npz", exists=True, dir_okay=False, help=help_text
    )
    return option


def numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """Read comma-separated numbers.

    Raises
    ------
    typer.BadParameter
        If one is not a finite number.
    """
    if text is None:
        return None
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = (math.nan,)
    if not all(math.isfinite(value) for value in values):
        raise typer.BadParameter(
            f"must be numbers separated by commas, not {text!r}", param_hint=option
        )
    return values


def clock(text: str | None) -> float | Literal["auto"] | None:
    """Read a clock in MHz, or ``auto``.

    Raises
    ------
    typer.BadParameter
        If it is neither.
    """
    if text is None or text == "auto":
        return "auto" if text else None
    try:
        return float(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"must be a number of MHz or auto, not {text!r}", param_hint="--clock-mhz"
        ) from error


def shape(text: str | None, option: str) -> tuple[int, ...] | None:
    """Read comma-separated sizes.

    Raises
    ------
    typer.BadParameter
        If one is not a whole number above 0.
    """
    if text is None:
        return None
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise typer.BadParameter(
            f"must be whole numbers above 0 separated by commas, not {text!r}", param_hint=option
        )
    return sizes

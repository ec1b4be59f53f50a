"""``sangi flash``: a build's bitstream onto its board."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import BuildFolder


def flash(
    build: BuildFolder,
    board: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="The build's board, where that is your own file."),
    ] = None,
) -> None:
    """Load the bitstream onto the board with its programmer, or say the command."""
    from .. import flash as loader

    loader.flash(loader.flash_command(build, board))

"""``sangi run``: images on a device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...runtime.errors import MismatchError
from .console import progress
from .options import BuildFolder, Frames, npz_option


def run(
    build: BuildFolder,
    device: Annotated[
        str,
        typer.Option(metavar="URL", help="numpy:, sim:, sim:pins, uart:PORT, pynq:, tcp:HOST …"),
    ],
    images: Annotated[Path, npz_option("Images `x`, and classes `y` for the accuracy.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="For the outputs; BUILD/results/ by default."),
    ] = None,
    frames: Frames = None,
) -> None:
    """Run images on a board, on its simulation, or on the reference."""
    from ..run import run_build, shown
    from .tables import show_run

    with progress() as begin:
        result = run_build(build, device, images, frames=frames, out=out, progress=begin)
    show_run(result, device)
    if len(result.differing):
        raise MismatchError(
            f"{shown(device)} must give what the reference gives, and {len(result.differing)} of "
            f"{result.images} images differ, the first is image {result.differing[0]}; "
            "compare the layers with `sangi simulate`"
        )

"""``sangi simulate``: a build's circuit in Verilator, compared with the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ...runtime.errors import MismatchError
from .console import progress
from .options import BuildFolder, Frames, Seed, npz_option


def simulate(
    build: BuildFolder,
    images: Annotated[
        Path | None, npz_option("Images `x` and classes `y`; random frames without it.")
    ] = None,
    frames: Frames = None,
    seed: Seed = 0,
) -> None:
    """Simulate a build and compare every stream between layers with the reference."""
    from ..report.report import read_report
    from ..simulate import simulate as simulate_build
    from .tables import show_resources, show_simulated

    with progress() as begin:
        result = simulate_build(build, images, frames, seed, progress=begin)
    report = read_report(build)
    show_simulated(result, report)
    show_resources(report)
    if result.mismatches:
        raise MismatchError(
            f"the circuit must give what the reference gives, and {result.mismatches:,} elements "
            f"differ: {result.first}"
        )

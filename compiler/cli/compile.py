"""``sangi compile``: from a model to a build folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import progress, show_note
from .options import InputShape, Mean, Seed, Std, VerifyEach, clock, npz_option, numbers, shape
from .wishes import Engines, Layers, MaxBram, MaxDsp, MaxFf, MaxLut, read_wishes


def compile_(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", exists=True, dir_okay=False, help="The network.")
    ],
    board: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="What to build for; see `sangi boards`.")
    ],
    out: Annotated[
        Path, typer.Option("-o", metavar="DIR", help="Folder to write: new, or an earlier build.")
    ],
    clock_mhz: Annotated[
        str | None,
        typer.Option(
            metavar="F|auto",
            help="Clock of the circuit; the board's own by default. "
            "auto, with --bitstream: the highest that place and route confirms.",
        ),
    ] = None,
    target_fps: Annotated[
        float | None, typer.Option(help="Frames per second; without it the fastest that fits.")
    ] = None,
    engine: Engines = None,
    max_lut: MaxLut = None,
    max_ff: MaxFf = None,
    max_bram: MaxBram = None,
    max_dsp: MaxDsp = None,
    layers: Layers = None,
    data: Annotated[
        Path | None, npz_option("Sample images `x`, for the calibration of float models.")
    ] = None,
    mean: Mean = None,
    std: Std = None,
    input_shape: InputShape = None,
    bitstream: Annotated[
        bool, typer.Option("--bitstream", help="Synthesize, place and route as well.")
    ] = False,
    verify_each: VerifyEach = False,
    seed: Seed = 0,
) -> None:
    """Compile a trained network into a circuit, its testbench and its project."""
    from ..compile import compile_model
    from .tables import show_compiled, warn_about_timing

    wishes = read_wishes(engine, max_lut, max_ff, max_bram, max_dsp, layers)
    notes: list[str] = []
    with progress() as begin:
        report = compile_model(
            model,
            board,
            out=out,
            clock_mhz=clock(clock_mhz),
            target_fps=target_fps,
            wishes=wishes,
            data=data,
            mean=numbers(mean, "--mean"),
            std=numbers(std, "--std"),
            input_shape=shape(input_shape, "--input-shape"),
            bitstream=bitstream,
            verify_each=verify_each,
            seed=seed,
            progress=begin,
            note=notes.append,
        )
    show_compiled(report, out)
    for line in notes:
        show_note(line)
    warn_about_timing(report)

"""``sangi explore``: what every frame rate of a network would cost on a board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .console import progress, show_line, show_note
from .options import InputShape, Mean, Std, npz_option, numbers, shape
from .wishes import Engines, Layers, MaxBram, MaxDsp, MaxFf, MaxLut, read_wishes


def explore(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", exists=True, dir_okay=False, help="The network.")
    ],
    board: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="What to build for; see `sangi boards`.")
    ],
    clock_mhz: Annotated[
        float | None, typer.Option(help="Clock of the circuit; the board's own by default.")
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
    points: Annotated[
        int, typer.Option(min=2, max=200, help="Frame rates to look at, evenly on a log scale.")
    ] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FILE.png|.svg", help="Draw the frontier.")
    ] = None,
) -> None:
    """Show the frontier of frame rate against resources: the cheapest circuit for each rate.

    Estimates of the cost models, with FIFOs of the least depth; `sangi compile --target-fps` sizes
    the FIFOs of one circuit and proves its frame rate.
    """
    from ..explore.document import as_document
    from ..explore.model import explore_model
    from ..explore.plot import check_plot, write_plot
    from .frontier import show_frontier

    if out is not None:
        check_plot(out)
    wishes = read_wishes(engine, max_lut, max_ff, max_bram, max_dsp, layers)
    notes: list[str] = []
    with progress() as begin:
        frontier = explore_model(
            model,
            board,
            clock_mhz=clock_mhz,
            wishes=wishes,
            data=data,
            mean=numbers(mean, "--mean"),
            std=numbers(std, "--std"),
            input_shape=shape(input_shape, "--input-shape"),
            points=points,
            progress=begin,
            note=notes.append,
        )
        if out is not None:
            begin("draw the plot")
            write_plot(frontier, out)
    if as_json:
        print(json.dumps(as_document(frontier), indent=2, ensure_ascii=False))
    else:
        show_frontier(frontier)
        if out is not None:
            show_line(f"\nwritten: {out}")
    for line in notes:
        show_note(line)

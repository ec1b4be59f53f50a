"""``sangi compress``: from a float model and its data to a small QDQ model."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .console import show_note
from .options import InputShape, Mean, Seed, Std, npz_option, numbers, shape


class Weights(StrEnum):
    """What quantization goes down to."""

    INT = "int"
    TERNARY = "ternary"


class Scope(StrEnum):
    """Which layers are pruned."""

    ALL = "all"
    FC = "fc"


class Smallest(StrEnum):
    """Which of the four sizes counts."""

    DENSE = "dense"
    NONZERO = "nonzero"
    INDEXED = "indexed"
    DEFLATE = "deflate"


class Search(StrEnum):
    """How candidates are chosen."""

    MARGIN = "margin"
    GRID = "grid"


def compress(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL.onnx", exists=True, dir_okay=False, help="A float network."),
    ],
    train: Annotated[
        list[Path], npz_option("Training images `x` and labels `y`; may be repeated.")
    ],
    out: Annotated[Path, typer.Option("-o", metavar="SMALL.onnx", help="The QDQ model to write.")],
    test: Annotated[
        Path | None, npz_option("Test images `x` and labels `y`: looked at once, at the end.")
    ] = None,
    target_accuracy: Annotated[
        float | None,
        typer.Option(
            metavar="A",
            help="Least accuracy on the validation part, one standard error subtracted.",
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="D",
            help="Instead: what the original's accuracy may lose; 0.005 is half a point.",
        ),
    ] = None,
    stages: Annotated[
        str, typer.Option(metavar="NAME,…", help="Some of iq, ns, dc, in the order of use.")
    ] = "iq,ns,dc",
    weights: Annotated[
        Weights, typer.Option(help="8 down to 2 bits, or ternary with a searched threshold.")
    ] = Weights.INT,
    balanced: Annotated[
        int | None,
        typer.Option(
            metavar="BANKS",
            min=2,
            help="As many non-zeros in each of so many banks of a filter's inputs.",
        ),
    ] = None,
    scope: Annotated[
        Scope, typer.Option(help="What is pruned: all layers, or fully connected ones.")
    ] = Scope.ALL,
    margin: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="The last stage starts from up to N steps further back, too."
        ),
    ] = 1,
    reserve: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Of what may be lost: what the stages before the last two leave."
        ),
    ] = 0.5,
    smallest: Annotated[
        Smallest | None,
        typer.Option(
            help="Which size the search makes small: deflate, with --balanced indexed by default."
        ),
    ] = None,
    search: Annotated[
        Search, typer.Option(help="The margin search, or the full grid: every combination.")
    ] = Search.MARGIN,
    floor: Annotated[
        float, typer.Option(help="Share of its filters that slimming leaves every layer.")
    ] = 0.15,
    epochs: Annotated[int, typer.Option(min=1, help="Of every fine-tuning.")] = 10,
    final_epochs: Annotated[
        int | None,
        typer.Option(
            min=0, help="Of the last fine-tuning, 0 for none; three times --epochs by default."
        ),
    ] = None,
    no_teacher: Annotated[
        bool, typer.Option("--no-teacher", help="Train by the labels alone.")
    ] = False,
    shift: Annotated[
        int, typer.Option(metavar="N", min=0, help="Move training images by up to N pixels.")
    ] = 0,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror half of the training images.")] = (
        False
    ),
    light: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Vary contrast and brightness of training images by this share."
        ),
    ] = 0.0,
    turn: Annotated[
        float,
        typer.Option(
            metavar="DEGREES", min=0.0, max=180.0, help="Turn training images, to either side."
        ),
    ] = 0.0,
    zoom: Annotated[
        float,
        typer.Option(min=0.0, max=0.5, help="Stretch rows and columns of training images."),
    ] = 0.0,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION", help="`(outputs, y) -> float` instead of top-1 accuracy."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Array of the training files: frames of one (y, KEY) stay in one part.",
        ),
    ] = None,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the training images, taken for validation.")
    ] = 0.2,
    val: Annotated[
        Path | None, npz_option("Validation images of your own; all others are for training.")
    ] = None,
    mean: Mean = None,
    std: Std = None,
    input_shape: InputShape = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="For candidates, SMALL.onnx.search by default; a stopped search goes on there.",
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find how small a network can be made while it stays as good as it must.

    Stage after stage (integer quantization, network slimming, deep compression), each as far as
    the accuracy on a validation part allows, then one last, longer fine-tuning.
    """
    from ..compress.compress import compress_model
    from .compressed import show_compressed
    from .live import live_table

    notes: list[str] = []
    with live_table(percent=metric is None) as watch:
        found = compress_model(
            model,
            train,
            test,
            out=out,
            target_accuracy=target_accuracy,
            max_drop=max_drop,
            stages=tuple(stages.split(",")),
            weights=weights.value,
            balanced=balanced,
            scope=scope.value,
            margin=margin,
            reserve=reserve,
            search=search.value,
            smallest=None if smallest is None else smallest.value,
            epochs=epochs,
            final_epochs=final_epochs,
            teacher=not no_teacher,
            metric=metric,
            group=group,
            val=val,
            validation=validation,
            mean=numbers(mean, "--mean"),
            std=numbers(std, "--std"),
            input_shape=shape(input_shape, "--input-shape"),
            shift=shift,
            flip=flip,
            light=light,
            turn=turn,
            zoom=zoom,
            floor=floor,
            work=work,
            seed=seed,
            watch=watch,
            note=notes.append,
        )
    if as_json:
        print(json.dumps(found.document, indent=2, ensure_ascii=False))
    else:
        show_compressed(found, percent=metric is None)
    for line in notes:
        show_note(line)

"""``sangi inspect``: what a model is made of, and what stands in the way of a circuit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ...runtime.errors import UnsupportedError
from .console import show_note
from .options import InputShape, Mean, Seed, Std, VerifyEach, npz_option, numbers, shape


def inspect(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", exists=True, dir_okay=False, help="The network.")
    ],
    check: Annotated[
        Path | None,
        npz_option("Images `x`: compare the program with the model itself, tensor by tensor."),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Number of frames: the first N of --check.")
    ] = None,
    data: Annotated[
        Path | None, npz_option("Sample images `x`, for the calibration of float models.")
    ] = None,
    mean: Mean = None,
    std: Std = None,
    input_shape: InputShape = None,
    verify_each: VerifyEach = False,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the layers of a model, what can run where, and what stands in the way.

    Exit code 1 only where the file cannot be read, or --check or --verify-each find a mismatch.
    """
    from ..check.check import check_model
    from ..images import read_images
    from ..inspect.document import as_document
    from ..inspect.inspect import inspect_model
    from ..verify.passes import VerifyEach as Verifier
    from .inspection import show_check, show_inspection

    verify = None
    if verify_each:
        verify = Verifier(None if data is None else read_images(data).x, seed=seed)
    center, spread = numbers(mean, "--mean"), numbers(std, "--std")
    sizes = shape(input_shape, "--input-shape")
    found = inspect_model(
        model, mean=center, std=spread, input_shape=sizes, data=data, verify=verify
    )
    if not as_json:
        show_inspection(found)
    result = None
    if check is not None and not found.problems:
        images = read_images(check, frames).x
        result = check_model(model, images, mean=center, std=spread, input_shape=sizes, data=data)
        if not as_json:
            show_check(result)
    if as_json:
        print(json.dumps(as_document(found, result), indent=2))
    if verify is not None:
        show_note(verify.summary)
    if result is not None:
        result.verify()
    elif check is not None:
        count = len(found.problems)
        raise UnsupportedError(
            f"{found.model} must have nothing in its way to be checked, not {count} "
            f"problem{'s' if count > 1 else ''}"
        )

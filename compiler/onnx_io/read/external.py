"""Weights that stand in files beside the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from onnx import external_data_helper

from ....runtime.errors import ModelError
from .limits import check_bytes
from .tensors import constants


def load_external(path: Path, model: Any) -> None:
    """Put the weights that stand in files beside the model into it.

    Parameters
    ----------
    path : Path
        Of the model.
    model : onnx.ModelProto

    Raises
    ------
    ModelError
        If a file is missing, stands outside the model's folder, is too short or too large.
    """
    total = 0
    for where, tensor in constants(model.graph):
        if not external_data_helper.uses_external_data(tensor):
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        name = entries.get("location", "")
        place = Path(name)
        if not name or place.is_absolute() or ".." in place.parts:
            raise ModelError(
                f"{path}: {where} must keep its data beside the model, not in '{name}'"
            )
        file = path.parent / place
        if not file.is_file():
            raise ModelError(
                f"{path} keeps weights in {', '.join(_files(model))}: put that beside the model "
                f"({name} is not there)"
            )
        size = file.stat().st_size
        offset = _number(path, where, entries, "offset", 0)
        length = _number(path, where, entries, "length", size - offset)
        if offset > size or length > size - offset:
            raise ModelError(
                f"{path}: {where} needs bytes {offset}…{offset + length} of {name}, "
                f"which has {size}; the file is not whole, or of another model"
            )
        total += length
        check_bytes(f"weights of {path}", total)
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(
            f"{path} keeps weights in {', '.join(_files(model))}: put that beside the model "
            f"({error})"
        ) from error


def _number(path: Path, where: str, entries: dict[str, str], key: str, missing: int) -> int:
    text = entries.get(key, str(missing))
    # What is not plain digits is not a number of bytes; what is longer overflows everywhere.
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ModelError(f"{path}: {where}: {key} must be a number of bytes, not '{text}'")
    return int(text)


def _files(model: Any) -> list[str]:
    return sorted(set(_locations(model)))


def _locations(model: Any) -> Iterator[str]:
    for _, tensor in constants(model.graph):
        if external_data_helper.uses_external_data(tensor):
            yield from (entry.value for entry in tensor.external_data if entry.key == "location")

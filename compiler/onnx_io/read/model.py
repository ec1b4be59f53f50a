"""Opening an ONNX file without surprises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import external_data_helper, version_converter

from ....runtime.errors import ModelError, UsageError

#: Before opset 7, Add and Mul broadcast by an attribute: such models are converted.
OLDEST_OPSET = 7
CONVERTED_OPSET = 13


def open_model(path: str | Path) -> Any:
    """Read a model with its external data; nothing in it is changed.

    Parameters
    ----------
    path : str or Path
        An ``.onnx`` file.

    Returns
    -------
    onnx.ModelProto
        Of opset 7 or newer.

    Raises
    ------
    UsageError
        If there is no such file.
    ModelError
        If the file cannot be read, is not ONNX, is truncated, holds no graph, or its external
        data is missing. The message names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"model must be an existing file, not {path}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if not content:
        raise ModelError(f"{path} must be an ONNX model, not an empty file")
    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} must be an ONNX model; this file is not one, or it is truncated"
        ) from error
    if not model.HasField("graph") or not model.graph.node or not model.graph.output:
        raise ModelError(
            f"{path} must be an ONNX model with nodes and outputs; "
            "this file is not one, or it is truncated"
        )
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        missing = _external_files(model)
        raise ModelError(
            f"{path} keeps weights in {', '.join(missing)}: put that beside the model ({error})"
        ) from error
    return _modern(model, path)


def opset(model: Any) -> int:
    """Return the version of the standard ONNX operators that a model uses."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return int(max(versions, default=1))


def _modern(model: Any, path: Path) -> Any:
    if opset(model) >= OLDEST_OPSET:
        return model
    try:
        return version_converter.convert_version(model, CONVERTED_OPSET)
    except (RuntimeError, version_converter.ConvertError) as error:
        raise ModelError(
            f"{path} uses opset {opset(model)}, which cannot be converted to opset "
            f"{CONVERTED_OPSET}: export the model with a newer opset ({error})"
        ) from error


def _external_files(model: Any) -> list[str]:
    names = {
        entry.value
        for tensor in model.graph.initializer
        if external_data_helper.uses_external_data(tensor)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sorted(names) or ["another file"]

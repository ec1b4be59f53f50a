"""Opening an ONNX file without surprises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from ....runtime.errors import ModelError, UsageError
from .external import load_external
from .functions import inline_functions
from .limits import check_bytes, check_counts
from .structure import check_graph, check_names
from .tensors import check_constants
from .versions import check_versions, modern


def open_model(path: str | Path) -> Any:
    """Read a model with its external data, and check that it is a whole one.

    What is too large for any circuit is counted before anything walks it.

    Parameters
    ----------
    path : str or Path
        An ``.onnx`` file.

    Returns
    -------
    onnx.ModelProto
        Of opset 7 or newer, without functions of its own, its nodes in topological order.

    Raises
    ------
    UsageError
        If there is no such file.
    ModelError
        If the file cannot be read, is not ONNX, is truncated, damaged or too large, holds no
        graph, or its external data is missing. The message names the file or the node.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"model must be an existing file, not {path}")
    try:
        check_bytes(str(path), path.stat().st_size)
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
    check_counts(path, model)
    if not model.HasField("graph") or not model.graph.node or not model.graph.output:
        raise ModelError(
            f"{path} must be an ONNX model with nodes and outputs; "
            "this file is not one, or it is truncated"
        )
    check_names(path, model)
    check_versions(path, model)
    model = inline_functions(path, model)
    load_external(path, model)
    check_constants(model.graph)
    check_graph(path, model.graph)
    return modern(path, model)

"""Versions of the file format and of the standard operators."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import version_converter

from ....runtime.errors import ModelError

#: Domains of the ONNX standard itself.
STANDARD = ("", "ai.onnx")

#: The IR version since which models must import their opsets.
OPSETS = 3

#: Before opset 7, Add and Mul broadcast by an attribute: such models are converted.
OLDEST_OPSET = 7
CONVERTED_OPSET = 13


def opset(model: Any) -> int:
    """Return the version of the standard ONNX operators that a model uses."""
    versions = [entry.version for entry in model.opset_import if entry.domain in STANDARD]
    return int(max(versions, default=1))


def check_versions(path: object, model: Any) -> None:
    """Raise ModelError where a model is newer than the tools, or has no version at all."""
    if not 1 <= model.ir_version <= onnx.IR_VERSION:
        raise ModelError(
            f"{path} must have an IR version from 1 to {onnx.IR_VERSION}, not {model.ir_version}; "
            "export the model with another version of onnx"
        )
    imported = any(entry.domain in STANDARD for entry in model.opset_import)
    if model.ir_version >= OPSETS and not imported:
        raise ModelError(
            f"{path} must say which opset of the standard operators it uses, and it imports none; "
            "add one with onnx.helper.make_opsetid"
        )
    newest = onnx.defs.onnx_opset_version()
    if not 1 <= opset(model) <= newest:
        raise ModelError(
            f"{path} must use an opset from 1 to {newest}, not {opset(model)}; "
            "export the model with another opset"
        )


def modern(path: object, model: Any) -> Any:
    """Return the model in opset 7 or newer; raise ModelError where it cannot be converted."""
    if opset(model) >= OLDEST_OPSET:
        return model
    try:
        return version_converter.convert_version(model, CONVERTED_OPSET)
    except (
        RuntimeError,
        onnx.shape_inference.InferenceError,
        version_converter.ConvertError,
    ) as error:
        raise ModelError(
            f"{path} uses opset {opset(model)}, which cannot be converted to opset "
            f"{CONVERTED_OPSET}; export the model with a newer opset ({error})"
        ) from error

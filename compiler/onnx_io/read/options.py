"""Types of the attributes of ops that no schema of the standard describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnx import AttributeProto

#: What QONNX, FINN and ONNX Runtime document; the standard's ops keep their types in other domains.
TYPES: Mapping[str, int] = {
    "alpha": AttributeProto.FLOAT,
    "auto_pad": AttributeProto.STRING,
    "axes": AttributeProto.INTS,
    "axis": AttributeProto.INT,
    "block_size": AttributeProto.INT,
    "ceil_mode": AttributeProto.INT,
    "channels_last": AttributeProto.INT,
    "count_include_pad": AttributeProto.INT,
    "data_layout": AttributeProto.STRING,
    "dilations": AttributeProto.INTS,
    "epsilon": AttributeProto.FLOAT,
    "group": AttributeProto.INT,
    "keepdims": AttributeProto.INT,
    "kernel_shape": AttributeProto.INTS,
    "narrow": AttributeProto.INT,
    "out_bias": AttributeProto.FLOAT,
    "out_scale": AttributeProto.FLOAT,
    "output_dtype": AttributeProto.INT,
    "pads": AttributeProto.INTS,
    "rounding_mode": AttributeProto.STRING,
    "signed": AttributeProto.INT,
    "strides": AttributeProto.INTS,
    "training_mode": AttributeProto.INT,
    "transA": AttributeProto.INT,
    "transB": AttributeProto.INT,
}


def type_fault(attribute: Any, expected: int | None) -> str | None:
    """Return how an attribute differs from the type that it must have; None where it does not.

    Parameters
    ----------
    attribute : onnx.AttributeProto
    expected : int, or None
        A number of ``AttributeProto.AttributeType``; None for any.
    """
    if expected is None or attribute.type == expected:
        return None
    return (
        f"attribute {attribute.name} must be of type {_type_name(expected)}, "
        f"not {_type_name(attribute.type)}"
    )


def _type_name(kind: int) -> str:
    names: dict[int, str] = {number: name for name, number in AttributeProto.AttributeType.items()}
    return names.get(kind, str(kind))

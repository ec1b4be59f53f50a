"""Nodes by themselves: attributes of the right type, inputs in the right number."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import onnx
from onnx import AttributeProto

from .options import TYPES, type_fault
from .reader import first_output
from .versions import STANDARD, opset

#: Largest number in an attribute that speaks of sizes: no frame is as large as this, and what
#: exceeds 32 bits would overflow in the tools behind.
MAX_NUMBER = 1 << 20

_SIZES = frozenset(
    {
        "axes",
        "axis",
        "blocksize",
        "dilations",
        "group",
        "kernel_shape",
        "output_padding",
        "output_shape",
        "pads",
        "perm",
        "split",
        "strides",
    }
)

#: Op types whose attributes may be infinite: limits that are missing, and whatever reads them.
_UNLIMITED = frozenset({"Clip", "Constant"})

#: The domain of nodes that are set aside.
DAMAGED = "sangi.damaged"

_SCHEMA_TYPES = {
    onnx.defs.OpSchema.AttrType.FLOAT: AttributeProto.FLOAT,
    onnx.defs.OpSchema.AttrType.FLOATS: AttributeProto.FLOATS,
    onnx.defs.OpSchema.AttrType.INT: AttributeProto.INT,
    onnx.defs.OpSchema.AttrType.INTS: AttributeProto.INTS,
    onnx.defs.OpSchema.AttrType.STRING: AttributeProto.STRING,
    onnx.defs.OpSchema.AttrType.STRINGS: AttributeProto.STRINGS,
    onnx.defs.OpSchema.AttrType.TENSOR: AttributeProto.TENSOR,
    onnx.defs.OpSchema.AttrType.TENSORS: AttributeProto.TENSORS,
}


def set_aside(model: Any) -> Mapping[str, str]:
    """Move damaged nodes to a domain that no tool knows, and return what is wrong with each.

    What stands behind trusts the standard, and a damaged node may not be shown to it.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place: nodes keep their names, inputs and outputs.

    Returns
    -------
    mapping of str to str
        By the name of a node's first output.
    """
    version = opset(model)
    faults: dict[str, str] = {}
    for node in model.graph.node:
        fault = node_fault(node, version)
        if fault is not None:
            faults[first_output(node)] = fault
            node.domain = DAMAGED
            del node.attribute[:]
    return faults


def node_fault(node: Any, version: int) -> str | None:
    """Return what is wrong with a node by itself, or None.

    An attribute that the standard does not know is refused, as ONNX Runtime refuses it: what it
    means is not known.

    Parameters
    ----------
    node : onnx.NodeProto
    version : int
        Opset of the standard domain.
    """
    seen = set()
    for attribute in node.attribute:
        fault = _attribute_fault(node.op_type, attribute)
        if attribute.name in seen:
            fault = f"attribute {attribute.name} must be there once, not twice"
        if fault is not None:
            return fault
        seen.add(attribute.name)
    schema = _schema(node, version)
    if schema is None:
        faults = (type_fault(entry, TYPES.get(entry.name)) for entry in node.attribute)
        return next((fault for fault in faults if fault is not None), None)
    for attribute in node.attribute:
        known = schema.attributes.get(attribute.name)
        if known is None:
            return (
                f"attribute {attribute.name} must be one of "
                f"{', '.join(sorted(schema.attributes)) or 'none'} in opset {version}"
            )
        fault = type_fault(attribute, _SCHEMA_TYPES.get(known.type))
        if fault is not None:
            return fault
    for name, known in schema.attributes.items():
        if known.required and name not in seen:
            return f"{name} must be given"
    return _count_fault(node, schema)


def _schema(node: Any, version: int) -> Any:
    """Return what the standard says about a node's op type; None where it says nothing."""
    if node.domain not in STANDARD:
        return None
    try:
        return onnx.defs.get_schema(node.op_type, version, "")
    except onnx.defs.SchemaError:
        return None


def _count_fault(node: Any, schema: Any) -> str | None:
    for what, names, least, most in (
        ("inputs", list(node.input), schema.min_input, schema.max_input),
        ("outputs", list(node.output), schema.min_output, schema.max_output),
    ):
        if not least <= len(names) <= most:
            return f"number of {what} must be {_span(least, most)}, not {len(names)}"
    for parameter, name in zip(schema.inputs, node.input, strict=False):
        if not name and parameter.option == onnx.defs.OpSchema.FormalParameterOption.Single:
            return f"input {parameter.name} must be given"
    return None


def _span(least: int, most: int) -> str:
    if least == most:
        return str(least)
    # Variadic lists have no end but that of the type.
    return f"at least {least}" if most > MAX_NUMBER else f"{least} to {most}"


def _attribute_fault(op_type: str, attribute: Any) -> str | None:
    if attribute.ref_attr_name:
        return f"attribute {attribute.name} must be a value, not a reference outside a function"
    if attribute.type not in AttributeProto.AttributeType.values() or not attribute.type:
        return f"attribute {attribute.name} must have a type, not {attribute.type}"
    if attribute.type == AttributeProto.TENSOR and not attribute.HasField("t"):
        return f"attribute {attribute.name} must hold a tensor"
    if attribute.name in _SIZES:
        large = max(attribute.i, *attribute.ints, 0, key=abs)
        if abs(large) > MAX_NUMBER:
            return f"{attribute.name} must be at most {MAX_NUMBER:,}, not {large}"
    wrong = [number for number in (attribute.f, *attribute.floats) if not isfinite(number)]
    if wrong and op_type not in _UNLIMITED:
        return f"attribute {attribute.name} must be finite, not {wrong[0]}"
    return None

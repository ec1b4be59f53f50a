"""What an ONNX file says about itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from onnx import TensorProto

from ..onnx_io.read.formats import FORMATS
from ..onnx_io.read.versions import opset


@dataclass(frozen=True)
class Port:
    """An input or output as the file declares it.

    Attributes
    ----------
    name : str
    shape : tuple of int or str, or None
        Batch included; a name or ``?`` where a size is open; None where there is no shape.
    dtype : str
        Of the elements, as ONNX writes it: ``FLOAT``, ``UINT8`` …
    """

    name: str
    shape: tuple[int | str, ...] | None
    dtype: str


@dataclass(frozen=True)
class Facts:
    """A file as a whole.

    Attributes
    ----------
    format : str
        What its quantizers are written in (``QDQ``, ``QONNX`` …, several joined by +), or
        ``float``.
    opset : int
        Of the standard operators.
    ir_version : int
    producer : str
        Who wrote it; empty where it does not say.
    inputs, outputs : tuple of Port
    """

    format: str
    opset: int
    ir_version: int
    producer: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def facts_of(model: Any) -> Facts:
    """Return the facts of a model.

    Parameters
    ----------
    model : onnx.ModelProto
    """
    kinds = {(node.domain, node.op_type) for node in model.graph.node}
    formats = [
        entry.name
        for entry in FORMATS
        if entry.name != "float"
        and any(domain in entry.domains and kind in entry.handlers for domain, kind in kinds)
    ]
    constants = {tensor.name for tensor in model.graph.initializer}
    return Facts(
        " + ".join(formats) or "float",
        opset(model),
        int(model.ir_version),
        f"{model.producer_name} {model.producer_version}".strip(),
        _ports(value for value in model.graph.input if value.name not in constants),
        _ports(model.graph.output),
    )


def _ports(values: Iterable[Any]) -> tuple[Port, ...]:
    return tuple(
        Port(value.name, _shape(value), TensorProto.DataType.Name(value.type.tensor_type.elem_type))
        for value in values
    )


def _shape(value: Any) -> tuple[int | str, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    return tuple(
        int(dim.dim_value) if dim.HasField("dim_value") else str(dim.dim_param) or "?"
        for dim in value.type.tensor_type.shape.dim
    )

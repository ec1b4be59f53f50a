"""Constants as a file stores them: sizes, types and the number of bytes must agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from ....runtime.errors import ModelError
from .limits import MAX_CONSTANTS
from .structure import shown

#: Bits of the element types that are read, by number.
BITS: Mapping[int, int] = {
    TensorProto.FLOAT: 32,
    TensorProto.FLOAT16: 16,
    TensorProto.BFLOAT16: 16,
    TensorProto.DOUBLE: 64,
    TensorProto.BOOL: 8,
    TensorProto.INT2: 2,
    TensorProto.INT4: 4,
    TensorProto.INT8: 8,
    TensorProto.INT16: 16,
    TensorProto.INT32: 32,
    TensorProto.INT64: 64,
    TensorProto.UINT2: 2,
    TensorProto.UINT4: 4,
    TensorProto.UINT8: 8,
    TensorProto.UINT16: 16,
    TensorProto.UINT32: 32,
    TensorProto.UINT64: 64,
}

_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def constants(graph: Any) -> Iterator[tuple[str, Any]]:
    """Yield (where it stands, TensorProto) of every constant of a graph, not of its subgraphs."""
    for tensor in graph.initializer:
        yield f"initializer '{tensor.name}'", tensor
    for node in graph.node:
        for attribute in node.attribute:
            for tensor in (
                *((attribute.t,) if attribute.HasField("t") else ()),
                *attribute.tensors,
            ):
                yield f"{shown(node)}: attribute {attribute.name}", tensor


def check_constants(graph: Any) -> None:
    """Raise ModelError where a constant is not what it says it is.

    Sparse constants are refused: nobody writes them for these networks.
    """
    if graph.sparse_initializer:
        name = graph.sparse_initializer[0].values.name
        raise ModelError(
            f"initializer '{name}' must be dense, not a sparse tensor; export dense weights"
        )
    total = 0
    for where, tensor in constants(graph):
        total += check_constant(where, tensor)
        if total > MAX_CONSTANTS:
            raise ModelError(
                f"all constants must have at most {MAX_CONSTANTS:,} elements, not more: "
                "all weights of a circuit live on its chip"
            )


def check_constant(where: str, tensor: Any) -> int:
    """Return the number of elements of a constant; raise ModelError where it is damaged.

    Parameters
    ----------
    where : str
        How messages name it.
    tensor : onnx.TensorProto
        With its external data, if any, loaded.
    """
    sizes = [int(size) for size in tensor.dims]
    if sizes and min(sizes) < 0:
        raise ModelError(f"{where} must have sizes of at least 0, not {sizes}")
    count = prod(sizes)
    if tensor.data_type not in BITS:
        raise ModelError(f"{where} must hold numbers, not {type_name(tensor.data_type)}")
    bits = BITS[tensor.data_type]
    if tensor.HasField("segment"):
        raise ModelError(f"{where} must be stored in one piece, not in segments")
    if tensor.HasField("raw_data"):
        expected = -(-count * bits // 8)
        if len(tensor.raw_data) != expected:
            raise ModelError(
                f"{where} is damaged: {sizes} needs {expected} bytes, and there are "
                f"{len(tensor.raw_data)}"
            )
        return count
    field = helper.tensor_dtype_to_field(tensor.data_type)
    # Types of less than a byte are packed, in fields of 32 bits a byte.
    expected = count if bits >= 8 else -(-count * bits // 8)
    for name in _FIELDS:
        found = len(getattr(tensor, name))
        if found != (expected if name == field else 0):
            raise ModelError(
                f"{where} is damaged: {sizes} needs {expected} numbers in {field}, and there are "
                f"{found} in {name}"
            )
    return count


def finite(array: npt.NDArray[Any], *, limits: bool = False) -> npt.NDArray[Any]:
    """Return an array of finite numbers.

    Parameters
    ----------
    array : array
        bfloat16 becomes float32: NumPy knows it by name only.
    limits : bool
        Whether infinities may stand for limits that are missing, as Clip writes them.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind == "f":
        wrong = array[np.isnan(array)] if limits else array[~np.isfinite(array)]
        if wrong.size:
            raise ValueError(
                f"must hold finite numbers, not {wrong.reshape(-1)[0]} "
                f"({wrong.size} of {array.size} elements)"
            )
    return array


def type_name(kind: int) -> str:
    """Return how ONNX calls an element type."""
    names: dict[int, str] = {number: name for name, number in TensorProto.DataType.items()}
    return names.get(kind, f"type {kind}")

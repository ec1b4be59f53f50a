"""The integer program: the contract between the network, the reference and the circuit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .errors import DataError
from .ops.base import IntArray, Op, TensorType

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a host part: a function of ``runtime/host.py`` and its (JSON-able) attributes."""

    op: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Input:
    """Where frames enter.

    Attributes
    ----------
    tensor : str
        The program's tensor.
    name : str
        The ONNX input.
    model_shape : tuple of int
        Shape of one frame as the model declares it, without the batch axis.
    layout : str
        ``NHWC``, ``NCHW`` or ``N`` (features): what ``model_shape`` means.
    kind : str
        ``bytes``: the circuit takes raw bytes 0…255 (normalization and first quantizer are in
        the program). ``codes``: the host applies ``before`` (normalize, quantize) and the circuit
        takes the first quantizer's codes.
    before : tuple of Step
        Host steps from ``x`` (channels last, float) to codes; empty for ``bytes``.
    """

    tensor: str
    name: str
    model_shape: tuple[int, ...]
    layout: Literal["NHWC", "NCHW", "N"]
    kind: Literal["bytes", "codes"]
    before: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Output:
    """Where results leave: ``value = tensor * scale + offset`` (float64), then the host steps.

    ``scale`` and ``offset`` have one entry, or one per channel. ``after`` brings the value (N,
    channels last) to what the original model gives: transpose, reshape, softmax, argmax …
    """

    tensor: str
    name: str
    scale: FloatArray
    offset: FloatArray
    after: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Node:
    """One op of a program.

    Attributes
    ----------
    name : str
        Unique; the ONNX node's name where there is one.
    op : Op
        What it computes.
    inputs : tuple of str
        Tensors.
    output : str
        The tensor that it makes, named after the ONNX tensor where there is one.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False)
class Program:
    """A network as exact integer arithmetic, in topological order.

    Attributes
    ----------
    name : str
        The model's name.
    inputs, nodes, outputs : tuples
        See Input, Node, Output.
    types : mapping of str to TensorType
        The type of every tensor.
    original_weights : int
        Conv and Dense weights of the original (uncompressed) network.
    """

    name: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    types: Mapping[str, TensorType]
    original_weights: int

    def run(self, *inputs: IntArray) -> dict[str, IntArray]:
        """Execute exactly; return every tensor by name, each of shape ``(N, *type.shape)``.

        Parameters
        ----------
        *inputs : integer arrays
            One per program input, shape ``(N, *type.shape)``, within the type's range.

        Raises
        ------
        DataError
            If an input's shape, dtype or range is wrong.
        """
        if len(inputs) != len(self.inputs):
            raise DataError(f"inputs must be {len(self.inputs)} arrays, not {len(inputs)}")
        tensors: dict[str, IntArray] = {}
        for entry, x in zip(self.inputs, inputs, strict=True):
            type_ = self.types[entry.tensor]
            _check(entry.name, x, type_)
            tensors[entry.tensor] = x.astype(type_.dtype, copy=False)
        for node in self.nodes:
            result = node.op.apply(*(tensors[name] for name in node.inputs))
            tensors[node.output] = result.astype(self.types[node.output].dtype, copy=False)
        return tensors

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that determines the results."""
        sha = sha256(json.dumps(describe(self), sort_keys=True).encode())
        for name, array in sorted(arrays(self).items()):
            sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


def describe(program: Program) -> dict[str, Any]:
    """Return everything of a program but its arrays, as JSON-able values."""
    return {
        "name": program.name,
        "original_weights": program.original_weights,
        "inputs": [
            {
                "tensor": entry.tensor,
                "name": entry.name,
                "model_shape": list(entry.model_shape),
                "layout": entry.layout,
                "kind": entry.kind,
                "before": _steps(entry.before),
            }
            for entry in program.inputs
        ],
        "nodes": [
            {
                "name": node.name,
                "op": type(node.op).__name__,
                "inputs": list(node.inputs),
                "output": node.output,
                "fields": {
                    key: list(value) if isinstance(value, tuple) else value
                    for key, value in _fields(node.op)
                    if not isinstance(value, np.ndarray)
                },
            }
            for node in program.nodes
        ],
        "outputs": [
            {"tensor": out.tensor, "name": out.name, "after": _steps(out.after)}
            for out in program.outputs
        ],
        "types": {
            name: {"shape": list(type_.shape), "low": type_.low, "high": type_.high}
            for name, type_ in program.types.items()
        },
    }


def arrays(program: Program) -> dict[str, npt.NDArray[Any]]:
    """Return a program's arrays: ``node.INDEX.FIELD`` and ``output.INDEX.scale|offset``."""
    found: dict[str, npt.NDArray[Any]] = {}
    for index, node in enumerate(program.nodes):
        for key, value in _fields(node.op):
            if isinstance(value, np.ndarray):
                found[f"node.{index}.{key}"] = value.astype(np.int64)
    for index, out in enumerate(program.outputs):
        found[f"output.{index}.scale"] = out.scale.astype(np.float64)
        found[f"output.{index}.offset"] = out.offset.astype(np.float64)
    return found


def _fields(op: Op) -> list[tuple[str, Any]]:
    return [(field_.name, getattr(op, field_.name)) for field_ in fields(op)]


def _steps(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [{"op": step.op, "attributes": dict(step.attributes)} for step in steps]


def _check(name: str, x: IntArray, type_: TensorType) -> None:
    """Raise DataError unless x holds frames of a type."""
    if x.shape[1:] != type_.shape or x.ndim != len(type_.shape) + 1:
        shape = ", ".join(["N", *map(str, type_.shape)])
        raise DataError(f"input '{name}' must have shape ({shape}), not {x.shape}")
    if not np.issubdtype(x.dtype, np.integer):
        raise DataError(f"input '{name}' must hold integers, not {x.dtype}")
    if x.size and (int(x.min()) < type_.low or int(x.max()) > type_.high):
        raise DataError(
            f"input '{name}' must lie in {type_.low}…{type_.high}, not {x.min()}…{x.max()}"
        )

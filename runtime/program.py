"""The integer program: the contract between the network, the reference and the circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

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
        the program). ``codes``: the host applies ``before`` (normalize, quantize) and the circuit takes the first quantizer's codes.
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
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that determines the results."""
        raise NotImplementedError

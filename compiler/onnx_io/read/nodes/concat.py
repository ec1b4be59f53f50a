"""Concat: of real numbers, of codes on one grid, and of constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ....ir.ops.concat import Concat
from ..reader import Reader, Refusal, attributes, node_name
from ..values import Codes, Constant, Tensor


def concat(reader: Reader, node: Any) -> None:
    """Translate Concat along any axis but the batch.

    Constants are joined at once. Codes may be joined where one scale and zero point serve all.
    """
    places = range(len(node.input))
    if not places:
        raise Refusal("number of inputs must be at least 1, not 0")
    options = attributes(node)
    if "axis" not in options:
        raise Refusal("axis must be given")
    axis = int(options["axis"])
    values = [reader.value(node, index) for index in places]
    codes = [value for value in values if isinstance(value, Codes)]
    if all(isinstance(value, Constant) for value in values):
        arrays = [reader.array(node, index, f"input {index}") for index in places]
        reader.alias(node, Constant(_joined(arrays, axis)))
    elif codes:
        grids = {(entry.grid.scale, entry.grid.zero_point) for entry in codes}
        if len(codes) < len(values) or len(grids) > 1 or codes[0].axis is not None:
            raise Refusal(
                "inputs must be integer codes of one scale and zero point, or real numbers all; "
                "put DequantizeLinear before every input"
            )
        low, high = min(entry.grid.low for entry in codes), max(entry.grid.high for entry in codes)
        made = _emitted(reader, node, [entry.node for entry in codes], axis)
        reader.alias(node, Codes(made, replace(codes[0].grid, low=low, high=high)))
    else:
        sources = [reader.tensor(node, index) for index in places]
        reader.alias(node, Tensor(_emitted(reader, node, sources, axis)))


def _joined(arrays: list[npt.NDArray[Any]], axis: int) -> npt.NDArray[Any]:
    try:
        return np.concatenate(arrays, axis)
    except ValueError as error:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise Refusal(f"constants must fit along axis {axis}, not have shapes {shapes}") from error


def _emitted(reader: Reader, node: Any, sources: list[str], axis: int) -> str:
    """Return the node that joins some others."""
    if len(sources) == 1:
        return sources[0]
    shapes = [reader.builder.shape(source) for source in sources]
    op = Concat(reader.frame_axis(axis, len(shapes[0])))
    try:
        op.infer(*shapes)
    except ValueError as error:
        raise Refusal(str(error)) from error
    return reader.builder.add(node_name(node), op, sources, node.output[0])

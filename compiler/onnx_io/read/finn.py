"""FINN's own: MultiThreshold, and inputs whose datatype is only annotated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...ir.ops.multithreshold import MultiThreshold
from ...ir.ops.quantize import Quantize
from .qonnx import MAX_BITS
from .reader import Handler, Reader, Refusal, attributes, exact_float
from .shapes import QUANTIZERS
from .values import Tensor

#: Layouts that qonnx assumes for a number of axes, batch included, where none is given.
_LAYOUTS: Mapping[int, str] = {2: "NC", 3: "NWC", 4: "NCHW"}

_NAMED: Mapping[str, Quantize] = {
    "BIPOLAR": Quantize((Fraction(2),), (Fraction(1, 2),), 0, 1, zero_first=True),
    "BINARY": Quantize((Fraction(1),), (0,), 0, 1),
    "TERNARY": Quantize((Fraction(1),), (0,), -1, 1),
}
_NUMBERED = re.compile(r"(U?)INT(\d{1,2})")
_FIXED = re.compile(r"FIXED<(\d{1,2}),(-?\d{1,2})>")


def multi_threshold(reader: Reader, node: Any) -> None:
    """Translate MultiThreshold: ``out_scale * count(x >= thresholds[c]) + out_bias``.

    ``out_dtype`` names the type of the result for hardware and changes no number.
    """
    options = attributes(node)
    source = reader.tensor(node)
    rows = reader.exact(node, 1, "the thresholds")
    if rows.ndim != 2 or not rows.size:
        raise Refusal(f"thresholds must have shape (channels or 1, n), not {rows.shape}")
    scale = exact_float(options.get("out_scale", 1.0))
    bias = exact_float(options.get("out_bias", 0.0))
    if scale <= 0:
        raise Refusal(f"out_scale must be positive, not {float(scale):g}")
    frame = reader.builder.shape(source)
    axis = None
    if len(rows) > 1:
        axis = _channel_axis(str(options.get("data_layout", "")), len(frame))
        if frame[axis] != len(rows):
            raise Refusal(
                f"thresholds must have 1 row or one per channel ({frame[axis]}), not {len(rows)}"
            )
    op = MultiThreshold(tuple(tuple(row) for row in rows), scale, bias)
    reader.alias(node, Tensor(reader.emit_on_axis(node, source, axis, op)))


def _channel_axis(layout: str, rank: int) -> int:
    """Return the axis of a frame of ``rank`` axes on which the channels lie."""
    layout = layout or _LAYOUTS.get(rank + 1, "NC")
    axis = layout.index("C") if "C" in layout else 1
    if not 1 <= axis <= rank:
        raise Refusal(f"data_layout must have {rank + 1} axes as the input has, not be {layout}")
    return axis - 1


def input_grid(model: Any, name: str) -> Quantize | None:
    """Return the grid that a quantized model's input is annotated with; None where there is none.

    qonnx writes the datatype of a tensor as ``finn_datatype`` among the graph's quantization
    annotations: INT8, UINT4, BIPOLAR, BINARY, TERNARY, FIXED<8,4> and so on. Such an input holds
    only numbers of that type, and has no quantizer.

    Parameters
    ----------
    model : onnx.ModelProto
    name : str
        The model's input.
    """
    if not any(node.op_type in QUANTIZERS for node in model.graph.node):
        return None
    readers = [node for node in model.graph.node if name in node.input]
    if all(node.op_type in QUANTIZERS - {"MultiThreshold"} for node in readers):
        return None
    for annotation in model.graph.quantization_annotation:
        if annotation.tensor_name == name:
            for entry in annotation.quant_parameter_tensor_names:
                if entry.key == "finn_datatype":
                    return datatype_grid(entry.value)
    return None


def datatype_grid(name: str) -> Quantize | None:
    """Return the numbers of a qonnx datatype as a grid; None for floats and wide integers."""
    if name in _NAMED:
        return _NAMED[name]
    unit = Fraction(1)
    if match := _NUMBERED.fullmatch(name):
        signed, bits = not match[1], int(match[2])
    elif match := _FIXED.fullmatch(name):
        signed, bits = True, int(match[1])
        unit = Fraction(2) ** (int(match[2]) - bits)
    else:
        return None
    if not 1 <= bits <= MAX_BITS:
        return None
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return Quantize((unit,), (0,), low, high)


FINN_HANDLERS: Mapping[str, Handler] = {"MultiThreshold": multi_threshold}

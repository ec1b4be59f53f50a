"""The QONNX format: Quant, BipolarQuant and Trunc over real numbers.

The meaning is that of qonnx 1.0.0 (``qonnx/custom_op/general``), in exact rationals.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import onnx

from ....runtime.numerics import Rounding
from ...ir.ops.affine import Affine
from ...ir.ops.base import Elementwise
from ...ir.ops.input import Input
from ...ir.ops.multithreshold import MultiThreshold
from ...ir.ops.quantize import Quantize
from ...ir.ops.reshape import Reshape
from ...ir.ops.transpose import Transpose
from ...lower.exact import divide
from .broadcast import along_channels
from .constant_codes import ChannelGrid, quantized_constant
from .reader import Handler, Reader, Refusal, attributes, node_name
from .values import Constant, QuantizedConstant, Tensor

#: Where Brevitas, QKeras' converter, qonnx itself and older FINN keep these op types; a few
#: exporters forget the domain.
QONNX_DOMAINS = (
    "qonnx.custom_op.general",
    "finn.custom_op.general",
    "onnx.brevitas",
    "",
    "ai.onnx",
)

ROUNDINGS: Mapping[str, Rounding] = {
    "ROUND": Rounding.HALF_EVEN,
    "HALF_EVEN": Rounding.HALF_EVEN,
    "HALF_UP": Rounding.HALF_UP,
    "HALF_DOWN": Rounding.HALF_DOWN,
    "UP": Rounding.UP,
    "DOWN": Rounding.DOWN,
    "ROUND_TO_ZERO": Rounding.DOWN,
    "CEIL": Rounding.CEIL,
    "FLOOR": Rounding.FLOOR,
}

#: Widest codes of activations.
MAX_BITS = 16
#: Trunc rounds to whole numbers first, and clamps them nowhere.
OPEN = 1 << 40


def quant(reader: Reader, node: Any) -> None:
    """Translate Quant: ``(round(clamp(x / scale + zero_point)) - zero_point) * scale``."""
    axis, scale, zero_point, bits = _parameters(reader, node, "the bit width", 3)
    rounding = _rounding(node, "ROUND")
    options = attributes(node)
    for what in ("signed", "narrow"):
        # qonnx requires them as well, and its page and its code name different defaults.
        if what not in options:
            raise Refusal(f"{what} must be given; it settles the range of the codes")
    signed, narrow = bool(options["signed"]), bool(options["narrow"])
    if signed and set(bits) == {1}:
        _quantize(reader, node, _bipolar(axis, scale, zero_point))
        return
    if signed and 1 in bits:
        raise Refusal("the bit width must be 1 in all channels or in none")
    ranges = [code_range(entry, signed, narrow, rounding) for entry in bits]
    low, high = tuple(low for low, _ in ranges), tuple(high for _, high in ranges)
    _quantize(reader, node, ChannelGrid(axis, scale, zero_point, low, high, rounding))


def bipolar_quant(reader: Reader, node: Any) -> None:
    """Translate BipolarQuant: ``scale`` where ``x >= 0``, else ``-scale``."""
    axis, (scale,) = along_channels(
        "the scale", (reader.exact(node, 1, "the scale"),), _shape(reader, node)
    )
    _check_scale(scale)
    _quantize(reader, node, _bipolar(axis, scale, (Fraction(0),) * len(scale)))


def trunc(reader: Reader, node: Any) -> None:
    """Translate Trunc: the code ``q = round(x / scale + zero_point)`` loses its last k bits.

    With five inputs (version 1), ``y = (rounding(q / 2**k) - zero_point) * scale``, where k is the
    difference of the bit widths. With six (version 2), ``y = (rounding(clamp(q / 2**k)) -
    zero_point / 2**k) * output_scale`` where ``2**k`` is the power of two next to ``output_scale /
    scale``.
    """
    if isinstance(reader.value(node, 0), Constant | QuantizedConstant):
        raise Refusal("input 0 must be computed from the model's input, not a constant")
    version = 1 if len(node.input) < 6 else 2
    axis, scale, zero_point, bits, *rest = _parameters(
        reader, node, "the input's bit width", *range(3, 4 + version)
    )
    rounding = _rounding(node, "FLOOR")
    if version == 1:
        (output_bits,) = rest
        k = tuple(_whole(a - b) for a, b in zip(bits, output_bits, strict=True))
        low, high = (-OPEN,) * len(scale), (OPEN,) * len(scale)
    else:
        output_scale, output_bits = rest
        _check_scale(output_scale)
        k = tuple(nearest_power(b / a) for a, b in zip(scale, output_scale, strict=True))
        options = attributes(node)
        signed, narrow = bool(options.get("signed", 1)), bool(options.get("narrow", 0))
        ranges = [code_range(entry, signed, narrow, rounding) for entry in output_bits]
        low, high = tuple(low for low, _ in ranges), tuple(high for _, high in ranges)
    units = tuple(Fraction(2) ** entry for entry in k)
    steps = tuple(s * u for s, u in zip(scale, units, strict=True))
    moved = tuple(z / u for z, u in zip(zero_point, units, strict=True))
    wide = ChannelGrid(
        axis, scale, zero_point, (-OPEN,) * len(scale), (OPEN,) * len(scale), Rounding.HALF_EVEN
    )
    coarse = ChannelGrid(axis, steps, moved, low, high, rounding)
    if version == 1:
        factor = tuple(1 / u for u in units)
        shift = tuple(z * s * (1 / u - 1) for z, s, u in zip(zero_point, scale, units, strict=True))
    else:
        factor = tuple(o / s for o, s in zip(output_scale, steps, strict=True))
        shift = (Fraction(0),) * len(factor)
    frame_axis = _frame_axis(axis)
    source = reader.tensor(node)
    if _is_real(reader, source):
        raise Refusal("input 0 must be quantized, not the model's input; put Quant before it")
    source = reader.emit_on_axis(_part(node, "codes"), source, frame_axis, _op(wide))
    if set(factor) == {1} and set(shift) == {0}:
        source = reader.emit_on_axis(node, source, frame_axis, _op(coarse))
    else:
        source = reader.emit_on_axis(_part(node, "truncated"), source, frame_axis, _op(coarse))
        source = reader.emit_on_axis(node, source, frame_axis, Affine(factor, shift))
    reader.alias(node, Tensor(source))


def code_range(
    bits: Fraction, signed: bool, narrow: bool, rounding: Rounding = Rounding.HALF_EVEN
) -> tuple[int, int]:
    """Return the smallest and the largest code of a bit width.

    A fractional width has fractional ends; values are clamped to these before they are rounded.

    Raises
    ------
    Refusal
        If the width is less than 1 or more than 32.
    """
    if not 1 <= bits <= 32:
        raise Refusal(f"the bit width must be 1 to 32, not {float(bits):g}")
    half, whole = (
        Fraction(2) ** int(width) if width.denominator == 1 else Fraction(2.0 ** float(width))
        for width in (bits - 1, bits)
    )
    low, high = (-half + narrow, half - 1) if signed else (Fraction(0), whole - 1 - narrow)
    return (
        int(divide(low.numerator, low.denominator, rounding)),
        int(divide(high.numerator, high.denominator, rounding)),
    )


def nearest_power(ratio: Fraction) -> int:
    """Return the k for which ``2**k`` is next to a positive ratio on a logarithmic scale."""
    k = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    while Fraction(2) ** (2 * k + 1) <= ratio**2:
        k += 1
    while Fraction(2) ** (2 * k - 1) > ratio**2:
        k -= 1
    return k


def _bipolar(
    axis: int | None, scale: tuple[Fraction, ...], zero_point: tuple[Fraction, ...]
) -> ChannelGrid:
    """Return the grid whose codes 0 and 1 stand for ``(-1 - zero_point) * scale`` and the other.

    ``x / scale + zero_point >= 0`` holds where ``x / (2 * scale) + (zero_point + 1) / 2 >= 1/2``.
    """
    count = len(scale)
    halves = tuple((entry + 1) / 2 for entry in zero_point)
    doubled = tuple(2 * entry for entry in scale)
    return ChannelGrid(axis, doubled, halves, (0,) * count, (1,) * count, Rounding.HALF_UP)


def _is_real(reader: Reader, name: str) -> bool:
    """Whether nothing rounds between the model's input and a node."""
    while not isinstance(op := reader.builder.op(name), Input):
        if not isinstance(op, Elementwise | Reshape | Transpose) or isinstance(
            op, Quantize | MultiThreshold
        ):
            return False
        (name,) = reader.builder.inputs(name)
    return True


def _quantize(reader: Reader, node: Any, grid: ChannelGrid) -> None:
    value = reader.value(node, 0)
    if isinstance(value, Constant | QuantizedConstant):
        reader.alias(node, quantized_constant(value, grid))
        return
    source = reader.tensor(node)
    if len(set(grid.low)) > 1 or len(set(grid.high)) > 1:
        raise Refusal("the bit width must be one number for an activation, not one per channel")
    if grid.high[0] - grid.low[0] >= 1 << MAX_BITS:
        raise Refusal(
            f"the bit width must be at most {MAX_BITS} for an activation, not "
            f"{(grid.high[0] - grid.low[0]).bit_length()}; quantize activations to 16 bits or fewer"
        )
    name = reader.emit_on_axis(node, source, _frame_axis(grid.axis), _op(grid))
    reader.alias(node, Tensor(name))


def _op(grid: ChannelGrid) -> Quantize:
    return Quantize(
        grid.scale, grid.zero_point, grid.low[0], grid.high[0], grid.rounding, zero_first=True
    )


def _frame_axis(axis: int | None) -> int | None:
    return None if axis is None else axis - 1


def _part(node: Any, what: str) -> Any:
    """Return a node that stands for a part of this one."""
    name = f"{node_name(node)}/{what}"
    return onnx.NodeProto(name=name, op_type=node.op_type, output=[name])


def _shape(reader: Reader, node: Any) -> tuple[int, ...]:
    value = reader.value(node, 0)
    if isinstance(value, Constant | QuantizedConstant):
        return value.shape
    # No parameter may vary along the batch.
    return (1, *reader.shape(node))


def _parameters(reader: Reader, node: Any, bits: str, *others: int) -> tuple[Any, ...]:
    """Return the axis, scales, zero points and further inputs of a quantizer, of one length."""
    names = ["the scale", "the zero point", bits, "the output's scale", "the output's bit width"]
    if len(others) == 2:
        names[3:] = ["the output's bit width"]
    arrays = tuple(
        reader.exact(node, index, what) for index, what in zip((1, 2, *others), names, strict=False)
    )
    axis, values = along_channels("scale, zero point and bit width", arrays, _shape(reader, node))
    _check_scale(values[0])
    return axis, *values


def _check_scale(scale: tuple[Fraction, ...]) -> None:
    if min(scale) <= 0:
        raise Refusal(f"the scale must be positive, not {float(min(scale)):g}")


def _rounding(node: Any, default: str) -> Rounding:
    name = str(attributes(node).get("rounding_mode", default)).upper()
    if name not in ROUNDINGS:
        raise Refusal(f"rounding_mode must be one of {', '.join(ROUNDINGS)}, not {name}")
    return ROUNDINGS[name]


def _whole(number: Fraction) -> int:
    if number.denominator != 1:
        raise Refusal(
            f"the difference of the bit widths must be a whole number, not {float(number):g}"
        )
    return int(number)


QONNX_HANDLERS: Mapping[str, Handler] = {
    "BipolarQuant": bipolar_quant,
    "IntQuant": quant,
    "Quant": quant,
    "Trunc": trunc,
}

"""The QLinear format: quantized ops of ONNX, and those that ONNX Runtime's quantizer adds.

Every op is read as what it abbreviates: DequantizeLinear of its operands, the op on real numbers,
QuantizeLinear of the result. The meaning is exact, as that of QDQ is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from onnx import helper

from .grid import check_integers, read_scale
from .nodes.arithmetic import add, mul
from .nodes.concat import concat
from .nodes.linear import conv, gemm, matmul
from .nodes.pool import average_pool, global_average_pool, reduce_mean
from .nodes.shape import transpose
from .options import TYPES
from .qdq import dequantize_linear, quantize_linear
from .reader import Handler, Reader, Refusal, attributes, exact_float, node_name
from .values import QuantizedConstant, Value

#: What the file calls NHWC brought to ONNX's own order, and back.
CHANNELS_FIRST, CHANNELS_BACK = (0, 3, 1, 2), (0, 2, 3, 1)


class Expansion:
    """The nodes that stand for one node of a QLinear op, translated one after another.

    Attributes
    ----------
    reader : Reader
    node : onnx.NodeProto
    name : str
        The node's.
    options : mapping
        The node's attributes that mean something here.
    """

    def __init__(self, reader: Reader, node: Any) -> None:
        self.reader = reader
        self.node = node
        self.name = node_name(node)
        self.options = {key: value for key, value in attributes(node).items() if key in TYPES}
        self._temporary: list[str] = []

    def operand(self, index: int, what: str, axis: int | None = None) -> str:
        """Return the real numbers behind inputs ``index`` (codes, scale, zero point).

        Parameters
        ----------
        index : int
            Of the codes.
        what : str
            The operand's name, for those of tensors and nodes.
        axis : int, or None
            Along which a constant has scales of its own; None where one scale is needed.

        Raises
        ------
        Refusal
            If there is more than one scale where there must not be.
        """
        if axis is None and len(read_scale(self.reader, self.node, index + 1)) > 1:
            raise Refusal(
                f"the scale of {what} must be one number, not one per channel; "
                "export with per-tensor activation scales"
            )
        options = {} if axis is None else {"axis": axis}
        inputs = self._inputs(index)
        return self.apply(dequantize_linear, "DequantizeLinear", f"/{what}", inputs, **options)

    def sums(self, index: int, scale: tuple[Fraction, ...]) -> str | None:
        """Return the bias in input ``index``: whole numbers of products, or None without one."""
        if self.reader.value(self.node, index) is None:
            return None
        codes = self.reader.array(self.node, index, "the bias")
        check_integers("the bias", codes)
        flat = codes.astype(np.int64).reshape(-1)
        if len(scale) not in (1, flat.size):
            raise Refusal(f"the bias must have {len(scale)} entries, not {flat.size}")
        return self._keep("/bias", QuantizedConstant(flat, scale))

    def product(self, first: int, second: int) -> tuple[Fraction, ...]:
        """Return the scales of the products of two operands, given the indices of their scales."""
        (one,) = read_scale(self.reader, self.node, first)
        return tuple(one * scale for scale in read_scale(self.reader, self.node, second))

    def apply(
        self, handler: Handler, kind: str, what: str, inputs: list[str], **options: Any
    ) -> str:
        """Translate one node and return the name of its tensor."""
        output = self._keep(f"{what or '/real'}", None)
        made = helper.make_node(kind, inputs, [output], name=f"{self.name}{what}", **options)
        handler(self.reader, made)
        return output

    def finish(self, real: str, index: int) -> None:
        """Round the result to the grid in inputs ``index`` (scale, zero point)."""
        if self.reader.value(self.node, index + 1) is None:
            raise Refusal("the zero point of the output must be given; it tells the type of codes")
        inputs = [real, *self._inputs(index)[:2]]
        name = f"{self.name}/quantize"
        made = helper.make_node("QuantizeLinear", inputs, [self.node.output[0]], name=name)
        quantize_linear(self.reader, made)

    def close(self) -> None:
        """Forget the tensors in between."""
        for name in self._temporary:
            self.reader.values.pop(name, None)

    def _inputs(self, index: int) -> list[str]:
        inputs = list(self.node.input[index : index + 3])
        return inputs + [""] * (3 - len(inputs))

    def _keep(self, what: str, value: Value | None) -> str:
        name = f"{self.node.output[0]}{what}"
        while name in self.reader.values:
            name += "'"
        self._temporary.append(name)
        if value is not None:
            self.reader.values[name] = value
        return name


def _expanded(translate: Callable[[Expansion], None]) -> Handler:
    def handle(reader: Reader, node: Any) -> None:
        expansion = Expansion(reader, node)
        try:
            translate(expansion)
        finally:
            expansion.close()

    return handle


def qlinear_conv(expansion: Expansion) -> None:
    """Translate QLinearConv: its bias has the scale of input times weight, and no zero point."""
    inputs = [expansion.operand(0, "x"), expansion.operand(3, "w", axis=0)]
    bias = expansion.sums(8, expansion.product(1, 4))
    if bias is not None:
        inputs.append(bias)
    expansion.finish(_on_image(expansion, conv, "Conv", inputs), 6)


def qlinear_matmul(expansion: Expansion) -> None:
    """Translate QLinearMatMul; the weight may have a scale per column."""
    inputs = [expansion.operand(0, "a"), expansion.operand(3, "b", axis=-1)]
    expansion.finish(expansion.apply(matmul, "MatMul", "", inputs), 6)


def qgemm(expansion: Expansion) -> None:
    """Translate QGemm of ONNX Runtime: ``alpha * (a @ b + c)``, real where y_scale is missing."""
    options = dict(expansion.options)
    axis = 0 if options.get("transB", 0) else 1
    inputs = [expansion.operand(0, "a"), expansion.operand(3, "b", axis=axis)]
    alpha = exact_float(options.get("alpha", 1.0))
    bias = expansion.sums(6, tuple(alpha * scale for scale in expansion.product(1, 4)))
    if bias is not None:
        inputs.append(bias)
    real = expansion.apply(gemm, "Gemm", "", inputs, **options)
    if expansion.reader.value(expansion.node, 7) is None:
        expansion.reader.alias(expansion.node, expansion.reader.values[real])
    else:
        expansion.finish(real, 7)


def _binary(handler: Handler, kind: str) -> Callable[[Expansion], None]:
    def translate(expansion: Expansion) -> None:
        inputs = [expansion.operand(0, "a"), expansion.operand(3, "b")]
        expansion.finish(expansion.apply(handler, kind, "", inputs), 6)

    return translate


def _unary(handler: Handler, kind: str) -> Callable[[Expansion], None]:
    def translate(expansion: Expansion) -> None:
        expansion.finish(_on_image(expansion, handler, kind, [expansion.operand(0, "x")]), 3)

    return translate


def qlinear_concat(expansion: Expansion) -> None:
    """Translate QLinearConcat: the output's scale and zero point, then codes and theirs."""
    places = range(2, len(expansion.node.input), 3)
    if not places or (len(expansion.node.input) - 2) % 3:
        raise Refusal(
            "inputs must be scale and zero point, then three for every tensor, "
            f"not {len(expansion.node.input)}"
        )
    parts = [expansion.operand(index, f"x{number}") for number, index in enumerate(places)]
    expansion.finish(expansion.apply(concat, "Concat", "", parts, **expansion.options), 0)


def _on_image(expansion: Expansion, handler: Handler, kind: str, inputs: list[str]) -> str:
    """Apply an op over (N, C, H, W), also where ``channels_last`` says (N, H, W, C)."""
    options = dict(expansion.options)
    if not options.pop("channels_last", 0):
        return expansion.apply(handler, kind, "", inputs, **options)
    first = expansion.apply(
        transpose, "Transpose", "/channels_first", inputs[:1], perm=CHANNELS_FIRST
    )
    real = expansion.apply(handler, kind, "", [first, *inputs[1:]], **options)
    return expansion.apply(transpose, "Transpose", "/channels_back", [real], perm=CHANNELS_BACK)


#: Quantized ops of the ONNX standard.
STANDARD_HANDLERS: Mapping[str, Handler] = {
    "QLinearConv": _expanded(qlinear_conv),
    "QLinearMatMul": _expanded(qlinear_matmul),
}

#: Quantized ops of ONNX Runtime's domain, as its static quantizer writes them.
RUNTIME_HANDLERS: Mapping[str, Handler] = {
    "QGemm": _expanded(qgemm),
    "QLinearAdd": _expanded(_binary(add, "Add")),
    "QLinearAveragePool": _expanded(_unary(average_pool, "AveragePool")),
    "QLinearConcat": _expanded(qlinear_concat),
    "QLinearConv": _expanded(qlinear_conv),
    "QLinearGlobalAveragePool": _expanded(_unary(global_average_pool, "GlobalAveragePool")),
    "QLinearMul": _expanded(_binary(mul, "Mul")),
    "QLinearReduceMean": _expanded(_unary(reduce_mean, "ReduceMean")),
}

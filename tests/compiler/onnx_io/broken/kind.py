"""What a kind of broken model is, and a sound network to break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ...onnx_models import Model

Change = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class Broken:
    """A kind of broken model.

    Attributes
    ----------
    name : str
    write : callable
        Writes it into a folder and returns its path.
    words : tuple of str
        What the message must hold.
    options : tuple of str
        Of ``sangi compile``.
    code : int
        The exit code.
    """

    name: str
    write: Callable[[Path], Path]
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    code: int = 1


def sound() -> onnx.ModelProto:
    """A small QDQ network that compiles: quantizer, convolution, pooling, Gemm.

    Nodes 0 and 1 quantize the input, 2 and 3 dequantize weight and bias of Conv ``conv_4``, then
    come Relu, quantizer, MaxPool, Flatten and Gemm with a quantized weight.
    """
    model = Model((1, 2, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.node("Relu", model.qconv(x, 4, 2, pads=[1] * 4, kernel_shape=[3, 3]))
    x = model.quantize(x, 0.05, 3)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Flatten", x)
    x = model.node("Gemm", x, model.weight(36, 3, per_channel=False))
    graph = helper.make_graph(
        model.nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, model.shape)],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)],
        model.initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(model: onnx.ModelProto, kind: str, number: int = 0) -> onnx.NodeProto:
    """The node of a type, counted from 0."""
    return [entry for entry in model.graph.node if entry.op_type == kind][number]


def constant(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    """The initializer of a name."""
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def replace(model: onnx.ModelProto, name: str, array: Any) -> None:
    """Give an initializer another value."""
    constant(model, name).CopyFrom(numpy_helper.from_array(np.asarray(array), name))


def attribute(entry: onnx.NodeProto, name: str, value: Any) -> None:
    """Set an attribute, whatever was there."""
    kept = [option for option in entry.attribute if option.name != name]
    del entry.attribute[:]
    entry.attribute.extend([*kept, helper.make_attribute(name, value)])


def behind(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    """Put nodes between MaxPool and Flatten: the first reads ``t``, the last makes ``u``."""
    place = list(model.graph.node).index(node(model, "Flatten"))
    rest = list(model.graph.node)[place:]
    pool = node(model, "MaxPool")
    rest[0].input[0] = "u"
    for entry in nodes:
        entry.input[:] = [pool.output[0] if name == "t" else name for name in entry.input]
    del model.graph.node[place:]
    model.graph.node.extend([*nodes, *rest])


def changed(name: str, change: Change, *words: str, options: tuple[str, ...] = ()) -> Broken:
    """The sound network with a change."""

    def write(folder: Path) -> Path:
        model = sound()
        change(model)
        path = folder / "net.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return Broken(name, write, words, options)


def content(name: str, make: Callable[[bytes], bytes], *words: str) -> Broken:
    """The bytes of the sound network, changed."""

    def write(folder: Path) -> Path:
        path = folder / "net.onnx"
        path.write_bytes(make(sound().SerializeToString()))
        return path

    return Broken(name, write, words)

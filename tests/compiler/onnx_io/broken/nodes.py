"""Nodes that are damaged or that no circuit computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .kind import Broken, Change, attribute, behind, changed, node, replace


def conv_option(name: str, value: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        attribute(node(model, "Conv"), name, value)

    return change


def pool_option(name: str, value: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        attribute(node(model, "MaxPool"), name, value)

    return change


def no_kernel(model: onnx.ModelProto) -> None:
    pool = node(model, "MaxPool")
    del pool.attribute[:]


def inserted(
    kind: str, *inputs: str, domain: str = "", outputs: Any = ("u",), **options: Any
) -> Change:
    def change(model: onnx.ModelProto) -> None:
        entry = helper.make_node(
            kind, ["t", *inputs], outputs, name="strange", domain=domain, **options
        )
        behind(model, entry)

    return change


def with_constant(array: Any, change: Change) -> Change:
    """A change that may read the constant ``k``."""

    def both(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), "k"))
        change(model)

    return both


def branching(model: onnx.ModelProto) -> None:
    """An If whose condition is an activation, and whose branches are graphs of their own."""
    inner = helper.make_graph(
        [helper.make_node("Relu", [node(model, "MaxPool").output[0]], ["r"])],
        "branch",
        [],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)],
    )
    entry = helper.make_node("If", ["t"], ["u"], name="strange")
    entry.attribute.append(helper.make_attribute("then_branch", inner))
    entry.attribute.append(helper.make_attribute("else_branch", inner))
    behind(model, entry)


def grown(kind: str, *arrays: Any) -> Change:
    """A product with a constant that a node makes of a few numbers."""

    def change(model: onnx.ModelProto) -> None:
        names = [f"k{index}" for index in range(len(arrays))]
        for name, array in zip(names, arrays, strict=True):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
        large = helper.make_node(kind, names, ["large"], name="strange")
        behind(model, large, helper.make_node("Mul", ["t", "large"], ["u"]))

    return change


def wide_weight(model: onnx.ModelProto) -> None:
    replace(model, "c2", np.ones((4, 5, 3, 3), np.int8))


def computed_weight(model: onnx.ModelProto) -> None:
    node(model, "Conv").input[1] = node(model, "DequantizeLinear").output[0]


def long_bias(model: onnx.ModelProto) -> None:
    name = node(model, "DequantizeLinear", 2).input[0]
    replace(model, name, np.zeros(7, np.int32))


def gemm_mismatch(model: onnx.ModelProto) -> None:
    name = node(model, "DequantizeLinear", 4).input[0]
    replace(model, name, np.ones((37, 3), np.int8))


def normed(lengths: tuple[int, int, int, int], variance: float = 1.0) -> Change:
    def change(model: onnx.ModelProto) -> None:
        for name, length in zip("abcd", lengths, strict=True):
            array = np.full(length, variance if name == "d" else 1.0, np.float32)
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        inserted("BatchNormalization", "a", "b", "c", "d")(model)

    return change


def limit_as_factor(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.float32("inf"), "k"))
    behind(
        model,
        helper.make_node("Clip", ["t", "", "k"], ["v"], name="clip"),
        helper.make_node("Mul", ["v", "k"], ["u"], name="strange"),
    )


def several(model: onnx.ModelProto) -> None:
    conv_option("strides", [0, 0])(model)
    behind(
        model,
        helper.make_node("LeakyRelu", ["t"], ["v"], name="leaky"),
        helper.make_node("Gelu", ["v"], ["u"], name="strange", domain="mine"),
    )


def nodes() -> Iterator[Broken]:
    """Nodes that are damaged or that no circuit computes."""
    strange = "op type mine.Gelu is not supported"
    yield changed("an unknown domain", inserted("Gelu", domain="mine"), f"'strange': {strange}")
    attention = inserted("Attention", "k", "k")
    yield changed(
        "an Attention node",
        with_constant(np.ones((1, 4, 3, 3), np.float32), attention),
        "Attention 'strange': op type Attention is not supported",
        "supported op types: Add, ",
    )
    yield changed(
        "a tree ensemble",
        inserted("TreeEnsembleClassifier", domain="ai.onnx.ml"),
        "op type ai.onnx.ml.TreeEnsembleClassifier is not supported",
    )
    large = np.array([1 << 20, 1 << 20])
    for kind, arrays in (
        ("ConstantOfShape", (large,)),
        ("Range", (np.float32(0), np.float32(1e12), np.float32(1))),
        ("Tile", (np.ones((2, 2), np.float32), large)),
        ("Expand", (np.float32(1), large)),
    ):
        said = f"{kind} 'strange': op type {kind} is not supported"
        yield changed(f"a {kind} of 10¹² elements", grown(kind, *arrays), said)
    yield changed("an If", branching, "If 'strange': op type If is not supported")
    yield changed(
        "several problems",
        several,
        "holds 3 nodes that cannot be mapped to a circuit:",
        "Conv 'conv_4': strides must be at least 1",
        "LeakyRelu 'leaky': op type LeakyRelu is not supported",
        f"Gelu 'strange': {strange}",
    )
    yield changed("groups that do not divide", conv_option("group", 3), "Conv 'conv_4': ")
    yield changed("no groups", conv_option("group", 0), "Conv 'conv_4': groups must")
    yield changed("strides of 2³¹", conv_option("strides", [1 << 31] * 2), "must be at most 1,048")
    yield changed("dilations of 2⁴⁰", conv_option("dilations", [1 << 40] * 2), "must be at most")
    yield changed("huge pads", conv_option("pads", [1 << 20] * 4), "must have at most 33,554,432")
    yield changed("negative pads", conv_option("pads", [-1] * 4), "pads must be 4 numbers of at")
    yield changed("strides of 0", conv_option("strides", [0, 0]), "'conv_4': strides must be at l")
    yield changed("a wrong auto_pad", conv_option("auto_pad", "SAME"), "auto_pad must be NOTSET")
    yield changed(
        "an attribute of a wrong type",
        conv_option("strides", "wide"),
        "Conv 'conv_4': attribute strides must be of type INTS, not STRING",
    )
    yield changed(
        "an attribute that nobody knows",
        conv_option("dilution", [2, 2]),
        "Conv 'conv_4': attribute dilution must be one of auto_pad, dilations, group, ",
    )
    yield changed("no kernel_shape", no_kernel, "MaxPool 'maxpool_8': kernel_shape must be given")
    yield changed(
        "a kernel_shape that is not the weight's",
        conv_option("kernel_shape", [5, 5]),
        "Conv 'conv_4': kernel_shape must be that of the weight, (3, 3), not (5, 5)",
    )
    yield changed(
        "a kernel larger than its frame",
        pool_option("kernel_shape", [9, 9]),
        "MaxPool 'maxpool_8': padded input must have at least 9 rows, not 6",
    )
    yield changed("weights of other channels", wide_weight, "Conv 'conv_4': input must have 5 chan")
    yield changed("weights computed at run time", computed_weight, "'conv_4': the weight must be a")
    yield changed("a bias of another length", long_bias, "Conv 'conv_4': bias must have 4 entries")
    yield changed("a Gemm of other features", gemm_mismatch, "input must have shape (37,), not (36")
    yield changed("a BN of other lengths", normed((4, 4, 3, 4)), "must have one length, not [4, 4")
    yield changed("a BN of other channels", normed((5, 5, 5, 5)), "BatchNormalization 'strange': ")
    yield changed("a negative variance", normed((4,) * 4, -1.0), "var + epsilon must be positive")
    yield changed(
        "a Reshape that does not fit",
        with_constant(np.array([1, 5]), inserted("Reshape", "k")),
        "Reshape 'strange': shape must fit the 36 elements of the input, not be (1, 5)",
    )
    yield changed("an axis beyond", inserted("Softmax", axis=7), "Softmax 'strange': axis must be")
    yield changed(
        "a permutation that is none",
        inserted("Transpose", perm=[0, 1, 1, 2]),
        "Transpose 'strange': perm must",
    )
    yield changed(
        "too many inputs", inserted("Relu", "t", "t"), "number of inputs must be 1, not 3"
    )
    yield changed(
        "a division by 0",
        with_constant(np.float32(0), inserted("Div", "k")),
        "Div 'strange': divisor must not be 0",
    )
    yield changed(
        "an infinite limit that is multiplied as well",
        limit_as_factor,
        "Clip 'clip': initializer 'k' must hold finite numbers, not inf",
    )
    yield changed(
        "a constant that is not finite",
        with_constant(np.float32("nan"), inserted("Mul", "k")),
        "Mul 'strange': initializer 'k' must hold finite numbers, not nan",
    )
